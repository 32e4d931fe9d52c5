"""What the XML of the sheet in use says to findings: hidden parts, merges, formulas, comments, error values."""

from __future__ import annotations

from collections import Counter
from typing import Any

from pipelines.extract.child.parts import split_cell
from pipelines.extract.grid import GridTable
from pipelines.model import Finding


def sheet_findings(facts: dict[str, Any], found: GridTable) -> list[Finding]:
    """Findings about one sheet; rows as Excel counts, fields the column names of the table."""
    names = {place + 1: name for place, name in zip(found.places, found.columns, strict=True)}
    out: list[Finding] = []
    for first, last in facts["hidden_columns"]:
        inside = [names[i] for i in range(first, min(last, max(names, default=0)) + 1) if i in names]
        out += [Finding("column-hidden", None, name, None, {"rule": "L1-13"}) for name in inside]
    hidden = [n for n in facts["hidden_rows"] if n <= facts["rows"]]
    out += [Finding("row-hidden", n, None, None, {"rule": "L1-13"}) for n in hidden]
    for ref in facts["merges"]:
        row, column = split_cell(ref.partition(":")[0])
        where = "header" if found.header_row is not None and row <= found.header_row else "data"
        out.append(Finding("cells-merged", row or None, names.get(column), ref, {"where": where, "rule": "L1-12"}))
    for ref in facts["struck"]:
        row, column = split_cell(ref)
        if found.header_row is None or row > found.header_row:
            out.append(Finding("cell-struck-out", row, names.get(column), None, {"cell": ref, "rule": "L1-11"}))
    for ref, text in facts["comments"]:
        row, column = split_cell(ref)
        out.append(Finding("cell-comment", row, names.get(column), text[:300], {"cell": ref, "rule": "L1-04"}))
    out += _formulas(facts, names)
    for ref, value in facts["errors"]:
        row, column = split_cell(ref)
        out.append(Finding("cell-error", row, names.get(column), value, {"cell": ref, "rule": "L2-06"}))
    if facts["objects"]:
        out.append(Finding("sheet-objects", None, None, None, {"count": facts["objects"], "rule": "L1-10"}))
    if facts["strays"]:
        out.append(Finding("stray-cell", None, None, ", ".join(facts["strays"][:5]),
                           {"count": len(facts["strays"]), "cells": facts["strays"][:20], "rule": "L1-04"}))
    return out


def _formulas(facts: dict[str, Any], names: dict[int, str]) -> list[Finding]:
    out = []
    count: Counter[int] = Counter()
    first: dict[int, tuple[int, str, str]] = {}
    for ref, formula, stored in facts["formulas"]:
        row, column = split_cell(ref)
        if not stored:
            out.append(Finding("formula-without-value", row, names.get(column), formula[:300],
                               {"cell": ref, "rule": "L2-06"}))
        count[column] += 1
        first.setdefault(column, (row, ref, formula))
    for column, n in sorted(count.items()):
        row, ref, formula = first[column]
        out.append(Finding("cell-formula", row, names.get(column), formula[:300],
                           {"cell": ref, "count": n, "rule": "L2-06"}))
    return out
