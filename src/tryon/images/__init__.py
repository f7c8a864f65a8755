"""Decoding, resizing, colour, blending, cut-outs and looks of pictures (HWC RGB)."""
