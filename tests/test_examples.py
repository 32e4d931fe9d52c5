"""The declarations' own examples: what a row of the section's file becomes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipelines.declare import load_workspace
from pipelines.edition import convert_edition
from pipelines.geocode import split_addresses
from pipelines.model import Dataset, Table
from pipelines.normalise import apply_map, map_columns, normalise
from pipelines.standards import guess_standard, load_standard

ROOT = Path(__file__).parents[1]
WORKSPACE = load_workspace(ROOT)
CASES = [(d, i) for d in WORKSPACE.datasets for i in range(len(d.examples))]


def convert(dataset: Dataset, given: dict[str, Any]) -> dict[str, str | None]:
    """One row through the naming of columns, the cleaning of values and the change of edition."""
    target = load_standard(dataset.kind, dataset.edition, WORKSPACE.local_schemas)
    headings = tuple(given)
    edition = dataset.source_edition
    if edition is None and not target.local:
        edition = guess_standard(headings, "", WORKSPACE.local_schemas, kind=dataset.kind).edition
    own = load_standard(dataset.kind, edition or dataset.edition, WORKSPACE.local_schemas)
    column_map, _ = map_columns(headings, headings, own, declared=dataset.columns, ignore=dataset.ignore)
    table = Table.from_rows(headings, [[None if v is None else str(v) for v in given.values()]])
    table, _, _ = normalise(apply_map(table, column_map), own, lookups=dataset.lookups, constants=dataset.constants,
                            refuse=dataset.refuse_fixes, accept=dataset.accept_fixes, body=dataset.body)
    if own.edition != target.edition:
        table, _, _ = convert_edition(table, own, target, body=dataset.body,
                                      split=lambda s: split_addresses(s, None, body_code=dataset.body.code))
    return table.frame.row(0, named=True)


@pytest.mark.parametrize(("dataset", "number"), CASES, ids=lambda v: str(getattr(v, "id", v)))
def test_an_example_becomes_what_it_says(dataset: Dataset, number: int) -> None:
    example = dataset.examples[number]
    got = convert(dataset, dict(example["given"]))
    assert {k: got.get(k) or "" for k in example["wanted"]} == {k: v or "" for k, v in example["wanted"].items()}


def test_every_dataset_with_a_source_has_an_example() -> None:
    for dataset in WORKSPACE.datasets:
        if not dataset.planned and not dataset.generated:
            assert dataset.examples, dataset.id
