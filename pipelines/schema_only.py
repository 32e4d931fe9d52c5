"""A file against a Table Schema that is not ours: only that schema and the strictness list, nothing municipal."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import polars as pl

from pipelines.checked import CheckResult, Sink
from pipelines.findings import count_levels, join_findings, sort_findings
from pipelines.model import FINDINGS, FIXES, Finding, Source, findings_frame
from pipelines.standards import load_table_schema
from pipelines.validate import Validator

_WRONG_SHAPE = ("blank-rows", "row-short", "row-width")
"""Errors of a table against a given schema, as frictionless has them: blank-row, missing-cell, extra-cell."""


def _row_by_row(findings: pl.DataFrame) -> pl.DataFrame:
    """Findings about blank rows, one for each of the rows that their params name."""
    if "blank-rows" not in findings["code"].to_list():
        return findings
    blank = findings.filter(pl.col("code") == "blank-rows")
    told = [json.loads(params) for params in blank["params"]]
    each = [Finding("blank-rows", row, None, None, {"count": 1, "rule": "L1-03"}) for t in told for row in t["rows"]]
    return pl.concat([findings.filter(pl.col("code") != "blank-rows"), findings_frame(each)])


def schema_check(path: Path) -> Validator:
    """The check of a Table Schema that is not ours; a schema that was read before and has not changed is not read again."""
    try:
        content = path.read_bytes()
    except OSError:
        content = b""  # load_table_schema says what is wrong
    return _schema_check_of(path, content)


@lru_cache(maxsize=8)
def _schema_check_of(path: Path, _content: bytes) -> Validator:
    standard = load_table_schema(path)
    standard = replace(standard, levels={**dict.fromkeys(_WRONG_SHAPE, "error"), **standard.levels})
    return Validator(standard, municipal=False)


def check_schema_only(source: Source, like: Validator, sink: Sink | None) -> CheckResult:
    """Only that Table Schema and the strictness list: no normalising, municipal rules, guard or geo.

    With a `sink` the findings of each block go there and are not kept, so that memory stays flat.
    """
    standard = like.standard
    validator = Validator(standard, municipal=False, like=like)
    kept: list[pl.DataFrame] = []
    counts = {"error": 0, "warning": 0, "info": 0}
    rows = 0

    def take(found: pl.DataFrame) -> None:
        for level, n in count_levels(found, standard).items():
            counts[level] += n
        if sink is None:
            kept.append(found)
        elif found.height:
            sink(found, standard)

    labels = [heading.strip() for heading in source.headings]
    while len(labels) > len(standard.names) and not labels[-1]:  # cells beyond the header, see row-width
        labels.pop()
    take(validator.check_header(labels))
    for table, shape_findings in source.blocks():
        rows += table.rows
        take(_row_by_row(shape_findings))
        take(validator.check(table))
    take(validator.finish())
    findings = sort_findings(join_findings(kept, FINDINGS))
    names = set(standard.names)
    return CheckResult(
        str(source.path), None, None, source.encoding, source.format, source.sheet, source.header_row, rows,
        tuple((c, c if c in names else None) for c in source.columns), findings, pl.DataFrame(schema=FIXES),
        counts["error"], counts["warning"], counts["error"], standard,
    )
