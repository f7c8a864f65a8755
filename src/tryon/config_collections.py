"""The sections of `params.yaml` about collections: `collecting` and `cleaning`."""

from typing import Annotated, Any, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from tryon.config_fields import STRICT, AtLeastOne, DomainName, Fraction, PatternName, Positive, SourceName


@dataclass(frozen=True, config=STRICT)
class QueryConfig:
    """One collection: what is searched for, where, how much of it, and what the pictures show."""

    words: Annotated[str, Field(min_length=1, max_length=200)]
    sources: Annotated[list[SourceName], Field(min_length=1)]
    pictures: Annotated[int, Field(strict=True, ge=1, le=100_000)]
    labels: dict[Literal["colour", "pattern"], str]
    settings: dict[SourceName, dict[str, Any]] = Field(default_factory=dict)


@dataclass(frozen=True, config=STRICT)
class CollectingConfig:
    """Which pictures are collected from the network, and how politely."""

    contact: Annotated[str, Field(pattern=r"^(|https?://\S+|[^\s@]+@[^\s@]+)$")]
    queries: dict[PatternName, QueryConfig]
    permitted_sources: list[SourceName]
    licences: Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1)]
    domains: Annotated[list[DomainName], Field(min_length=1)]
    per_host: Annotated[int, Field(strict=True, ge=1, le=8)]
    picture_delay_s: Positive
    page_delay_s: Positive
    timeout_s: Annotated[float, Field(strict=True, allow_inf_nan=False, gt=0, le=600)]
    retries: Annotated[int, Field(strict=True, ge=0, le=10)]
    max_wait_s: Annotated[float, Field(strict=True, allow_inf_nan=False, gt=0, le=3600)]
    max_picture_mb: Annotated[int, Field(strict=True, ge=1, le=100)]


@dataclass(frozen=True, config=STRICT)
class CleaningConfig:
    """Which collected pictures are refused."""

    min_side_px: AtLeastOne
    max_aspect: Annotated[float, Field(strict=True, allow_inf_nan=False, ge=1)]
    max_blur: Fraction
    exposure: tuple[Fraction, Fraction]
    max_border: Fraction
    max_watermark: Positive
    near_duplicate_bits: Annotated[int, Field(strict=True, ge=0, le=12)]
    max_colour_distance: Fraction
    min_shirt_score: Fraction
    max_second_score: Fraction
    min_outline: Fraction
    max_bleached: Fraction
    min_upright: Annotated[float, Field(strict=True, ge=-10, le=10)]
    max_edge: Fraction
    max_asymmetry: Fraction
    shirt_aspect: tuple[Positive, Positive]
    min_landmarks: Fraction
    splits: dict[Literal["train", "validation", "test"], Fraction]

    def __post_init__(self) -> None:
        for name, (low, high) in (("exposure", self.exposure), ("shirt_aspect", self.shirt_aspect)):
            if low >= high:
                raise ValueError(f"{name} must rise: lowest, highest")
        if "train" in self.splits or sum(self.splits.values()) >= 1:
            raise ValueError("splits are those of validation and test, and must leave a part for train")
