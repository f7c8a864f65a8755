"""Layers that both networks share."""
