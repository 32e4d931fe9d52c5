"""What every machine report has in common: findings come in, masked and with their words, file by file."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import BinaryIO

import polars as pl

from pipelines.checked import CheckResult
from pipelines.errors import KokaiError
from pipelines.guard import mask_findings
from pipelines.model import Standard
from pipelines.words import render_frame


class Report(ABC):
    """A report on several files, written to `out` at the latest by `close`."""

    def __init__(self, out: BinaryIO) -> None:
        self.out = out

    def take(self, file: str, findings: pl.DataFrame, standard: Standard) -> None:
        """Some findings of a file (columns of FINDINGS), before its `add`; may be called many times."""
        if findings.height:
            self._take(file, render_frame(mask_findings(findings), standard))

    def add(self, result: CheckResult) -> None:
        """A file is done: the findings that its result still holds, and what is known about the file."""
        self.take(result.file, result.findings, result.standard)
        self._done(result)

    @abstractmethod
    def add_stop(self, file: str, error: KokaiError) -> None:
        """A file that could not be read."""

    @abstractmethod
    def close(self) -> None:
        """Write what is not yet written."""

    @abstractmethod
    def _take(self, file: str, rendered: pl.DataFrame) -> None: ...

    @abstractmethod
    def _done(self, result: CheckResult) -> None: ...
