"""A plan to the approval sheet: one A4 page, HTML or PDF, to print and attach to a 起案."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from pipelines.errors import DeclarationError
from pipelines.model import Package
from publish.plan import ACTIONS, Change, Plan, summary_line
from publish.plan.wording import field_ja
from publish.plan.words import size_words
from publish.plan.written import plan_number
from publish.report.approval_map import Outline, map_facts
from publish.report.approval_pdf import sheet_pdf
from publish.swap import write_atomically

MOST_ROWS = 14
MOST_MAPS = 3
MOST_FIELDS = 3
SIGN = ("起案者", "係長", "課長補佐", "課長")
HEADINGS = ("区分", "データセット", "時点", "件数(前→後)", "追加・変更・削除", "位置の移動", "送るファイル", "点検(誤り・注意)")


def write_sheet(
    path: Path, plan: Plan, packages: Mapping[str, Package], *, title: str, before: Mapping[str, Package] | None = None,
    outlines: Mapping[str, Outline] | None = None,
) -> None:
    """Write the sheet as .html or .pdf. `before`: the packages that are public now, for row counts and maps.

    `outlines`: the boundary of each municipality by its code, for the maps.
    """
    facts = sheet_facts(plan, packages, title=title, before=before or {}, outlines=outlines)
    if path.suffix.lower() == ".pdf":
        data = sheet_pdf(facts)
    elif path.suffix.lower() in (".html", ".htm"):
        data = sheet_html(facts).encode()
    else:
        raise DeclarationError(
            "sheet-form", "確認票のファイル名は .html か .pdf にしてください。", "the sheet is .html or .pdf",
            todo_ja="例: --sheet 確認票.pdf", todo_en="For example --sheet sheet.pdf", where=str(path),
        )
    write_atomically(path, data)


def sheet_facts(
    plan: Plan, packages: Mapping[str, Package], *, title: str, before: Mapping[str, Package],
    outlines: Mapping[str, Outline] | None = None,
) -> dict[str, Any]:
    """Everything on the sheet as plain values: the same for HTML and PDF."""
    active, known = plan.active, outlines or {}
    mapped = sorted(active, key=lambda c: (c.action == "withdraw", -_moved(c)))
    maps = (map_facts(c, packages.get(c.name), before.get(c.name), known.get(c.code)) for c in mapped)
    kept = sum(1 for c in plan.changes if c.action == "keep")
    return {
        "title": f"オープンデータ公開確認票({title})", "catalogue": plan.address, "made_at": plan.made_at.replace("T", " ")[:16],
        "made_by": plan.made_by, "number": plan_number(plan), "summary": summary_line(plan), "headings": HEADINGS,
        "rows": [_row(c, before.get(c.name)) for c in active[:MOST_ROWS]], "more": max(0, len(active) - MOST_ROWS), "kept": kept,
        "guard": [*_field_words(active), *_guard_words(active, packages)], "sign": SIGN,
        "maps": list(islice((m for m in maps if m), MOST_MAPS)), "sample": any(_is_sample(c) for c in active),
        "withdrawn": [f"{c.name} 理由: {c.said_why.rstrip('。')}。決めた人: {c.said_by}" for c in active if c.action == "withdraw"],
    }


def _is_sample(c: Change) -> bool:
    return bool(c.facts.get("sample")) or c.title.startswith("【見本】")


def _moved(c: Change) -> int:
    return max((int(f.rows.get("moved", 0)) + int(f.rows.get("changed", 0)) for f in c.files if f.rows), default=0)


def _row(c: Change, before: Package | None) -> list[str]:
    rows = _summed(c)
    then = rows["before"] if rows else int(before.descriptor["kokai"]["rows"]) if before else 0 if c.action == "create" else None
    after = 0 if c.action == "withdraw" else c.facts.get("rows")
    moved = f"{rows['moved']}件(最大{rows['moved_max_m']:,.0f} m)" if rows.get("moved") else "なし" if rows else "–"
    changes = f"{rows['added']}・{rows['changed']}・{rows['removed']}" if rows else "–"
    files = f"{len(c.uploads)}個 {size_words(sum(f.size_bytes for f in c.uploads))}" if c.uploads else "なし"
    files = f"{len(c.files)}個を外します" if c.action == "withdraw" else files
    checks = f"{c.facts.get('errors', '–')}・{c.facts.get('warnings', '–')}" if c.facts else "–"
    return [ACTIONS[c.action][0], f"{c.title}\n{c.name}", str(c.facts.get("as_of", "")), f"{_count(then)}→{_count(after)}", changes,
            moved, files, checks]


def _count(rows: int | None) -> str:
    return "–" if rows is None else f"{rows:,}"


def _summed(c: Change) -> dict[str, Any]:
    """The row differences of a dataset's tables together (dated kinds have several)."""
    made: dict[str, Any] = {}
    for f in c.files:
        for name in ("before", "after", "added", "changed", "removed", "moved") if f.rows else ():
            made[name] = made.get(name, 0) + f.rows[name]
        if f.rows:
            made["moved_max_m"] = max(made.get("moved_max_m", 0.0), f.rows["moved_max_m"])
    return made


def _field_words(active: Sequence[Change]) -> list[str]:
    """Which fields of the description change, dataset by dataset; new ones have all of them."""
    told = []
    for c in active:
        names = [field_ja(f.field) for f in c.fields if f.field != "private"]
        names += [field_ja(f.field) for r in c.files if r.action == "update" for f in r.fields]
        if c.action in ("update", "adopt") and names:
            told.append(f"{c.name} {'・'.join(dict.fromkeys(names))}")
    more = f" ほか{len(told) - MOST_FIELDS}件" if len(told) > MOST_FIELDS else ""
    return [f"項目の変更: {'、'.join(told[:MOST_FIELDS])}{more}"] if told else []


def _guard_words(active: Sequence[Change], packages: Mapping[str, Package]) -> list[str]:
    """What the guard against personal data says of the datasets that go out."""
    checked = [packages[c.name] for c in active if c.name in packages]
    left_out = sum(p.manifest.get("findings_by_code", {}).get("guard-column-left-out", 0) for p in checked)
    allowed = [f"{p.name} {a.get('field', '')}: {a.get('reason', '')}" for p in checked for a in p.manifest.get("allowances", [])]
    words = []
    if checked:
        words.append(f"個人情報の点検: {len(checked)}件すべて済み。止めた値が残るものは計画に入りません。"
                     f"公開しない列{left_out}列。")
    if allowed:
        words.append("理由を付けて公開を認めた列: " + "、".join(allowed))
    return words


def sheet_html(facts: Mapping[str, Any]) -> str:
    """One A4 page to print from a browser."""
    from importlib.resources import files

    from jinja2 import Environment, StrictUndefined

    source = (files("publish") / "templates" / "report" / "approval.html.j2").read_text(encoding="utf-8")
    return Environment(autoescape=True, undefined=StrictUndefined).from_string(source).render(sheet=facts)
