"""Many pairs of files fitted with one set of models: a picture is segmented once, a refusal is a word in a table."""

from pathlib import Path

from tryon.errors import FittingRefusal
from tryon.fitting.files import alpha_to_u8, write_result
from tryon.fitting.fitter import Fitter
from tryon.fitting.segments import Segment
from tryon.images.files import read_image, write_png

NOT_CURATED = "not_curated"


class PairFitter:
    """Writes results and soft masks of pairs into a folder.

    Args:
        fitter: with loaded models.
        folder: gets `PHOTO__GARMENT.png` and `alpha/PHOTO__GARMENT.png`.
        run_key: stands in the results' text.
    """

    def __init__(self, fitter: Fitter, folder: Path, run_key: str) -> None:
        self._fitter, self._folder, self._run_key = fitter, Path(folder), run_key
        self._found: dict[Path, Segment | None] = {}

    def fit(self, photo: Path | None, garment: Path | None) -> dict[str, str]:
        """The pair's columns of results.csv that are found out here, or `refusal`; None: curation removed the file."""
        if photo is None or garment is None:
            return {"refusal": NOT_CURATED}
        try:
            fitted = self._fitter.dress(self._segmented(photo), self._segmented(garment))
        except FittingRefusal as refusal:
            return {"refusal": refusal.reason.value}
        name = f"{photo.stem}__{garment.stem}.png"
        write_result(self._folder / name, fitted, self._run_key)
        write_png(self._folder / "alpha" / name, alpha_to_u8(fitted.alpha))
        lab = " ".join(f"{value:.2f}" for value in fitted.garment_look.lab)
        return {
            "result": name,
            "alpha": f"alpha/{name}",
            "recognised": fitted.recognised,
            "garment_lab": lab,
            "alignment": fitted.alignment or "",
        }

    def _segmented(self, path: Path) -> Segment | None:
        if path not in self._found:
            self._found[path] = self._fitter.segment([read_image(path)])[0]
        return self._found[path]
