"""Scores: arrays in, numbers out; no model, no Keras."""
