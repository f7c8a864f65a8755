"""Has the data moved? Distributions of its traits against those of a version that a person accepted.

A trait of numbers is cut at the accepted version's deciles, a trait of words or of few values is counted by value. Two
versions are compared by the population stability index (PSI), the sum of (q - p) ln(q / p) over the bins. Times
n m / (n + m) it is about chi-squared with one degree less than there are bins where nothing moved, so that small sets
raise no alarm by chance, and large ones none for a shift that does not matter.
Reference: Yurdakul, Statistical properties of population stability index, 2018.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import chdtrc

from tryon.curating.facts import Facts
from tryon.curating.traits import APPEARANCE, ITEM_TRAITS
from tryon.errors import DataError

# The usual mark of a shift. Between seeds of the rendered data photos stay below 0.05, and a small group reaches 0.46
# by chance, which the second limit recognises; 15 % less light is 0.66 (`python benchmarks/drift.py`).
MIN_PSI = 0.2
MAX_CHANCE = 0.001  # of an alarm where nothing moved, for each trait
_BINS = 10
_FEW_VALUES = 10  # and fewer are counted by value
_HALF = 0.5  # added to each count, so that an empty bin has a logarithm
_OTHER = "other"

Values = Sequence[float | str]
Described = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Drift:
    """One trait in two versions.

    Args:
        group: `photos`, `shop` or `garments`.
        trait: name of the trait.
        psi: population stability index.
        chance: how likely so large an index is where nothing moved.
        bins: names of the bins.
        before: share of the accepted version in each.
        now: share of this version.
    """

    group: str
    trait: str
    psi: float
    chance: float
    bins: tuple[str, ...]
    before: tuple[float, ...]
    now: tuple[float, ...]

    @property
    def moved(self) -> bool:
        """Whether the shift is large, and no chance."""
        return self.psi >= MIN_PSI and self.chance < MAX_CHANCE

    @property
    def name(self) -> str:
        return f"{self.group}/{self.trait}"


def values_of(facts: Facts) -> dict[str, dict[str, Values]]:
    """The values of all traits of the data, by group and trait; what is not known of a picture is left out."""
    rows = {
        "photos": ([row for row in facts.tables["photos"] if row["source"] == "user"], APPEARANCE),
        "shop": ([row for row in facts.tables["photos"] if row["source"] == "shop"], APPEARANCE),
        "garments": (facts.tables["garments"], APPEARANCE),
    }
    found = {group: _columns(members, traits) for group, (members, traits) in rows.items()}
    for group, source in (("photos", "user"), ("shop", "shop")):
        found[group] |= _columns([row for row in facts.tables["items"] if row["source"] == source], ITEM_TRAITS)
    return found


def describe(values: Mapping[str, Mapping[str, Values]]) -> dict[str, Described]:
    """The distributions as JSON: by group and trait the bins and their counts. Traits without a value are left out."""
    return {
        group: {trait: _described(column) for trait, column in sorted(traits.items()) if len(column)}
        for group, traits in sorted(values.items())
    }


def compare(accepted: Mapping[str, Described], values: Mapping[str, Mapping[str, Values]]) -> list[Drift]:
    """Every trait that both versions have, in the order of their names."""
    return [
        _compared(group, trait, described, values[group][trait])
        for group, traits in sorted(accepted.items())
        for trait, described in sorted(traits.items())
        if len(values.get(group, {}).get(trait, ()))
    ]


def read_accepted(path: Path) -> dict[str, Described]:
    """The distributions of the accepted version; empty if none was accepted yet.

    Raises:
        DataError: the file is not what `tryon accept` writes.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        for described in (one for traits in content.values() for one in traits.values()):
            if len(described["counts"]) != len(described.get("edges", described["counts"])) + ("edges" in described):
                raise ValueError("counts that do not fit the edges")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"{path} describes no accepted data", received=error, remedy="git checkout it, or run tryon accept"
        ) from error
    return dict(content)


def _columns(rows: Iterable[Mapping[str, Any]], traits: Sequence[str]) -> dict[str, Values]:
    members = list(rows)
    return {trait: [row[trait] for row in members if row[trait] is not None] for trait in traits}


def _described(column: Values) -> dict[str, Any]:
    words = isinstance(column[0], str)
    if words or len(set(column)) <= _FEW_VALUES:
        kinds = sorted(set(column), key=str if words else float)
        return {"counts": {_word(kind): column.count(kind) for kind in kinds}}
    edges = np.unique(np.round(np.quantile(np.asarray(column, float), np.arange(1, _BINS) / _BINS), 4))
    return {"edges": edges.tolist(), "counts": _count(column, edges).tolist()}


def _compared(group: str, trait: str, described: Mapping[str, Any], column: Values) -> Drift:
    if "edges" in described:
        edges = np.asarray(described["edges"])
        before, now = np.asarray(described["counts"]), _count(column, edges)
        names = [f"up to {edges[0]:g}", *(f"to {edge:g}" for edge in edges[1:]), f"over {edges[-1]:g}"]
    else:
        names = [*described["counts"], _OTHER]
        words = [_word(value) for value in column]
        known = [words.count(name) for name in names[:-1]]
        before = np.array([*described["counts"].values(), 0])
        now = np.array([*known, len(words) - sum(known)])
    psi, chance = stability(before, now)
    return Drift(group, trait, psi, chance, tuple(names), tuple(before / before.sum()), tuple(now / now.sum()))


def stability(before: np.ndarray[Any, Any], now: np.ndarray[Any, Any]) -> tuple[float, float]:
    """The population stability index of two rows of counts, and the chance of one as large where nothing moved."""
    p, q = ((counts + _HALF) / (counts + _HALF).sum() for counts in (before, now))
    psi = float(((q - p) * np.log(q / p)).sum())
    n, m = before.sum(), now.sum()
    return psi, float(chdtrc(len(before) - 1, psi * n * m / (n + m)))


def _count(column: Values, edges: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.bincount(np.searchsorted(edges, np.asarray(column, float)), minlength=len(edges) + 1)


def _word(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:g}"
