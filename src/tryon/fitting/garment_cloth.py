"""The garment's own cloth at the worn shirt's place: without the light of its picture, at the photo's resolution."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from tryon.fitting.alignment import align
from tryon.fitting.frames import Points
from tryon.fitting.necklines import with_collar
from tryon.fitting.posing import COLLAR, LEFT_SLEEVE, RIGHT_SLEEVE, TORSO, Method, Pose, find_pose
from tryon.fitting.segments import Segment
from tryon.fitting.shading import eroded, extend_outwards, relight, shade_of, stripe_blur_px
from tryon.images.colour import rgb_to_lab, to_float
from tryon.images.lattices import find_lattice
from tryon.images.patterns import HALF_STRIPED, STRIPED_FROM
from tryon.images.resizing import resize

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

_SEAM_CM = 2.0


@dataclass(frozen=True, eq=False)
class GarmentCloth:
    """The garment's cloth over a photo.

    Args:
        colours: (H, W, 3) in [0, 1], the photo's size; without meaning where it is not `known`.
        known: (H, W), pixels of the worn shirt whose cloth the garment's picture shows.
        method: what the two shirts were brought together by.
    """

    colours: Floats
    known: Mask
    method: Method


def place_cloth(worn: Segment, garment: Segment) -> GarmentCloth:
    """The garment's cloth where it would be if the shirt in the photo were cut from it."""
    inner = eroded(garment.mask)
    pose = with_collar(find_pose(garment.mask, garment.landmarks, "lying"), garment, "lying")
    wearing = with_collar(find_pose(worn.mask, worn.landmarks, "worn", worn.face), worn, "worn")
    shown = replace(pose, pieces=np.where(inner & ~_near_seam(pose), pose.pieces, 0).astype(np.uint8))
    cloth = _without_light(garment, inner, pose.pieces == COLLAR)
    found = align(wearing, shown, _repeats(garment, cloth, shown.pieces == TORSO))
    # Shrunk before it is sampled, lest fine patterns become moire.
    height, width = (max(1, round(side / max(found.scale, 1.0))) for side in garment.mask.shape)
    small = resize(cloth, height, width)
    columns = (found.x + 0.5) * (width / garment.mask.shape[1]) - 0.5
    rows = (found.y + 0.5) * (height / garment.mask.shape[0]) - 0.5
    colours = cv2.remap(
        small, columns.astype(np.float32), rows.astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return GarmentCloth(np.asarray(colours, np.float32), found.known, found.method)


def _near_seam(pose: Pose) -> Mask:
    """Sleeve so close to the torso that it may be torso: where the seam runs is known to a centimetre only."""
    sleeve = np.isin(pose.pieces, (LEFT_SLEEVE, RIGHT_SLEEVE))
    away_px = cv2.distanceTransform((pose.pieces != TORSO).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    return np.asarray(sleeve & (away_px <= _SEAM_CM * pose.frames[TORSO].scale), bool)


def _without_light(garment: Segment, inner: Mask, collar: Mask) -> Floats:
    """The garment's picture in even light; beyond its cloth as the nearest cloth, so that sampling mixes in nothing.

    The collar stays as it is: a band of its own colour would be taken for a shadow.
    """
    picture = to_float(garment.picture)
    height = float(np.flatnonzero(garment.mask.any(axis=1)).size)
    light = shade_of(picture, inner, stripe_blur_px(garment.look, height))
    even = extend_outwards(relight(picture, light, np.ones_like(light), 1.0), inner)
    return np.where(collar[..., None], picture, even)


def _repeats(garment: Segment, cloth: Floats, torso: Mask) -> Points | None:
    """Ways (1 or 2, 2) in pixels of the garment's picture after which its pattern repeats; None where it does not."""
    look = garment.look
    if look.stripe_strength < STRIPED_FROM and look.patterned:
        lattice = find_lattice(rgb_to_lab(cloth), torso)
        if lattice is not None:
            return lattice
    if look.stripe_strength < HALF_STRIPED:
        return None
    angle = np.deg2rad(look.stripe_angle_deg)
    period_px = look.stripe_period * np.flatnonzero(garment.mask.any(axis=1)).size
    return np.array([[np.sin(angle), np.cos(angle)]]) * period_px
