"""Findings to one CSV (UTF-8 with BOM, so that Excel opens it too), written as they come: memory stays flat."""

from __future__ import annotations

from typing import BinaryIO

import polars as pl

from pipelines.checked import CheckResult
from pipelines.errors import KokaiError
from publish.report.machine.shape import Report

COLUMNS = ("file", "code", "level", "row", "field", "value", "remedy", "message_ja", "message_en")


class CsvReport(Report):
    """One line a finding; a file that cannot be read is one line, too."""

    def __init__(self, out: BinaryIO) -> None:
        super().__init__(out)
        out.write(b"\xef\xbb\xbf" + ",".join(COLUMNS).encode() + b"\r\n")

    def add_stop(self, file: str, error: KokaiError) -> None:
        line: dict[str, str | None] = dict.fromkeys(COLUMNS[1:])
        line |= {
            "code": error.code, "level": "error", "message_ja": error.ja + error.todo_ja,
            "message_en": f"{error.en} {error.todo_en}".strip(),
        }
        self._take(file, pl.DataFrame([line], schema=dict.fromkeys(COLUMNS[1:], pl.String)))

    def close(self) -> None:
        self.out.flush()

    def _take(self, file: str, rendered: pl.DataFrame) -> None:
        lines = rendered.hstack([pl.Series("file", [file] * rendered.height, dtype=pl.String)])[list(COLUMNS)]
        self.out.write(lines.write_csv(include_header=False, line_terminator="\r\n").encode())

    def _done(self, result: CheckResult) -> None:
        return
