"""The register and the packages on disk to what is not public yet: drafts with errors left, and planned data."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.model import Dataset
from publish.kpi import Draft


def read_drafts(
    register: Sequence[Dataset], packages: Path, public: pl.DataFrame, name_of: Callable[[Dataset], str]
) -> list[Draft]:
    """A Draft for every register entry that is planned, not built, held back, or ready but not public.

    `public` has a column `dataset`: what already counts. A held package of public data is a draft
    too: its last release stays public, the new one waits.
    """
    live = set(public["dataset"].to_list())
    found = []
    for dataset in register:
        if dataset.planned:
            if dataset.id not in live:
                found.append(_draft(dataset, "planned"))
            continue
        manifest = _manifest(packages / name_of(dataset))
        if manifest is None:
            if dataset.id not in live:
                found.append(_draft(dataset, "unbuilt"))
            continue
        status = str(manifest.get("status", "ready"))
        if status == "ready" and dataset.id in live:
            continue
        counts = manifest.get("counts", {})
        reasons = tuple(str(r["ja"]) for r in manifest.get("reasons", ()))
        found.append(_draft(dataset, status, int(counts.get("errors", 0)), int(counts.get("warnings", 0)), reasons))
    return found


def _manifest(folder: Path) -> dict[str, Any] | None:
    path = folder / "record" / "manifest.json"
    if not path.is_file():
        return None
    read: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return read


def _draft(dataset: Dataset, status: str, errors: int = 0, warnings: int = 0, reasons: tuple[str, ...] = ()) -> Draft:
    return Draft(dataset.body.code, dataset.id, dataset.kind, dataset.title.removeprefix("【見本】"), dataset.section,
                 status, errors, warnings, reasons)
