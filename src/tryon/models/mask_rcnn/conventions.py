"""What the inputs and numbers of a network mean: ours for the light one, the 2017 implementation's for the ResNets.

The ResNets keep the conventions of the 2017 implementation so that its published weights mean the same here.
"""

from dataclasses import dataclass

BACKGROUND = 0
SHORT_SLEEVE_TOP = 1
CLASS_NAMES = ("background", "short sleeve top")

STRIDES = (4, 8, 16, 32, 64)  # of P2 to P6
FINE_STRIDE = 2


@dataclass(frozen=True)
class Conventions:
    """How pictures enter and where anchors lie.

    Args:
        input_scale: RGB in [0, 1] is multiplied by this ...
        input_offset: ... and this is added for each channel.
        ground: grey level (uint8) of the letterbox's margins.
        anchor_offset: place of an anchor's centre in its cell; 0.5 keeps a mirrored picture mirrored.
        normalisation: `weights` (standardised weights) or `batch`.
    """

    input_scale: float
    input_offset: tuple[float, float, float]
    ground: int
    anchor_offset: float
    normalisation: str


LIGHT = Conventions(4.0, (-2.0, -2.0, -2.0), 128, 0.5, "weights")
REFERENCE = Conventions(255.0, (-123.7, -116.8, -103.9), 0, 0.0, "batch")


def conventions_of(backbone: str) -> Conventions:
    """The conventions of a backbone by its name in `params.yaml`."""
    return LIGHT if backbone == "light" else REFERENCE
