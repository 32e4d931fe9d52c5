"""From findings, fixes and counts to the files of `record/`, which never leave for a catalogue."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from pipelines import __version__
from pipelines.messages import level_of, rule_text
from pipelines.model import Dataset, Standard
from pipelines.words import render_frame


def write_findings(path: Path, findings: pl.DataFrame, standard: Standard) -> None:
    """findings.csv: code, level, row, field, value, remedy, params and the sentence in both languages."""
    ordered = findings.sort("row", "field", "code", "value", nulls_last=False, maintain_order=True)
    columns = ["code", "level", "row", "field", "value", "remedy", "params", "message_ja", "message_en"]
    _write_csv(path, render_frame(ordered, standard).select(columns))


def write_fixes(path: Path, fixes: pl.DataFrame) -> None:
    """fixes.csv: row, field, before, after, rule, applied and the rule's words, sorted by place."""
    ordered = fixes.sort("row", "field", "rule", "before", nulls_last=False, maintain_order=True)
    words = {rule: rule_text(rule, "ja") for rule in ordered["rule"].unique().to_list()}
    text = pl.Series("rule_ja", [words[r] for r in ordered["rule"]], dtype=pl.String)
    _write_csv(path, ordered.with_columns(text))


def _write_csv(path: Path, frame: pl.DataFrame) -> None:
    frame.write_csv(path, include_bom=True, line_terminator="\r\n")


def make_manifest(
    dataset: Dataset,
    standard: Standard,
    *,
    name: str,
    status: str,
    reasons: Sequence[Mapping[str, str]],
    findings: pl.DataFrame,
    fixes: pl.DataFrame,
    rows: int,
    points: int,
    sources: Sequence[Mapping[str, Any]],
    counts: Mapping[str, int],
    public_sha256: str,
    sample: bool,
) -> dict[str, Any]:
    """manifest.json: whether the package may be published and why not, and the counts behind that."""
    levels = {"error": 0, "warning": 0, "info": 0}
    by_code: dict[str, int] = {}
    for code, number in findings.group_by("code").len().sort("code").iter_rows():
        by_code[code] = number
        levels[level_of(code, standard)] += number
    by_rule = dict(fixes.filter(pl.col("applied")).group_by("rule").len().sort("rule").iter_rows())
    canonical = json.dumps(standard.schema, ensure_ascii=False, sort_keys=True).encode()
    return {
        "name": name,
        "dataset": dataset.id,
        "code": dataset.body.code,
        "kind": standard.kind,
        "edition": standard.edition,
        "as_of": dataset.as_of,
        "status": status,
        "reasons": [dict(r) for r in reasons],
        "publish_with_errors": dataset.publish_with_errors,
        "sample": sample,
        "counts": {
            "rows": rows,
            "points": points,
            "errors": levels["error"],
            "warnings": levels["warning"],
            "infos": levels["info"],
            "fixes": sum(by_rule.values()),
            "fixes_waiting": fixes.filter(~pl.col("applied")).height,
            **counts,
        },
        "findings_by_code": by_code,
        "fixes_by_rule": by_rule,
        "allowances": [{"field": a.field, "code": a.code, "reason": a.reason} for a in dataset.allowances],
        "sources": [dict(s) for s in sources],
        "schema_sha256": hashlib.sha256(canonical).hexdigest(),
        "public_sha256": public_sha256,
        "kokai_version": __version__,
    }
