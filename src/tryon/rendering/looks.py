"""Looks: the colour and pattern of a fabric, painted in garment coordinates.

A look knows nothing of bodies or light: it turns u and v in cm (see `tryon.rendering.drape`) into colours. `pattern`
and `colour` are the words of a collection's labels.csv. The family `striped` + `navy` is one product: navy stripes on
off-white with a fixed period and phase. Other stripes carry other colours.
"""

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from tryon.rendering.canvas import COLLAR, TORSO
from tryon.rendering.drawing import Floats, three

Pattern = Literal["plain", "striped", "dotted", "checked", "print", "other"]
Rgb = tuple[float, float, float]

STRIPE_PERIOD_CM = 6.2  # about ten stripes from shoulder to hem
STRIPE_SHARE = 0.42
_LOGO_SIDE = 192
_LOGO_CM = 23.0

PLAIN_COLOURS: dict[str, Rgb] = {
    "white": (0.94, 0.94, 0.93), "black": (0.11, 0.11, 0.12), "grey": (0.58, 0.58, 0.60), "red": (0.74, 0.13, 0.15),
    "pink": (0.93, 0.66, 0.72), "green": (0.24, 0.46, 0.32), "purple": (0.44, 0.30, 0.55), "beige": (0.84, 0.77, 0.66),
    "yellow": (0.93, 0.78, 0.32), "orange": (0.89, 0.48, 0.20), "brown": (0.43, 0.29, 0.21),
}  # fmt: skip
_BLUE: Rgb = (0.17, 0.36, 0.68)
_NAVY: Rgb = (0.12, 0.16, 0.31)
_OFF_WHITE: Rgb = (0.93, 0.92, 0.88)
_OTHER_STRIPES = ("red", "green", "black", "brown", "purple", "orange")


