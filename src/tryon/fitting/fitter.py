"""Photo + garment -> the same photo wearing it, in one process.

Mask R-CNN finds the shirt in both pictures, the garment's look picks the pattern, that pattern's generator redraws the
worn shirt at its own small size, and the photo gives back what is lost there: the exact outline, the folds, the light.
Pixels whose `alpha` is 0 are byte-identical to the photo; hair, arms and bags in front of the shirt are outside of its
mask and stay.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tryon.config import FittingConfig
from tryon.errors import FittingRefusal, ModelError, RefusalReason
from tryon.fitting.posing import Method
from tryon.fitting.redrawing import Generator, lay_over, redraw_shirt
from tryon.fitting.segments import Predictor, Segment, find_shirts, uncovered
from tryon.images.blending import edge_alpha
from tryon.images.patterns import Look, classify_look

Picture = NDArray[np.uint8]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class FittingResult:
    """The result and what it was made of.

    Args:
        image: (H, W, 3), the photo's size.
        alpha: (H, W), how much of the generated shirt shows; 0 where the photo is untouched.
        pattern: the generator that was used.
        recognised: the pattern that the garment's look came nearest to, or the model of all patterns where it is like
            none; equals `pattern` unless one was given.
        alignment: what the garment's pattern was brought to its place by: landmarks, or the box where too few were
            found; None for a pattern that has no place.
        worn_mask: the shirt in the photo.
        garment_mask: the garment in its picture.
        garment_look: the garment's measured look.
    """

    image: Picture
    alpha: NDArray[np.float32]
    pattern: str
    recognised: str
    alignment: Method | None
    worn_mask: Mask
    garment_mask: Mask
    garment_look: Look


class Fitter:
    """Fits garments to photos with loaded models.

    Args:
        predictor: finds shirts.
        generators: one for each pattern, by name, and perhaps one for all of them (`config.conditional`).
        config: the section `fitting`.
        margin: free space round a cut-out, as in the training of the generators (`cutouts.margin`).
    """

    def __init__(
        self, predictor: Predictor, generators: Mapping[str, Generator], config: FittingConfig, margin: float
    ) -> None:
        self._predictor, self._generators = predictor, dict(sorted(generators.items()))
        self._config, self._margin = config, margin

    @classmethod
    def load(cls, mask_rcnn_folder: Path, cyclegan_folder: Path, config: FittingConfig, margin: float) -> "Fitter":
        """The fitter of a Mask R-CNN model folder and a folder that holds one generator for each pattern.

        Raises:
            ModelError: a model folder is missing or damaged, or there is no pattern in the folder.
        """
        from tryon.models.cyclegan import load_pattern_generator
        from tryon.models.mask_rcnn import load_predictor

        folders = sorted(path.parent for path in Path(cyclegan_folder).glob("*/model.json"))
        if not folders:
            raise ModelError(
                f"{cyclegan_folder} holds no generator",
                needed="one folder for each pattern with model.json and weights.h5",
                remedy="run `make repro`, or give the folder that holds the trained patterns",
            )
        generators = {folder.name: load_pattern_generator(folder) for folder in folders}
        return cls(load_predictor(Path(mask_rcnn_folder)), generators, config, margin)

    def with_config(self, config: FittingConfig) -> "Fitter":
        """The same models under another configuration."""
        return Fitter(self._predictor, self._generators, config, self._margin)

    @property
    def patterns(self) -> tuple[str, ...]:
        """Names of the patterns that can be drawn."""
        return tuple(self._generators)

    def fit(self, photo: Picture, garment: Picture, pattern: str | None = None) -> FittingResult:
        """The photo wearing the garment.

        Args:
            photo: (H, W, 3) of a person who wears a shirt.
            garment: (H, W, 3) of a garment.
            pattern: draw this pattern; None recognises it from the garment.

        Raises:
            FittingRefusal: no shirt or garment was found, the shirt is too small, there is no such pattern, or the
                garment looks like none of them.
        """
        self._checked_pattern(pattern)
        worn, target = self.segment([photo, garment])
        return self.dress(worn, target, pattern)

    def segment(self, pictures: Sequence[Picture]) -> list[Segment | None]:
        """The main shirt of each picture; None where there is none."""
        return find_shirts(self._predictor, pictures)

    def dress(self, worn: Segment | None, garment: Segment | None, pattern: str | None = None) -> FittingResult:
        """As `fit`, with shirt and garment already found by `segment`."""
        self._checked_pattern(pattern)
        shirt, target = uncovered(self._checked_shirt(worn)), _checked_garment(garment)
        recognised, alike = self._recognised(target.look)
        if pattern is None and not alike:
            raise self._unlike_every_pattern(target.look)
        drawn = pattern or recognised
        generator = self._generators[drawn]
        redrawn = redraw_shirt(
            shirt,
            target,
            generator,
            own_pattern=generator.config.conditional
            or (drawn == recognised and (alike or _may_have(generator, target))),
            config=self._config,
            margin=self._margin,
        )
        alpha = edge_alpha(shirt.mask, self._config.border_px)
        return FittingResult(
            image=lay_over(shirt.picture, redrawn.layer, alpha),
            alpha=alpha,
            pattern=drawn,
            recognised=recognised,
            alignment=redrawn.alignment,
            worn_mask=shirt.mask,
            garment_mask=target.mask,
            garment_look=target.look,
        )

    def _recognised(self, look: Look) -> tuple[str, bool]:
        """The pattern that a garment is drawn in, and whether it is like it: the nearest, or the model of all patterns,
        if any, where it is like none."""
        nearest, distance = self._nearest(look)
        general = next((name for name, each in self._generators.items() if each.config.conditional), None)
        if distance <= self._config.max_look_distance:
            return nearest, True
        return (nearest, False) if general is None else (general, True)

    def _nearest(self, look: Look) -> tuple[str, float]:
        looks = {name: each.look for name, each in self._generators.items() if not each.config.conditional}
        return classify_look(look, looks) if looks else ("", math.inf)

    def _checked_shirt(self, worn: Segment | None) -> Segment:
        if worn is None:
            raise FittingRefusal(
                RefusalReason.NO_SHIRT_IN_PHOTO,
                "no shirt was found in the photo",
                needed="a person who wears a T-shirt, seen from the front",
                remedy="take another photo: upper body in full view, even light",
            )
        if worn.mask.mean() < self._config.min_shirt_area:
            raise FittingRefusal(
                RefusalReason.SHIRT_TOO_SMALL,
                "the shirt is too small in the photo",
                received=f"{worn.mask.mean():.2%} of the picture",
                needed=f"{self._config.min_shirt_area:.2%} or more (fitting.min_shirt_area)",
                remedy="come closer, or crop the photo to the upper body",
            )
        return worn

    def _checked_pattern(self, pattern: str | None) -> None:
        if pattern is not None and pattern not in self._generators:
            raise FittingRefusal(
                RefusalReason.PATTERN_UNKNOWN,
                "there is no generator of this pattern",
                received=pattern,
                needed=f"one of: {', '.join(self._generators)}",
                remedy="leave the pattern out to have it recognised, or train it (params.yaml, patterns)",
            )

    def _unlike_every_pattern(self, look: Look) -> FittingRefusal:
        nearest, distance = self._nearest(look)
        return FittingRefusal(
            RefusalReason.PATTERN_UNKNOWN,
            "the garment looks like none of the trained patterns",
            received=f"distance {distance:.2f} to {nearest}, the nearest",
            needed=f"{self._config.max_look_distance:.2f} or less (fitting.max_look_distance)",
            remedy=f"train its pattern, or name one that may be drawn all the same: {', '.join(self._generators)}",
        )


def _may_have(generator: Generator, garment: Segment) -> bool:
    """Whether a garment may have a generator's pattern: a plain one has no stripes."""
    return garment.look.patterned or not generator.look.patterned


def _checked_garment(garment: Segment | None) -> Segment:
    if garment is None:
        raise FittingRefusal(
            RefusalReason.NO_GARMENT_IN_PICTURE,
            "no garment was found in the garment's picture",
            needed="one T-shirt, flat or hanging, on a plain ground",
            remedy="give a picture that shows the whole garment",
        )
    return garment
