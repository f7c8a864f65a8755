"""The networks, one folder each; neither knows the other."""
