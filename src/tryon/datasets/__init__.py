"""Formats to batches."""
