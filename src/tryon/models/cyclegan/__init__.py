"""CycleGAN on Keras 3: generators and critics of one pattern."""
