"""A scorecard to tables for statistics: one row a plan and fiscal year, one row a public dataset."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence

from publish.report.scorecard import Scorecard

Row = Mapping[str, object]


def progress_rows(score: Scorecard) -> list[Row]:
    """団体, 計画, 年度, 時点, the four numbers, 目標線, 差, 達成率, 前年度比, 評価案, 評価(決定), 見本."""
    rows: list[Row] = []
    for card in score.bodies:
        for plan in card.plans:
            for year in plan.years:
                counted, target = year.count, plan.plan.target
                rows.append({
                    "団体コード": card.body.code, "団体": card.body.name, "計画": plan.plan.title, "計画ID": plan.plan.id,
                    "年度": year.name, "年度(西暦)": year.year, "状態": year.state, "時点": year.day.isoformat(),
                    "単位": plan.plan.unit, "実績": year.value, "種類": counted.kinds if counted else None,
                    "データセット": counted.packages if counted else None, "ファイル": counted.files if counted else None,
                    "レコード": counted.records if counted else None, "目標線": year.line, "差": year.difference,
                    "目標": target.value if target else None,
                    "達成率(%)": round(100 * year.value / target.value, 1) if target and year.value is not None else None,
                    "前年度比": year.change, "評価案": year.grade,
                    "評価(決定)": score.filled.get(plan.plan, year.year, "grade"), "見本": int(score.sample),
                })
    return rows


def evidence_rows(score: Scorecard) -> list[Row]:
    """One row a public 種類: what, since when, where, how many, and its hash."""
    rows: list[Row] = []
    for card in score.bodies:
        for row in card.public.evidence.iter_rows(named=True):
            rows.append({
                "団体コード": card.body.code, "団体": card.body.name, "データセット": row["dataset"],
                "題名": card.titles.get(row["dataset"], ""), "標準の種類": row["kind"],
                "所管課": card.sections.get(row["dataset"], ""), "カタログ": " ".join(row["catalogues"]),
                "初回公開日": row["first"][:10], "最終更新日": row["last"][:10], "時点": row["as_of"],
                "更新頻度": row["frequency"], "更新の遅れ": int(row["stale"]), "ファイル": row["files"], "レコード": row["rows"],
                "ライセンス": row["licence"], "URL": row["url"], "SHA-256": row["sha256"], "取込": int(row["imported"]),
                "見本": int(bool(row["sample"]) or score.sample),
            })
    return rows


def csv_bytes(rows: Sequence[Row]) -> bytes:
    """UTF-8 with BOM and CRLF, as Excel opens it; text that Excel would take for a formula gets an apostrophe."""
    held = io.StringIO(newline="")
    if rows:
        writer = csv.DictWriter(held, list(rows[0]), lineterminator="\r\n")
        writer.writeheader()
        writer.writerows({k: _safe(v) for k, v in row.items()} for row in rows)
    return held.getvalue().encode("utf-8-sig")


def _safe(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value[:1] in "=+-@\t\r" and value[:1] else value
