"""Findings to the report that frictionless 5 writes, so that what reads its reports can read ours."""

from __future__ import annotations

import json
import re
from pathlib import PurePath
from typing import Any, BinaryIO

import polars as pl

from pipelines.checked import CheckResult
from pipelines.errors import KokaiError
from publish.report.machine.shape import Report

_KINDS = (
    (re.compile("^(?:type-|form-)"), "type-error"),
    (re.compile("^(?:required-missing|pattern-|not-in-list|too-short|too-long|below-minimum|above-maximum|two-values)"),
     "constraint-error"),
    (re.compile("^not-unique"), "unique-error"),
    (re.compile("^key-"), "primary-key"),
)


class FrictionlessReport(Report):
    """A task for each file. Errors are errors, warnings are texts, notes are left out."""

    def __init__(self, out: BinaryIO) -> None:
        super().__init__(out)
        self.errors: dict[str, list[dict[str, Any]]] = {}
        self.warnings: dict[str, list[str]] = {}
        self.tasks: list[dict[str, Any]] = []
        self.fields: dict[str, int] = {}

    def add_stop(self, file: str, error: KokaiError) -> None:
        note = f"{error.ja}{error.todo_ja} / {error.en} {error.todo_en}".strip()
        stopped = _error("source-error", note, error.code, {})
        self._task(file, [stopped], [], [], {})

    def close(self) -> None:
        count = sum(t["stats"]["errors"] for t in self.tasks)
        warnings = sum(t["stats"]["warnings"] for t in self.tasks)
        report = {
            "valid": not count,
            "stats": {"tasks": len(self.tasks), "errors": count, "warnings": warnings, "seconds": 0},
            "warnings": [], "errors": [], "tasks": self.tasks,
        }
        self.out.write(json.dumps(report, ensure_ascii=False, indent=1).encode() + b"\n")
        self.out.flush()

    def _take(self, file: str, rendered: pl.DataFrame) -> None:
        errors, warnings = self.errors.setdefault(file, []), self.warnings.setdefault(file, [])
        for row in rendered.iter_rows(named=True):
            if row["level"] == "error":
                errors.append(_cell_error(row))
            elif row["level"] == "warning":
                where = f"{row['row']}行目 " if row["row"] is not None else ""
                warnings.append(f"{where}{row['field'] or ''} {row['message_ja']} [{row['code']}]".strip())

    def _done(self, result: CheckResult) -> None:
        labels = [source for source, _ in result.columns]
        numbers = {name: i for i, (source, standard) in enumerate(result.columns, 1) for name in (source, standard) if name}
        errors = self.errors.pop(result.file, [])
        for error in errors:
            if "fieldName" in error:
                error["fieldNumber"] = numbers.get(error["fieldName"], 0)
        stats = {"fields": len(labels), "rows": result.rows}
        self._task(result.file, errors, self.warnings.pop(result.file, []), labels, stats)

    def _task(self, file: str, errors: list[dict[str, Any]], warnings: list[str], labels: list[str],
              stats: dict[str, Any]) -> None:
        self.tasks.append({
            "valid": not errors, "name": _name(file), "type": "table", "place": file, "labels": labels,
            "stats": {"errors": len(errors), "warnings": len(warnings), "seconds": 0, **stats},
            "warnings": warnings, "errors": errors,
        })


def _cell_error(row: dict[str, Any]) -> dict[str, Any]:
    note = f"{row['message_ja']} / {row['message_en']}"
    if row["row"] is None:
        return _error("table-error", note, row["code"], {"fieldName": row["field"]} if row["field"] else {})
    kind = next((kind for pattern, kind in _KINDS if pattern.match(row["code"])), None)
    cell = {"rowNumber": row["row"], "cells": [row["value"] or ""]}
    if not row["field"] or kind == "primary-key":
        return _error(kind or "row-error", note, row["code"], cell)
    cell |= {"cell": row["value"] or "", "fieldName": row["field"], "fieldNumber": 0}
    return _error(kind or "cell-error", note, row["code"], cell)


def _error(kind: str, note: str, code: str, place: dict[str, Any]) -> dict[str, Any]:
    tags = ["#table"] + (["#row"] if "rowNumber" in place else []) + (["#cell"] if "cell" in place else [])
    return {"type": kind, "title": code, "description": code, "message": note, "tags": tags, "note": note, **place}


def _name(file: str) -> str:
    """A name as frictionless allows it: small letters, digits, hyphens."""
    plain = re.sub(r"[^a-z0-9]+", "-", PurePath(file).stem.lower()).strip("-")
    return plain or "table"
