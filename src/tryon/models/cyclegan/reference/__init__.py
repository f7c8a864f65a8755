"""For whoever comes from the PyTorch implementation of CycleGAN: its checkpoints, names and recipe."""