@dataclass(frozen=True)
class Look:
    """One fabric: ground and motif colours, collar, and the measures of the pattern in cm."""

    pattern: Pattern
    colour: str
    ground: Rgb
    motif: Rgb
    collar: Rgb
    period_cm: float
    share: float
    phase_cm: float
    heather: float
    seed: int

    def albedo(self, u: Floats, v: Floats, part: NDArray[np.uint8], px_per_cm: float) -> Floats:
        """Colours (H, W, 3) of the fabric without light."""
        share = self._motif_share(u, v, part, px_per_cm)
        ground, motif = np.asarray(self.ground, np.float32), np.asarray(self.motif, np.float32)
        rgb = three(share) * (motif - ground) + ground
        if self.pattern == "print":
            rgb = self._with_logo(rgb, u, v, part)
        np.copyto(rgb, np.asarray(self.collar, np.float32), where=(part == COLLAR)[..., None])
        if self.heather > 0:
            rgb *= three(1 + np.float32(self.heather) * _weave(u, v, self.seed))
        return np.asarray(rgb, np.float32)

    def _motif_share(self, u: Floats, v: Floats, part: NDArray[np.uint8], px_per_cm: float) -> Floats:
        """How much of the motif's colour each pixel has, 0..1."""
        if self.pattern == "striped":
            return _stripes(v - self.phase_cm, self.period_cm, self.share, px_per_cm)
        if self.pattern == "checked":
            across = _stripes(u - self.phase_cm, self.period_cm, self.share, px_per_cm)
            return np.asarray(0.5 * (across + _stripes(v, self.period_cm, self.share, px_per_cm)), np.float32)
        if self.pattern == "dotted":
            return _dots(u, v, self.period_cm, self.share, px_per_cm)
        if self.pattern == "other":
            lower = np.clip((v - self.phase_cm) * px_per_cm + 0.5, 0, 1)
            return np.asarray(np.where((part == TORSO) | (part == COLLAR), lower, 1.0), np.float32)
        return np.zeros(u.shape, np.float32)

    def _with_logo(self, rgb: Floats, u: Floats, v: Floats, part: NDArray[np.uint8]) -> Floats:
        """The printed picture on the chest."""
        logo = _draw_logo(self)
        scale = _LOGO_SIDE / _LOGO_CM
        map_x = u * np.float32(scale) + np.float32(_LOGO_SIDE / 2)
        map_y = (v - np.float32(self.phase_cm)) * np.float32(scale)
        printed = cv2.remap(logo, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
        printed *= (part == TORSO)[..., None]
        return np.asarray(rgb * (1 - printed[..., 3:]) + printed[..., :3], np.float32)


def sample_look(rng: np.random.Generator, pattern: str) -> Look:
    """A look by the name of its family: plain, blue, striped (navy), striped_other, dotted, checked, print or other."""
    if pattern == "plain":
        return _plain(rng)
    if pattern == "blue":
        return _look(rng, "plain", "blue", _vary(rng, _BLUE, 0.05))
    if pattern == "striped":
        ground, navy = _vary(rng, _OFF_WHITE, 0.02), _vary(rng, _NAVY, 0.025)
        return _look(rng, "striped", "navy", ground, navy, period=STRIPE_PERIOD_CM, share=STRIPE_SHARE, collar=navy)
    if pattern == "striped_other":
        return _other_stripes(rng)
    name, ground = _any_ground(rng)
    motif = _contrast(rng, ground)
    if pattern == "dotted":
        period = float(rng.uniform(2.6, 5.5))
        return _look(rng, "dotted", name, ground, motif, period=period, share=float(rng.uniform(0.22, 0.34)))
    if pattern == "checked":
        return _look(rng, "checked", name, ground, motif, period=float(rng.uniform(2.8, 8.0)), share=0.5)
    if pattern == "print":
        return _look(rng, "print", name, ground, motif, phase=float(rng.uniform(8, 14)))
    if pattern == "other":
        return _look(rng, "other", name, ground, motif, phase=float(rng.uniform(18, 34)))
    raise ValueError(f"no look is called {pattern!r}")


def _plain(rng: np.random.Generator) -> Look:
    names = list(PLAIN_COLOURS)
    shares = np.array([3, 2.5, 2.5, 1.2, 1.2, 1.2, 1, 1.5, 1, 1, 1])
    name = names[rng.choice(len(names), p=shares / shares.sum())]
    look_heather = 0.05 if name == "grey" and rng.random() < 0.6 else 0.0
    return _look(rng, "plain", name, _vary(rng, PLAIN_COLOURS[name], 0.05), heather=look_heather)


def _other_stripes(rng: np.random.Generator) -> Look:
    name = _OTHER_STRIPES[rng.integers(len(_OTHER_STRIPES))]
    motif = _vary(rng, PLAIN_COLOURS[name], 0.05)
    ground = _vary(rng, _OFF_WHITE if rng.random() < 0.7 else PLAIN_COLOURS["grey"], 0.04)
    period = float(rng.choice([2.4, 3.6, 9.0, 12.0]) * rng.uniform(0.9, 1.1))
    return _look(
        rng,
        "striped",
        name,
        ground,
        motif,
        period=period,
        share=float(rng.uniform(0.3, 0.6)),
        phase=float(rng.uniform(0, 6)),
    )


def _look(
    rng: np.random.Generator, pattern: Pattern, colour: str, ground: Rgb, motif: Rgb | None = None, *,
    period: float = 5.0, share: float = 0.5, phase: float = 0.0, heather: float = 0.0, collar: Rgb | None = None,
) -> Look:  # fmt: skip
    seed = int(rng.integers(2**31))
    return Look(
        pattern, colour, ground, motif or ground, collar or ground, period, share, phase, max(heather, 0.010), seed
    )


def _any_ground(rng: np.random.Generator) -> tuple[str, Rgb]:
    names = [*PLAIN_COLOURS, "blue", "navy"]
    name = names[rng.integers(len(names))]
    base = {"blue": _BLUE, "navy": _NAVY}.get(name) or PLAIN_COLOURS[name]
    return name, _vary(rng, base, 0.05)


def _contrast(rng: np.random.Generator, ground: Rgb) -> Rgb:
    """A motif colour that stands out from the ground."""
    candidates = [_OFF_WHITE, _NAVY, (0.1, 0.1, 0.1), *PLAIN_COLOURS.values()]
    far = [c for c in candidates if abs(sum(c) - sum(ground)) > 0.75] or [_OFF_WHITE]
    return _vary(rng, far[rng.integers(len(far))], 0.04)


def _vary(rng: np.random.Generator, colour: Rgb, amount: float) -> Rgb:
    lightness = rng.normal(0, amount)
    r, g, b = (
        float(c) for c in np.clip(np.array(colour) * (1 + lightness) + rng.normal(0, amount * 0.3, 3), 0.04, 0.97)
    )
    return r, g, b


def _stripes(position: Floats, period: float, share: float, px_per_cm: float) -> Floats:
    """Stripes with edges one pixel soft."""
    turns = position * np.float32(1 / period)
    turns -= np.floor(turns)
    inside = np.float32(share * period / 2) - np.abs(turns - np.float32(0.5)) * np.float32(period)
    return np.asarray(np.clip(inside * np.float32(px_per_cm) + np.float32(0.5), 0, 1), np.float32)


def _dots(u: Floats, v: Floats, period: float, share: float, px_per_cm: float) -> Floats:
    """Dots in staggered rows."""
    row = np.floor(v / period)
    across = np.mod(u / period + 0.5 * row, 1) - 0.5
    distance = np.hypot(across, v / period - row - 0.5) * period
    return np.asarray(np.clip((share * period - distance) * px_per_cm + 0.5, 0, 1), np.float32)


def _weave(u: Floats, v: Floats, seed: int) -> Floats:
    """Fine unevenness of the yarn, fixed to the cloth."""
    table = np.random.default_rng(seed).standard_normal((128, 128), dtype=np.float32)
    rows = np.floor(v * 5).astype(np.int32) & 127
    columns = np.floor(u * 3).astype(np.int32) & 127
    return np.asarray(table[rows, columns], np.float32)


def _draw_logo(look: Look) -> Floats:
    """A printed picture, RGBA with colours already weighted by coverage."""
    rng = np.random.default_rng(look.seed)
    side = _LOGO_SIDE
    layer = np.zeros((side, side), np.uint8)
    second = np.zeros((side, side), np.uint8)
    kind = int(rng.integers(4))
    centre = (side // 2, int(side * 0.42))
    if kind == 0:
        cv2.circle(layer, centre, 62, 255, -1, cv2.LINE_AA)
        hills = np.array([[34, 118], [70, 62], [92, 92], [118, 50], [160, 118]], np.int32)
        cv2.fillPoly(second, [hills], 255, cv2.LINE_AA)
    elif kind == 1:
        angle = np.arange(10) * np.pi / 5 - np.pi / 2
        radius = np.where(np.arange(10) % 2 == 0, 66, 28)
        star = np.stack([centre[0] + radius * np.cos(angle), centre[1] + radius * np.sin(angle)], axis=1)
        cv2.fillPoly(layer, [star.astype(np.int32)], 255, cv2.LINE_AA)
    elif kind == 2:
        cv2.rectangle(layer, (20, 46), (172, 110), 255, -1, cv2.LINE_AA)
        cv2.putText(
            second,
            "".join(rng.choice(list("AEKLMNORST"), 4)),
            (32, 96),
            cv2.FONT_HERSHEY_DUPLEX,
            1.65,
            255,
            4,
            cv2.LINE_AA,
        )
    else:
        for index in range(6):
            cv2.ellipse(layer, centre, (66, 22), index * 30, 0, 360, 255, 5, cv2.LINE_AA)
        cv2.circle(second, centre, 16, 255, -1, cv2.LINE_AA)
    text = "".join(rng.choice(list("AEIKLMNORSTUV"), int(rng.integers(4, 7))))
    width = cv2.getTextSize(text, cv2.FONT_HERSHEY_DUPLEX, 1.2, 3)[0][0]
    cv2.putText(layer, text, ((side - width) // 2, 178), cv2.FONT_HERSHEY_DUPLEX, 1.2, 255, 3, cv2.LINE_AA)
    colours = np.array([look.motif, _contrast(rng, look.motif)], np.float32)
    cover = layer[..., None].astype(np.float32) / 255
    over = second[..., None].astype(np.float32) / 255
    rgb = (colours[0] * (1 - over) + colours[1] * over) * np.maximum(cover, over)
    return np.concatenate([rgb, np.maximum(cover, over)], axis=2).astype(np.float32)
