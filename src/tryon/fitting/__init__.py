"""Photo and garment to result, in one process."""
