"""Headings as they stand to unique column names, with a finding for each that had to be named."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipelines.extract.child.parts import column_letters
from pipelines.model import ROW, Finding


def clean_heading(text: str) -> str:
    """A heading without line breaks and blanks around it."""
    return re.sub(r"[ \t]*[\r\n]+[ \t]*", "", text.replace("_x000D_", "")).strip(" \t　﻿\0")


def name_columns(headings: Sequence[str], used: Sequence[bool], row: int | None,
                 labels: Sequence[str] = ()) -> tuple[tuple[str, ...], tuple[int, ...], list[Finding]]:
    """(names, indexes of the kept columns, findings).

    A column without heading and without data is left out (one finding for all); one with data is named 列N by
    its place; a repeated heading gets _2, _3 …
    """
    names: list[str] = []
    kept: list[int] = []
    findings: list[Finding] = []
    blank: list[int] = []
    taken: set[str] = set()
    for i, heading in enumerate(headings):
        base = clean_heading(labels[i] if labels else heading)
        if not base:
            if not used[i]:
                blank.append(i + 1)
                continue
            base = f"列{i + 1}"
            if row is not None:
                findings.append(Finding("heading-blank", row, base, None, {"column": i + 1, "rule": "L1-05"}))
        name, n = base, 1
        while name in taken or name == ROW:
            n += 1
            name = f"{base}_{n}"
        if n > 1 and row is not None:
            findings.append(Finding("heading-repeated", row, name, base, {"column": i + 1, "rule": "L2-03"}))
        taken.add(name)
        names.append(name)
        kept.append(i)
    if blank:
        findings.append(Finding("blank-columns", row, None, None,
                                {"columns": _ranges(blank), "count": len(blank), "rule": "L1-03"}))
    return tuple(names), tuple(kept), findings


def _ranges(numbers: Sequence[int]) -> str:
    out: list[str] = []
    start = previous = numbers[0]
    for n in [*numbers[1:], -1]:
        if n == previous + 1:
            previous = n
            continue
        first, last = column_letters(start), column_letters(previous)
        out.append(first if first == last else f"{first}–{last}")
        start = previous = n
    return ", ".join(out)
