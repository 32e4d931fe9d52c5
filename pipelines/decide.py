"""The findings of a dataset to ready or held back, with the reasons; the release gate stands here too."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from pipelines.expect import check_release
from pipelines.findings import count_levels
from pipelines.guard import is_stop
from pipelines.model import ROW, Dataset, Standard, Table, findings_frame
from pipelines.package import ResourceData


@dataclass(frozen=True)
class Reason:
    """Why a dataset is held back or failed: a code and words in two languages."""

    code: str
    ja: str
    en: str


def pass_gate(
    dataset: Dataset, standard: Standard, name: str, resources: Sequence[ResourceData], last_folder: Path | None
) -> pl.DataFrame:
    """The release gate of the newest resource against the last release: findings, none where nothing is to compare."""
    if not resources:
        return findings_frame()
    newest = max(resources, key=lambda r: r.as_of)
    last = _last_table(last_folder, name, newest.stamp)
    if last is None and not dataset.expect:
        return findings_frame()
    verdict = check_release(newest.table, last, standard=standard, expect=dataset.expect, dataset_name=name)
    return verdict.findings


def _last_table(folder: Path | None, name: str, stamp: str | None) -> Table | None:
    if folder is None:
        return None
    path = folder / (f"{name}_{stamp}.csv" if stamp else f"{name}.csv")
    if not path.exists():
        return None
    frame = pl.read_csv(path, infer_schema=False)
    rows = pl.Series(ROW, range(2, frame.height + 2), dtype=pl.Int64)
    return Table(frame.insert_column(0, rows))


def reasons_to_hold(
    dataset: Dataset, standard: Standard, name: str, findings: pl.DataFrame, approved: Collection[str]
) -> list[Reason]:
    """Why a dataset is held back: guard's stops always, errors unless the declaration lifts them, the gate unless
    a person approved it."""
    stops = sum(n for code, n in findings.group_by("code").len().iter_rows() if is_stop(code))
    gates = findings.filter(pl.col("code").str.starts_with("release-"))
    gate_errors = count_levels(gates, standard)["error"]
    stop_errors = count_levels(findings.filter(pl.col("code").is_in(_stop_codes(findings))), standard)["error"]
    errors = count_levels(findings, standard)["error"] - gate_errors - stop_errors
    reasons = []
    if stops:
        reasons.append(Reason(
            "held-guard", f"公開してはいけないおそれのある値が{stops}か所あります(伏せ字にしました)。",
            f"{stops} values that may not leave the house were stopped and masked"))
    if errors and not dataset.publish_with_errors:
        reasons.append(Reason(
            "held-errors", f"直した後もエラーが{errors}件残っています。", f"{errors} errors are left after fixes"))
    if gate_errors and name not in approved:
        reasons.append(Reason(
            "held-gate", f"前回の公開から大きく変わっています。確認のうえ kokai approve {name} で承認してください。",
            f"it changed much since the last release; after a look, kokai approve {name}"))
    return reasons


def _stop_codes(findings: pl.DataFrame) -> list[str]:
    return [c for c in findings["code"].unique().to_list() if is_stop(c)]
