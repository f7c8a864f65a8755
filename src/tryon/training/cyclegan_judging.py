"""What the generators are worth after each epoch, on the validation side; the epoch to keep is picked by it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tryon.datasets.domains import Domain
from tryon.evaluation.cyclegan import Sample, Scores, score_fakes
from tryon.evaluation.cyclegan_garments import score_each
from tryon.evaluation.kernel_distance import kernel_distance, own_features
from tryon.evaluation.picking import KERNEL_DISTANCE, RATING, rate
from tryon.images.colour import to_u8
from tryon.images.patterns import Look, measure_look
from tryon.models.cyclegan.garments import placed_in_turn
from tryon.models.cyclegan.storage import TO_PATTERN, TO_PLAIN, translate
from tryon.training.cyclegan import PatternNetworks
from tryon.training.cyclegan_outputs import Recorder

# Enough to rank epochs, and few enough to cost a default training less than a tenth of its time.
JUDGED_PICTURES, REAL_PICTURES = 8, 120


class Judge:
    """Scores generators on plain cut-outs of the validation split.

    Args:
        plain: the cut-outs that are redrawn, of which up to `JUDGED_PICTURES` are, evenly spread.
        real: pictures of the target pattern (training and validation), which the fakes are compared with as a whole;
            the last of them are the garments of generators that read any.
        target: the measured look.
        recorder: gets the scores of each epoch as `validation/NAME`.
    """

    def __init__(self, plain: Domain, real: Sequence[Domain], target: Look, recorder: Recorder) -> None:
        spread = _spread(len(plain.names), JUDGED_PICTURES)
        self._pictures, self._masks = plain.pictures[spread], plain.masks[spread]
        self._target, self._recorder = target, recorder
        pictures = np.concatenate([domain.pictures for domain in real])
        self._real = own_features(to_u8(pictures[_spread(len(pictures), REAL_PICTURES)]))
        garments, masks = real[-1].pictures, real[-1].masks
        self._garments = placed_in_turn(self._masks, garments, masks)
        worn = [index % len(garments) for index in range(len(spread))]
        self._worn = [measure_look(to_u8(garments[index]), masks[index] > 0.5) for index in worn]
        self._untouched = kernel_distance(own_features(to_u8(self._pictures)), self._real)

    def __call__(self, epoch: int, networks: PatternNetworks) -> Scores:
        """All scores by name, `RATING` among them: the less the better."""
        samples, fakes = self._samples(networks)
        conditional = networks.architecture.conditional
        scores = score_each(samples, self._worn) if conditional else score_fakes(samples, self._target)
        scores[KERNEL_DISTANCE] = kernel_distance(own_features(fakes), self._real)
        scores[RATING] = rate(scores, self._target, self._untouched)
        self._recorder.log_metrics({f"validation/{name}": value for name, value in scores.items()}, step=epoch)
        return scores

    def _samples(self, networks: PatternNetworks) -> tuple[list[Sample], NDArray[np.uint8]]:
        def redrawn(name: str, pictures: NDArray[np.float32]) -> NDArray[np.float32]:
            garments = self._garments if networks.architecture.needs_garment else None
            return translate(networks.generators[name], pictures, self._masks, networks.architecture, garments)

        fakes = redrawn(TO_PATTERN, self._pictures)
        way_back = networks.architecture.way_back
        cycled = list(to_u8(redrawn(TO_PLAIN, fakes))) if way_back else [None] * len(fakes)
        parts = (to_u8(self._pictures), self._masks > 0.5, to_u8(fakes), cycled)
        return [Sample(*each) for each in zip(*parts, strict=True)], to_u8(fakes)


def _spread(count: int, wanted: int) -> list[int]:
    """Up to `wanted` indices, evenly over `count`."""
    return [int(index) for index in np.linspace(0, count - 1, min(count, wanted)).round()]
