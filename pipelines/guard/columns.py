"""A source and its table to the allow-listed columns, with everything that stays in the house listed."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from pipelines.guard.headings import personal_kind
from pipelines.model import ROW, Dataset, Finding, Source, Standard, Table, findings_frame


def review_source(source: Source, dataset: Dataset | None) -> pl.DataFrame:
    """What the file as a whole asks of a person before it may be published (findings; no cell values).

    Columns that are hidden and yet mapped by the declaration, a hidden sheet or hidden rows that
    became data, headings that announce personal data: left out, or, if the declaration maps them
    onto a column of the standard, stopped. What extract already listed is not listed twice.
    """
    mapped = dict(dataset.columns) if dataset is not None else {}
    ignored = set(dataset.ignore) if dataset is not None else set()
    allowed = {a.field for a in dataset.allowances} if dataset is not None else set()
    found: list[Finding] = []
    for heading in dict.fromkeys(h for h in source.headings if h):
        kind = personal_kind(heading)
        target = mapped.get(heading)
        if kind is None or heading in ignored or heading in allowed or target in allowed:
            continue
        if target is not None and personal_kind(target) is None:
            found.append(Finding("guard-personal-column-mapped", None, heading, None, {"target": target}))
        elif target is None:
            found.append(Finding("guard-personal-heading", None, heading))
    hidden = source.findings.filter(pl.col("code") == "column-hidden")["field"].drop_nulls().to_list()
    for heading in dict.fromkeys(hidden):
        if heading in mapped:
            found.append(Finding("guard-hidden-column-mapped", None, heading, None, {"target": mapped[heading]}))
    return findings_frame(found)


def select_columns(
    table: Table, standard: Standard, declared_extra: Collection[str] = ()
) -> tuple[Table, pl.DataFrame]:
    """Only the standard's columns and the declared ones, in official order; the others become findings.

    `guard-column-left-out` names each column that stays and how many of its cells are filled, never a
    value. Columns of the standard that the table lacks are not added here.
    """
    wanted = [n for n in standard.names if n in table.columns]
    wanted += [c for c in table.columns if c in declared_extra and c not in wanted]
    found = []
    for name in table.columns:
        if name in wanted:
            continue
        filled = table.rows - table.frame[name].null_count()
        found.append(Finding("guard-column-left-out", None, name, None, {"filled": filled, "rows": table.rows}))
    return Table(table.frame.select(ROW, *wanted)), findings_frame(found)
