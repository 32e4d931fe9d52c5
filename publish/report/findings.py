"""The verdict on a file as one JSON object, or as text that a clerk reads."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any, TextIO

import polars as pl

from pipelines.checked import CheckResult
from pipelines.words import render_frame

LEVEL_WORDS = {"error": "エラー", "warning": "注意", "info": "お知らせ"}
SHOWN_PER_CODE = 10


def check_dict(result: CheckResult) -> dict[str, Any]:
    """The verdict as the JSON object that README documents."""
    rendered = render_frame(result.findings, result.standard)
    columns = ["code", "level", "row", "field", "value", "message_ja", "message_en", "remedy"]
    return {
        "file": result.file,
        "kind": result.kind,
        "edition": result.edition,
        "encoding": result.encoding,
        "format": result.format,
        "sheet": result.sheet,
        "header_row": result.header_row,
        "rows": result.rows,
        "columns": [{"source": s, "standard": t} for s, t in result.columns],
        "findings": rendered.select(columns).to_dicts(),
        "fixes": result.fixes.select("row", "field", "before", "after", "rule", "applied").to_dicts(),
        "summary": {
            "errors": result.errors,
            "warnings": result.warnings,
            "fixes": int(result.fixes["applied"].sum() or 0),
            "errors_after_fixes": result.errors_after_fixes,
        },
    }


def check_as_json(result: CheckResult, out: TextIO | None = None, extra: Mapping[str, Any] | None = None) -> None:
    """One JSON object on one line; `extra` are further keys."""
    (out or sys.stdout).write(json.dumps({**check_dict(result), **(extra or {})}, ensure_ascii=False) + "\n")


def check_as_text(result: CheckResult, *, every: bool = False, out: TextIO | None = None) -> None:
    """What was read, the findings (at most ten of a code unless `every`), and what to do next."""
    write = (out or sys.stdout).write
    rendered = render_frame(result.findings, result.standard)
    kind = f"{result.standard.title_ja}（{result.kind}）" if result.kind else "種類は分かりません(共通の点検だけ)"
    place = [f"形式 {result.format}"]
    place += [f"文字コード {result.encoding}"] if result.encoding else []
    place += [f"シート「{result.sheet}」"] if result.sheet else []
    place += [f"見出しは{result.header_row}行目"] if result.header_row else []
    write(f"■ {result.file}\n  {kind}{' ' + result.edition if result.edition else ''}\n")
    write(f"  {'、'.join(place)}、データ {result.rows}行\n")
    for level in ("error", "warning", "info"):
        part = rendered.filter(pl.col("level") == level)
        if not part.height:
            continue
        write(f"\n  【{LEVEL_WORDS[level]} {part.height}件】\n")
        for (code,), group in part.group_by(["code"], maintain_order=True):
            shown = group.height if every else min(group.height, SHOWN_PER_CODE)
            for row in group.head(shown).iter_rows(named=True):
                write("  " + _one_line(row) + "\n")
            if shown < group.height:
                write(f"    … ほか{group.height - shown}件 [{code}](--all-findings で全部表示)\n")
    write("\n" + _closing(result) + "\n")


def _one_line(row: dict[str, Any]) -> str:
    where = f"{row['row']}行目 " if row["row"] is not None else ""
    where += f"{row['field']}: " if row["field"] else ""
    return f"{where}{row['message_ja']} [{row['code']}]"


def _closing(result: CheckResult) -> str:
    fixed = int(result.fixes["applied"].sum() or 0)
    waiting = result.fixes.height - fixed
    text = f"  まとめ: エラー{result.errors}件、注意{result.warnings}件。"
    if fixed:
        text += f"自動で直せるところ{fixed}か所。直した後のエラー{result.errors_after_fixes}件。"
    if waiting:
        text += f"意味が変わるため確認が必要な直し方{waiting}か所。"
    return text
