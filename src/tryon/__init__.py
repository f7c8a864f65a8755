"""Virtual try-on of T-shirts: photo and garment in, the same photo wearing it out."""
