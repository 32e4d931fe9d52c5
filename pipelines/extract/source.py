"""The opened file: what is known about it, and a way to read its table again in blocks."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.model import SheetInfo, Table

Blocks = Callable[[], Iterator[tuple[Table, pl.DataFrame]]]


@dataclass
class OpenedSource:
    """A Source (see pipelines.model): facts about the file and its table in blocks."""

    path: Path
    format: str
    encoding: str | None
    sheet: str | None
    header_row: int | None
    columns: tuple[str, ...]
    headings: tuple[str, ...]
    findings: pl.DataFrame
    sheets: tuple[SheetInfo, ...]
    size_bytes: int
    read: Blocks
    crs_hint: str | None = None
    sha256: str = field(init=False, repr=False)
    keep: Any = field(default=None, repr=False)  # what must live as long as the source

    def __getattr__(self, name: str) -> str:
        """sha256, the hex digest of the file as it lies on disk, is computed when somebody asks for it."""
        if name != "sha256":
            raise AttributeError(name)
        with self.path.open("rb") as file:
            self.sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        return self.sha256

    def blocks(self) -> Iterator[tuple[Table, pl.DataFrame]]:
        """The table in blocks with the findings of each block; reads the file again at each call."""
        return self.read()

    def records(self) -> Iterator[tuple[Table, pl.DataFrame]]:
        """As `blocks`, without the rows that are no records: headings that stand again, marks below the headings."""
        from pipelines.extract.repeats import only_records

        at_start = True
        for table, findings in self.read():
            kept, found = only_records(table, self.headings, at_start)
            at_start = at_start and not table.rows
            yield kept, pl.concat([findings, found]) if found.height else findings
