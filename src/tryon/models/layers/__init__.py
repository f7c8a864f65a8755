"""Layers and tensor functions that several networks share; written in `keras.ops` only, with static shapes."""
