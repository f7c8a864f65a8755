"""The section `collecting` of `params.yaml`."""

from typing import Annotated, Any, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from tryon.config_fields import STRICT, DomainName, PatternName, Positive, SourceName


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
