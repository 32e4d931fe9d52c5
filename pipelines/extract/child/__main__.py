"""Reads the request on standard input, opens the workbook it names, writes sheets and cells as JSON."""

from __future__ import annotations

import csv
import gc
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pipelines.extract.child.choose import best_sheet
from pipelines.extract.child.parts import Refused
from pipelines.extract.child.read import read_workbook


def limit_process(memory_bytes: int, seconds: float) -> None:
    """Let the system end this process when it takes more memory or time than allowed (where it can)."""
    try:
        import resource
    except ImportError:  # Windows: the parent's timeout is what is left
        return
    for kind, value in ((resource.RLIMIT_AS, memory_bytes), (resource.RLIMIT_CPU, int(seconds) + 1)):
        try:
            resource.setrlimit(kind, (value, value))
        except (ValueError, OSError):
            continue
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def write_cells(answer: Path, rows: list[list[str | None]]) -> None:
    """The cells (every row as wide as the first) beside the answer, for the fast reader of the process that asked.

    As `.cells`, between the control characters US and RS, each row with one cell more, so that no row is blank and
    none ends in a line break of its own; as `.csv` where a cell holds such a character.
    """
    lines = ["\x1f".join([cell or "" for cell in row]) for row in rows]
    text = "\x1f.\x1e".join([*lines, ""])
    if rows and text.count("\x1e") == len(rows) and text.count("\x1f") == len(rows) * len(rows[0]):
        answer.with_suffix(".cells").write_text(text, encoding="utf-8", errors="replace", newline="")
        return
    with answer.with_suffix(".csv").open("w", encoding="utf-8", errors="replace", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


def main() -> int:
    """0 and the answer as JSON in the file named by the request."""
    request = json.loads(sys.stdin.buffer.read())
    limits = request["limits"]
    limit_process(limits["memory_bytes"], limits["seconds"])
    gc.disable()  # millions of cells, no circles
    answer: dict[str, Any]
    try:
        book = read_workbook(request["path"], request["format"], limits, request["sheet"])
        chosen = best_sheet(book, frozenset(request["known"]), request["sheet"])
        if chosen is not None:
            write_cells(Path(request["answer"]), book.rows[chosen])
        answer = {
            "chosen": chosen,
            "facts": book.facts,
            "sheets": [asdict(s) for s in book.sheets],
            "sizes": {name: [len(rows), max((len(r) for r in rows), default=0)] for name, rows in book.rows.items()},
        }
    except Refused as refused:
        answer = {"refused": refused.code, "detail": refused.detail}
    except MemoryError:
        answer = {"refused": "workbook-too-heavy", "detail": "memory"}
    Path(request["answer"]).write_text(json.dumps(answer, ensure_ascii=True), encoding="ascii")
    return 0


if __name__ == "__main__":
    os._exit(main())  # all is written; taking millions of cells apart would be for nothing
