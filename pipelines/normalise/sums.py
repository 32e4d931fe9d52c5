"""Fills a column of the standard that the section keeps in parts (85-89, 90-94 ... for 85歳以上) with their sum."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from pipelines.model import ROW
from pipelines.normalise.cells import Lines
from pipelines.values.headings import fold_heading

Split = Mapping[str, Sequence[str]]
"""Heading of the standard -> the headings whose values add up to it."""


def split_targets(columns: Sequence[str], split: Split) -> Iterator[tuple[str, tuple[str, ...]]]:
    """(heading, the columns that are its parts) for each heading that the columns lack and whose parts are all there."""
    folded = {fold_heading(c): c for c in columns}
    for target, parts in split.items():
        found = [folded.get(fold_heading(p)) for p in parts]
        if fold_heading(target) not in folded and None not in found:
            yield target, tuple(p for p in found if p is not None)


def add_up(frame: pl.DataFrame, split: Split) -> tuple[pl.DataFrame, Lines]:
    """The frame with the missing column behind its parts, and one fix a filled cell.

    A row with a part that is blank or no whole number stays blank: nobody knows its sum.
    """
    lines = []
    for target, parts in split_targets([c for c in frame.columns if c != ROW], split):
        plain = [
            pl.col(p).str.strip_chars().str.normalize("NFKC").str.replace_all(",", "", literal=True) for p in parts
        ]
        numbers = [pl.when(p.str.contains(r"^[0-9]{1,12}$")).then(p).cast(pl.Int64) for p in plain]
        known = pl.all_horizontal(n.is_not_null() for n in numbers)
        total = pl.when(known).then(pl.sum_horizontal(numbers)).cast(pl.String).alias(target)
        at = frame.columns.index(parts[-1]) + 1
        frame = frame.insert_column(at, frame.select(total)[target])
        filled = frame.filter(pl.col(target).is_not_null())
        lines.append(filled.select(
            pl.col(ROW).alias("row"), pl.lit(target).alias("field"), pl.lit(None, pl.String).alias("before"),
            pl.col(target).alias("after"), pl.lit("sum-of-parts").alias("rule"), pl.lit(value=True).alias("applied"),
        ))
    return frame, Lines(frames=lines)
