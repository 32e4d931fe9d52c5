"""What a caller says about a file to check, and the verdict on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from pipelines.model import Standard

Sink = Callable[[pl.DataFrame, Standard], None]
"""What takes the findings of a file as they come, with the standard that has their levels."""


@dataclass(frozen=True)
class CheckOptions:
    """What the caller says beforehand; None = told from the file."""

    kind: str | None = None
    edition: str | None = None
    schema: Path | None = None  # any Table Schema: then only it applies
    sheet: str | None = None
    header_row: int | None = None
    max_bytes: int | None = None
    local_schemas: Path | None = None
    sink: Sink | None = None  # takes the findings of each block instead of keeping


@dataclass(frozen=True)
class CheckResult:
    """The verdict on one file. `findings` and `fixes` have the columns of FINDINGS and FIXES."""

    file: str
    kind: str | None
    edition: str | None
    encoding: str | None
    format: str
    sheet: str | None
    header_row: int | None
    rows: int
    columns: tuple[tuple[str, str | None], ...]
    findings: pl.DataFrame
    fixes: pl.DataFrame
    errors: int
    warnings: int
    errors_after_fixes: int
    standard: Standard
