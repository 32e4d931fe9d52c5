"""The distance of a file from each edition of its kind, as JSON and as text that a steward reads."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any, TextIO

from pipelines.checked import CheckResult
from pipelines.compare import EditionDistance, Upgrade

_SHOWN = 8


def editions_dict(editions: Sequence[EditionDistance]) -> list[dict[str, Any]]:
    """One object an edition, as README documents it; `upgrade` is null for the edition that the file follows."""
    return [
        {
            "edition": e.standard.edition, "title": _title(e), "current": e.current, "errors": e.errors,
            "warnings": e.warnings, "errors_after_fixes": e.errors_after_fixes,
            "missing_required": list(e.missing_required),
            "missing_probably_required": list(e.missing_probably_required), "columns_lost": list(e.unplaced),
            "upgrade": None if e.upgrade is None else _upgrade_dict(e.upgrade),
        }
        for e in editions
    ]


def _upgrade_dict(upgrade: Upgrade) -> dict[str, Any]:
    return {
        "errors": upgrade.errors,
        "to_fill": [{"field": f, "rows": n} for f, n in upgrade.to_fill],
        "to_fill_probably": [{"field": f, "rows": n} for f, n in upgrade.to_fill_probably],
        "to_correct": [{"field": f, "errors": n} for f, n in upgrade.to_correct],
        "lost": [{"field": f, "cells": n} for f, n in upgrade.lost],
        "derived": list(upgrade.derived),
    }


def _title(edition: EditionDistance) -> str:
    return str(edition.standard.schema.get("edition_title") or edition.standard.edition)


def editions_as_text(result: CheckResult, editions: Sequence[EditionDistance], out: TextIO | None = None) -> None:
    """A paragraph for each edition: errors, columns, and what an upgrade needs."""
    write = (out or sys.stdout).write
    if not editions:
        write("\n  版の比較: この種類にはくらべる版がありません。\n")
        return
    write(f"\n  【版の比較: {result.standard.title_ja}】\n")
    for e in editions:
        mark = "(この版のファイルです)" if e.current else ""
        write(f"  ● {_title(e)} [{e.standard.edition}]{mark}\n")
        write(f"    そのまま点検するとエラー{e.errors}件、注意{e.warnings}件。直した後のエラー{e.errors_after_fixes}件。\n")
        for words, names in (("必須の列がありません", e.missing_required),
                             ("必須とみられる列がありません", e.missing_probably_required),
                             ("この版に入る場所のない列", e.unplaced)):
            if names:
                write(f"    {words}: {_listed(names)}\n")
        if e.upgrade is not None:
            _write_upgrade(write, e.upgrade)


def _write_upgrade(write: Any, upgrade: Upgrade) -> None:
    write(f"    この版に変換すると、エラー{upgrade.errors}件が残ります。\n")
    for words, pairs, unit in (("入力が要る必須の項目", upgrade.to_fill, "行"),
                               ("入力が要るとみられる項目", upgrade.to_fill_probably, "行"),
                               ("直すところ", upgrade.to_correct, "件"),
                               ("失われる値", upgrade.lost, "セル")):
        if pairs:
            write(f"      {words}: {_listed([f'{name}({n}{unit})' for name, n in pairs])}\n")
    if upgrade.derived:
        write(f"      自動で入る項目: {_listed(upgrade.derived)}\n")


def _listed(names: Sequence[str]) -> str:
    more = f" ほか{len(names) - _SHOWN}" if len(names) > _SHOWN else ""
    return "、".join(names[:_SHOWN]) + more
