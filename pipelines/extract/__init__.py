"""A section's file to a Source: where its table stands, and the table in blocks of text."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.extract.limits import Limits

if TYPE_CHECKING:  # polars is loaded by the call: the process that opens workbooks must start fast
    from pipelines.model import Source

__all__ = ["FEED_PARTS", "Limits", "open_source"]

FEED_PARTS = ("stop_times.txt", "stops.txt", "trips.txt", "routes.txt", "agency.txt")
"""The parts of a zip that make it a GTFS feed (three of them do); the first that is there is opened as its table."""


def open_source(
    path: Path,
    *,
    sheet: str | None = None,
    header_row: int | None = None,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    known_headings: Collection[str] = (),
) -> Source:
    """Open a section's file (CSV, TSV, XLSX, XLSM, XLS, ODS, GeoJSON, zip), told by its content.

    `sheet` and `header_row` (1-based as Excel counts) overrule the search. `known_headings` are folded
    headings (`pipelines.values.headings.fold_heading`) of all standards; they help to find sheet and header.
    Raises SourceError for what cannot be read within `limits`.
    """
    from pipelines.extract.opening import open_file

    return open_file(Path(path), sheet, header_row, limits, known_headings)
