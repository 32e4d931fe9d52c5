"""Turns the odd cells of one column into the standard's form, and every change into a line of the fixes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from pipelines.messages import is_meaning
from pipelines.model import FIXES, ROW
from pipelines.normalise.steps import ODD, Step
from pipelines.values.text import is_ditto

_PASSES = 6
_FEW = 5000  # odd cells of a column up to which plain Python beats a join
Cell = tuple[int | None, str, str | None, str | None, str, bool]


@dataclass(frozen=True)
class Mended:
    """What became of one text: `after` (None = blank) with the rule, and what waits for a yes."""

    after: str | None
    rule: str | None
    proposal: str | None = None
    proposal_rule: str | None = None

    @property
    def changes(self) -> bool:
        return self.rule is not None or self.proposal_rule is not None


@dataclass(frozen=True)
class Lines:
    """Lines of the fixes: single cells of few changes, frames of many (columns of `FIXES`)."""

    cells: Sequence[Cell] = ()
    frames: Sequence[pl.DataFrame] = ()


def mend(
    value: str, steps: Sequence[Step], lookup: Mapping[str, str], refuse: Collection[str], accept: Collection[str],
    in_form: Callable[[str], bool] | None = None,
) -> Mended:
    """Apply the steps to one text until nothing changes any more. Rules in `refuse` are left out.

    A rule of meaning that is not in `accept` is only proposed; a declared lookup applies always. Where the result is
    still not `in_form`, only the steps for characters and lines are kept, and what is proposed.
    """
    active = [s for s in steps if s.rule not in refuse]
    mended = _apply(value, active, lookup, accept)
    if in_form is None or mended.after is None or mended.rule is None or in_form(mended.after):
        return mended
    return _apply(value, [s for s in active if s.odd_only or is_meaning(s.rule)], lookup, accept)


def _apply(value: str, active: Sequence[Step], lookup: Mapping[str, str], accept: Collection[str]) -> Mended:
    current = _look_up(value, lookup)
    rule = "lookup" if current != value else None
    proposal: tuple[str, str] | None = None
    for _ in range(_PASSES):
        start = current
        proposal = None
        odd = ODD.search(current) is not None
        for step in active:
            if not current:
                break
            if step.odd_only and not odd:
                continue
            found = step.mend(current)
            if found is None or found == current:
                continue
            if is_meaning(step.rule) and step.rule not in accept:
                proposal = proposal or (found, step.rule)
                continue
            current = _look_up(found, lookup)
            rule = rule if rule == "lookup" else step.rule
        if current == start:
            break
    if proposal is None or not current:
        return Mended(current or None, rule)
    return Mended(current, rule, proposal[0] or None, proposal[1])


def _look_up(value: str, lookup: Mapping[str, str]) -> str:
    seen = {value}
    while value in lookup and lookup[value] not in seen:
        value = lookup[value]
        seen.add(value)
    # A declaration that goes round in a circle (a: b, b: a) names no right value.
    return value if value not in lookup or lookup[value] == value else min(seen)


def mend_column(
    column: pl.Series, rows: pl.Series, odd: pl.Series, mended: Callable[[str], Mended]
) -> tuple[pl.Series, Lines]:
    """The column with its odd cells mended, and the fixes.

    Each distinct text is looked at once. `odd` marks the cells that may need a change; `rows` are their row
    numbers in the source file.
    """
    if (odd.sum() or 0) <= _FEW:
        return _mend_few(column, rows, [i for i, is_odd in enumerate(odd.to_list()) if is_odd], mended)
    texts = column.filter(odd).unique(maintain_order=True).to_list()
    found = {v: m for v in texts if (m := mended(v)).changes}
    if not found:
        return column, Lines()
    table = pl.DataFrame(
        [(v, m.after, m.rule, m.proposal, m.proposal_rule) for v, m in found.items()],
        schema=dict.fromkeys(("before", "mended", "rule", "proposal", "proposal_rule"), pl.String), orient="row",
    )
    cells = pl.DataFrame({"row": rows, "before": column}).filter(odd).join(
        table, on="before", how="inner", maintain_order="left"
    ).with_columns(pl.lit(column.name).alias("field"))
    done = cells.filter(pl.col("rule").is_not_null()).select(
        "row", "field", "before", pl.col("mended").alias("after"), "rule", pl.lit(value=True).alias("applied")
    )
    waiting = cells.filter(pl.col("proposal_rule").is_not_null()).select(
        "row", "field", pl.col("mended").alias("before"), pl.col("proposal").alias("after"),
        pl.col("proposal_rule").alias("rule"), pl.lit(value=False).alias("applied"),
    )
    after = pl.Series([m.after for m in found.values()], dtype=pl.String)
    return column.replace(list(found), after), Lines(frames=[done, waiting])


def _mend_few(
    column: pl.Series, rows: pl.Series, places: Sequence[int], mended: Callable[[str], Mended]
) -> tuple[pl.Series, Lines]:
    """The same cell by cell: a join costs more than it saves where a column has few odd cells."""
    found: dict[str, Mended] = {}
    done, waiting, at, after = [], [], [], []
    for place in places:  # a gather costs more than so few cells
        row, text = rows[place], column[place]
        if text not in found:
            found[text] = mended(text)
        m = found[text]
        if m.rule is not None:
            done.append((row, column.name, text, m.after, m.rule, True))
            at.append(place)
            after.append(m.after)
        if m.proposal_rule is not None:
            waiting.append((row, column.name, m.after, m.proposal, m.proposal_rule, False))
    if at:
        column = column.clone().scatter(at, pl.Series(after, dtype=pl.String))
    return column, Lines(cells=done + waiting)


def repeat_above(column: pl.Series, rows: pl.Series, odd: pl.Series, *, apply: bool) -> tuple[pl.Series, Lines]:
    """What 〃 and 同上 stand for: the value of the nearest row above that has one of its own, as fixes.

    Within one block of rows; a mark with nothing above it stays. With `apply` the column is filled, too.
    """
    texts = {text for text, is_odd in zip(column.to_list(), odd.to_list(), strict=True) if is_odd and text is not None}
    if not any(is_ditto(v) for v in texts):
        return column, Lines()
    lines = []
    filled: list[str | None] = []
    above: str | None = None
    for row, text in zip(rows.to_list(), column.to_list(), strict=True):
        marked = text is not None and is_ditto(text)
        above = above if marked else text
        if marked and above:
            lines.append((row, column.name, text, above, "same-as-above", apply))
        filled.append(above if marked and above else text)
    return pl.Series(column.name, filled, dtype=pl.String) if apply else column, Lines(cells=lines)


def fill_constant(frame: pl.DataFrame, name: str, value: str) -> tuple[pl.DataFrame, Lines]:
    """The frame with blank cells of the column filled with `value` (the column is added if absent), and the fixes."""
    if name not in frame.columns:
        frame = frame.with_columns(pl.lit(None, dtype=pl.String).alias(name))
    blank = frame[name].is_null() | (frame[name] == "")
    lines = frame.filter(blank).select(
        pl.col(ROW).alias("row"), pl.lit(name).alias("field"), pl.col(name).alias("before"),
        pl.lit(value).alias("after"), pl.lit("constant").alias("rule"), pl.lit(value=True).alias("applied"),
    )
    filled = pl.when(blank).then(pl.lit(value)).otherwise(pl.col(name)).alias(name)
    return frame.with_columns(filled), Lines(frames=[lines])


def join_lines(parts: Sequence[Lines]) -> pl.DataFrame:
    """All lines as one frame with the columns of `FIXES`, column by column."""
    frames: list[pl.DataFrame] = []
    cells: list[Cell] = []
    for part in parts:
        cells.extend(part.cells)
        if any(f.height for f in part.frames):
            frames += [pl.DataFrame(cells, schema=FIXES, orient="row"), *part.frames]
            cells = []
    return pl.concat([*frames, pl.DataFrame(cells, schema=FIXES, orient="row")])
