"""The one place that knows Great Expectations: tables and checks in, outcomes out, nothing kept on disk.

The context is ephemeral: suites are made from our checks, and neither progress bars nor analytics are on.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from tryon.curating.checks import ROW_COUNT, Check
from tryon.curating.facts import Facts

_ROW = "row"
_RESULT_FORMAT = {"result_format": "COMPLETE", "unexpected_index_column_names": [_ROW, "label"]}


@dataclass(frozen=True)
class Outcome:
    """What became of one check: `failing` are the numbers of the rows that do not meet it, also where some may fail."""

    check: Check
    passed: bool
    failing: tuple[int, ...]
    result: Mapping[str, Any]


@dataclass(frozen=True)
class Validated:
    """All outcomes in the order of the checks, and Great Expectations' own result of each table."""

    outcomes: list[Outcome]
    documents: Mapping[str, Any]


def run_checks(facts: Facts, wanted: Sequence[Check]) -> Validated:
    """Validate all tables."""
    context = _context()
    source = context.data_sources.add_pandas("tryon")
    by_table: dict[str, list[Check]] = defaultdict(list)
    for check in wanted:
        by_table[check.table].append(check)
    validated = {table: _validate(source, table, facts, mine) for table, mine in by_table.items()}
    by_name = {one.check.name: one for outcomes, _ in validated.values() for one in outcomes}
    return Validated(
        outcomes=[by_name[check.name] for check in wanted],
        documents={table: result for table, (_, result) in validated.items()},
    )


def _validate(source: Any, table: str, facts: Facts, checks: Sequence[Check]) -> tuple[list[Outcome], Any]:
    """The outcomes of one table's checks, and Great Expectations' own result."""
    from great_expectations import ExpectationSuite

    frame = _frame(facts, table)
    asset = source.add_dataframe_asset(table)
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})
    suite = ExpectationSuite(name=table, expectations=[_expectation(check) for check in checks])
    result = batch.validate(suite, result_format=_RESULT_FORMAT)
    by_name = {check.name: check for check in checks}
    return [_outcome(by_name[one.expectation_config.meta["name"]], one, len(frame)) for one in result.results], result


def _context() -> Any:
    import great_expectations as gx
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )

    silent = DataContextConfig(
        store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
        analytics_enabled=False,
        progress_bars=ProgressBarsConfig(globally=False),
    )
    return gx.get_context(mode="ephemeral", project_config=silent)


def _frame(facts: Facts, table: str) -> pd.DataFrame:
    rows = facts.tables[table]
    frame = pd.DataFrame(rows, columns=None if rows else list(facts.columns[table]))
    frame[_ROW] = range(len(frame))
    return frame


def _expectation(check: Check) -> Any:
    from great_expectations import expectations

    kind = getattr(expectations, check.expectation)
    return kind(meta={"name": check.name}, **check.arguments)


def _outcome(check: Check, result: Any, rows: int) -> Outcome:
    """Raises RuntimeError where an expectation could not be computed: that is our own bug, not a fault of the data."""
    content = result.to_json_dict()
    exception = content["exception_info"]
    if exception.get("raised_exception") or any(
        isinstance(one, dict) and one.get("raised_exception") for one in exception.values()
    ):
        raise RuntimeError(f"the expectation {check.name} could not be computed: {exception}")
    places = content["result"].get("unexpected_index_list") or []
    failing = tuple(sorted({int(place[_ROW]) for place in places}))
    if check.expectation == ROW_COUNT and not content["success"]:
        failing = tuple(range(rows))
    return Outcome(check, bool(content["success"]), failing, content)
