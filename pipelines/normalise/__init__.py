"""Turns a section's columns and values into the standard's, every change a line of the fixes.

    map_columns(columns, headings, standard, ...) -> (ColumnMap, findings)
    apply_map(table, column_map)                  -> Table with the standard's headings
    normalise(table, standard, ...)               -> (Table, findings, fixes)
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial

import polars as pl

from pipelines.model import ROW, Field, Municipality, Standard, Table, findings_frame
from pipelines.normalise.cells import Lines, fill_constant, join_lines, mend, mend_column, repeat_above
from pipelines.normalise.columns import ColumnMap, apply_map, map_columns
from pipelines.normalise.steps import SETTLED, in_form, odd_text, rule_of, steps_for
from pipelines.normalise.sums import Split, add_up
from pipelines.values.codes import official_prefecture, prefectures

__all__ = ["ColumnMap", "apply_map", "map_columns", "normalise"]


def normalise(
    table: Table, standard: Standard, *, lookups: Mapping[str, Mapping[str, str]] | None = None,
    constants: Mapping[str, str] | None = None, refuse: Collection[str] = (), accept: Collection[str] = (),
    body: Municipality | None = None, split: Split | None = None,
) -> tuple[Table, pl.DataFrame, pl.DataFrame]:
    """One block with its values in the standard's form: (table, findings, fixes).

    Looks at the columns that belong to the standard, and at no other. Fixes of form are applied unless their rule
    stands in `refuse`; fixes of meaning (messages.yml) are listed with applied = false unless their rule stands in
    `accept`. `lookups` (heading -> wrong value -> right value) and `constants` (heading -> value for blank cells)
    come from the declaration; `split` names columns that are the sum of others. `body` decides between two readings
    of a code. Applied twice it changes nothing more.
    """
    lookups = lookups or {}
    frame = table.frame
    rows = frame[ROW]
    fields = [f for f in standard.fields if f.name in frame.columns]
    odd = _odd_cells(frame, fields, lookups)
    prefecture = None if body else _one_prefecture(frame, fields)
    lines: list[Lines] = []
    changed: list[pl.Series] = []
    for field in fields:
        column = frame[field.name]
        if not odd[field.name].any():
            continue
        mended = partial(
            mend, steps=steps_for(field, body, prefecture), lookup=lookups.get(field.name, {}), refuse=refuse,
            accept=accept, in_form=in_form(rule_of(field)),
        )
        column, found = mend_column(column, rows, odd[field.name], mended)
        lines.append(found)
        if "same-as-above" not in refuse:
            column, repeated = repeat_above(column, rows, odd[field.name], apply="same-as-above" in accept)
            lines.append(repeated)
        changed.append(column)
    frame = frame.with_columns(changed)
    if split and "sum-of-parts" not in refuse:
        frame, added = add_up(frame, split)
        lines.append(added)
    if "constant" not in refuse:
        for name, value in (constants or {}).items():
            frame, filled = fill_constant(frame, name, value)
            lines.append(filled)
    return Table(frame), findings_frame(), join_lines(lines)


def _one_prefecture(frame: pl.DataFrame, fields: list[Field]) -> str | None:
    """The two-digit code of the prefecture that every row names, None if they name none or several."""
    names = {n for f in fields if f.rule == "pref" for n in frame[f.name].drop_nulls().unique().to_list()}
    names = {official_prefecture(n) or n for n in names}
    return next((code for code, name in prefectures().items() if names == {name}), None)


def _odd_cells(frame: pl.DataFrame, fields: list[Field], lookups: Mapping[str, Mapping[str, str]]) -> pl.DataFrame:
    """Per column, which cells some step has to look at: one pass over the block."""
    masks = []
    for field in fields:
        cell = pl.col(field.name)
        rule = rule_of(field)
        if rule in SETTLED:
            odd = ~cell.str.contains(SETTLED[rule])
        elif field.enum:
            odd = ~cell.is_in(list(field.enum))
        elif rule == "pref":
            odd = ~cell.is_in(list(prefectures().values()))
        else:
            odd = cell.str.contains(odd_text(rule))
            if rule in ("city", "lgname"):
                odd = odd | (cell.str.len_chars() < 8)
        known = list(lookups.get(field.name, ()))
        masks.append((odd | cell.is_in(known) if known else odd).fill_null(value=False).alias(field.name))
    return frame.select(masks)
