"""Findings to SARIF 2.1.0 (OASIS), the form that code review systems show beside the lines of a file."""

from __future__ import annotations

import json
import re
from pathlib import PurePath
from typing import Any, BinaryIO
from urllib.parse import quote

import polars as pl

import pipelines
from pipelines.checked import CheckResult
from pipelines.errors import KokaiError
from pipelines.messages import words_of
from publish.report.machine.shape import Report

_LEVELS = {"error": "error", "warning": "warning", "info": "note"}


class SarifReport(Report):
    """One run over all files; a rule for each code that occurs; `startLine` is the row that Excel shows."""

    def __init__(self, out: BinaryIO) -> None:
        super().__init__(out)
        self.rules: dict[str, dict[str, Any]] = {}
        self.results: list[dict[str, Any]] = []
        self.artifacts: dict[str, int] = {}
        self.stops: list[dict[str, Any]] = []

    def add_stop(self, file: str, error: KokaiError) -> None:
        self.stops.append({
            "level": "error", "descriptor": {"id": error.code},
            "message": {"text": f"{error.ja}{error.todo_ja} / {error.en} {error.todo_en}".strip()},
            "locations": [{"physicalLocation": {"artifactLocation": self._artifact(file)}}],
        })

    def close(self) -> None:
        run = {
            "tool": {"driver": {
                "name": "Kokai", "version": pipelines.__version__, "language": "ja",
                "rules": [self.rules[code] for code in self.rules],
            }},
            "columnKind": "unicodeCodePoints",
            "artifacts": [{"location": {"uri": uri}} for uri in self.artifacts],
            "invocations": [{"executionSuccessful": not self.stops, "toolExecutionNotifications": self.stops}],
            "results": self.results,
        }
        document = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
        self.out.write(json.dumps(document, ensure_ascii=False, indent=1).encode() + b"\n")
        self.out.flush()

    def _take(self, file: str, rendered: pl.DataFrame) -> None:
        artifact = self._artifact(file)
        numbers = {code: i for i, code in enumerate(self.rules)}
        for row in rendered.iter_rows(named=True):
            code = row["code"]
            if code not in numbers:
                numbers[code] = len(numbers)
                self.rules[code] = _rule(code, row["level"])
            self.results.append(_result(row, numbers[code], artifact))

    def _done(self, result: CheckResult) -> None:
        self._artifact(result.file)

    def _artifact(self, file: str) -> dict[str, Any]:
        uri = quote(PurePath(file).as_posix())
        return {"uri": uri, "index": self.artifacts.setdefault(uri, len(self.artifacts))}


def _rule(code: str, level: str) -> dict[str, Any]:
    words = words_of("findings", code)
    return {
        "id": code,
        "shortDescription": {"text": _plain(words["ja"])},
        "fullDescription": {"text": _plain(words["en"])},
        "help": {"text": _plain(words.get("todo_ja") or words["ja"])},
        "defaultConfiguration": {"level": _LEVELS[level]},
    }


def _plain(template: str) -> str:
    """The words of a rule without the places for a cell's own words."""
    return re.sub(r"[{][a-z_]+[}]", "…", template)


def _result(row: dict[str, Any], number: int, artifact: dict[str, Any]) -> dict[str, Any]:
    place: dict[str, Any] = {"physicalLocation": {"artifactLocation": artifact}}
    if row["row"] is not None:
        place["physicalLocation"]["region"] = {"startLine": row["row"]}
    if row["field"]:
        place["logicalLocations"] = [{"name": row["field"], "kind": "member"}]
    told = {k: row[k] for k in ("row", "field", "value", "remedy", "message_en") if row[k] is not None}
    return {
        "ruleId": row["code"], "ruleIndex": number, "level": _LEVELS[row["level"]],
        "message": {"text": row["message_ja"]}, "locations": [place], "properties": told,
    }
