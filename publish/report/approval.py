"""A plan to the approval sheet: one A4 page, HTML or PDF, to print and attach to a 起案."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.errors import DeclarationError
from pipelines.model import Package
from publish.plan import ACTIONS, Change, Plan, summary_line
from publish.plan.wording import field_ja
from publish.plan.words import size_words
from publish.plan.written import plan_number
from publish.swap import write_atomically

MOST_ROWS = 14
MOST_MAPS = 3
MOST_FIELDS = 3
SIGN = ("起案者", "係長", "課長補佐", "課長")
HEADINGS = ("区分", "データセット", "時点", "件数(前→後)", "追加・変更・削除", "位置の移動", "送るファイル", "点検(誤り・注意)")
Point = tuple[float, float]


def write_sheet(
    path: Path, plan: Plan, packages: Mapping[str, Package], *, title: str, before: Mapping[str, Package] | None = None
) -> None:
    """Write the sheet as .html or .pdf. `before`: the packages that are public now, for row counts and maps."""
    facts = sheet_facts(plan, packages, title=title, before=before or {})
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


def sheet_facts(plan: Plan, packages: Mapping[str, Package], *, title: str, before: Mapping[str, Package]) -> dict[str, Any]:
    """Everything on the sheet as plain values: the same for HTML and PDF."""
    active = plan.active
    shown = active[:MOST_ROWS]
    mapped = sorted((c for c in active if c.action != "withdraw"), key=lambda c: -_moved(c))
    maps = [m for m in (_map(c, packages.get(c.name), before.get(c.name)) for c in mapped) if m][:MOST_MAPS]
    kept = sum(1 for c in plan.changes if c.action == "keep")
    return {
        "title": f"オープンデータ公開確認票({title})", "catalogue": plan.address, "made_at": plan.made_at.replace("T", " ")[:16],
        "made_by": plan.made_by, "number": plan_number(plan), "summary": summary_line(plan), "headings": HEADINGS,
        "rows": [_row(c, before.get(c.name)) for c in shown], "more": len(active) - len(shown), "kept": kept,
        "guard": [*_field_words(active), *_guard_words(active, packages)], "maps": maps, "sign": SIGN,
        "sample": any(c.facts.get("sample") for c in active),
        "withdrawn": [f"{c.name}: {c.said_why}({c.said_by})" for c in active if c.action == "withdraw"],
    }


def _moved(c: Change) -> int:
    return max((int(f.rows.get("moved", 0)) + int(f.rows.get("changed", 0)) for f in c.files if f.rows), default=0)


def _row(c: Change, before: Package | None) -> list[str]:
    rows = _summed(c)
    then = rows.get("before", before.descriptor["kokai"]["rows"] if before else 0)
    after = "0" if c.action == "withdraw" else f"{c.facts.get('rows', ''):,}" if c.facts else ""
    moved = f"{rows['moved']}件(最大{rows['moved_max_m']:,.0f} m)" if rows.get("moved") else "なし" if rows else "–"
    changes = f"{rows['added']}・{rows['changed']}・{rows['removed']}" if rows else "–"
    files = f"{len(c.uploads)}個 {size_words(sum(f.size_bytes for f in c.uploads))}" if c.uploads else "なし"
    checks = f"{c.facts.get('errors', '–')}・{c.facts.get('warnings', '–')}" if c.facts else "–"
    return [ACTIONS[c.action][0], f"{c.title} {c.name}", str(c.facts.get("as_of", "")), f"{then:,}→{after}", changes, moved,
            files, checks]


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
    words = [f"個人情報の点検: {len(checked)}件すべて済み。止めた値が残るものは計画に入りません。公開しない列{left_out}列。"]
    if allowed:
        words.append("理由を付けて公開を認めた列: " + "、".join(allowed))
    return words


def _map(c: Change, after: Package | None, before: Package | None) -> dict[str, Any] | None:
    new, old = _points(after), _points(before)
    if not new:
        return None
    everything = new + old
    west, east = min(p[0] for p in everything), max(p[0] for p in everything)
    south, north = min(p[1] for p in everything), max(p[1] for p in everything)
    span = max((east - west) * 0.83, north - south, 0.005)  # 0.83: length of a degree of longitude at 34° N
    middle = ((west + east) / 2, (south + north) / 2)

    def place(p: Point) -> Point:
        return round(0.5 + (p[0] - middle[0]) * 0.83 / span * 0.9, 4), round(0.5 - (p[1] - middle[1]) / span * 0.9, 4)

    return {"title": f"{c.title}", "before": [place(p) for p in old], "after": [place(p) for p in new],
            "words": f"前{len(old)}点 → 後{len(new)}点" if old else f"{len(new)}点(新規)"}


def _points(package: Package | None) -> list[Point]:
    """(longitude, latitude) in degrees of the newest table, at most 400."""
    if package is None:
        return []
    tables = [r for r in package.descriptor["resources"] if r["format"] == "csv"]
    newest = max(tables, key=lambda r: str(r["as_of"]), default=None)
    if newest is None:
        return []
    names = {f.get("rule"): f["name"] for f in reversed(newest["schema"]["fields"])}
    if "lat" not in names or "lon" not in names:
        return []
    folder = package.public if package.public.is_dir() else package.folder  # a released dataset has its files side by side
    frame = pl.read_csv(folder / newest["path"], infer_schema=False)
    made = frame.select(pl.col(names["lon"]).cast(pl.Float64, strict=False).alias("x"),
                        pl.col(names["lat"]).cast(pl.Float64, strict=False).alias("y")).drop_nulls()
    return [(float(x), float(y)) for x, y in made.gather_every(max(1, made.height // 400)).iter_rows()] if made.height else []


def sheet_html(facts: Mapping[str, Any]) -> str:
    """One A4 page to print from a browser."""
    from importlib.resources import files

    from jinja2 import Environment, StrictUndefined

    source = (files("publish") / "templates" / "report" / "approval.html.j2").read_text(encoding="utf-8")
    return Environment(autoescape=True, undefined=StrictUndefined).from_string(source).render(sheet=facts)


def sheet_pdf(facts: Mapping[str, Any]) -> bytes:
    """One A4 page with a font that every PDF reader brings; same plan, same bytes."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.pdfgen.canvas import Canvas

    pdfmetrics.registerFont(UnicodeCIDFont(FONT))
    held = io.BytesIO()
    canvas = Canvas(held, pagesize=(WIDTH, HEIGHT), invariant=1)
    canvas.setTitle(str(facts["title"]))
    _draw(canvas, facts)
    canvas.showPage()
    canvas.save()
    return held.getvalue()


FONT = "HeiseiKakuGo-W5"
WIDTH, HEIGHT = 595.28, 841.89
LEFT, RIGHT = 40.0, WIDTH - 40.0
COLUMNS = (30.0, 138.0, 50.0, 54.0, 62.0, 62.0, 60.0, 59.0)


def _cut(text: str, size: float, most: float) -> str:
    from reportlab.pdfbase.pdfmetrics import stringWidth

    if stringWidth(text, FONT, size) <= most:
        return text
    while text and stringWidth(text + "…", FONT, size) > most:
        text = text[:-1]
    return text + "…"


def _draw(canvas: Any, facts: Mapping[str, Any]) -> None:
    def say(x: float, y: float, text: str, size: float = 8, most: float = RIGHT - LEFT) -> None:
        canvas.setFont(FONT, size)
        canvas.drawString(x, HEIGHT - y, _cut(text, size, most))

    def line(x1: float, y1: float, x2: float, y2: float, width: float = 0.5) -> None:
        canvas.setLineWidth(width)
        canvas.line(x1, HEIGHT - y1, x2, HEIGHT - y2)

    say(LEFT, 52, facts["title"], 15, 330)
    say(LEFT, 70, f"公開先 {facts['catalogue']}", 8, 300)
    say(LEFT, 82, f"計画の番号 {facts['number']}  作った日時 {facts['made_at']}  作った人 {facts['made_by']}", 8, 320)
    for n, name in enumerate(facts["sign"]):
        x = RIGHT - 46.0 * (len(facts["sign"]) - n)
        canvas.setLineWidth(0.5)
        canvas.rect(x, HEIGHT - 92, 46, 52)
        line(x, 54, x + 46, 54)
        say(x + 4, 50, name, 7, 40)
    y = 112.0
    if facts["sample"]:
        say(LEFT, y, "見本のデータが入っています。この機械の外には公開できません。", 9)
        y += 14
    say(LEFT, y, "変わること: " + facts["summary"], 10)
    y += 10
    y = _table(say, line, facts, y)
    y += 16
    for words in [*facts["guard"], *(f"取下げの理由 {w}" for w in facts["withdrawn"][:4]),
                  f"このほか{facts['kept']}件は変わりません。"]:
        say(LEFT, y, words, 8)
        y += 13
    y += 4
    for n, m in enumerate(facts["maps"]):
        _draw_map(canvas, say, m, LEFT + n * 174.0, y, 166.0)
    say(LEFT, HEIGHT - 34, "備考:", 8)
    line(LEFT + 24, HEIGHT - 32, RIGHT, HEIGHT - 32)


def _table(say: Any, line: Any, facts: Mapping[str, Any], y: float) -> float:
    top = y
    line(LEFT, y, RIGHT, y, 1)
    for row in [facts["headings"], *facts["rows"]]:
        x = LEFT
        for width, cell in zip(COLUMNS, row, strict=True):
            say(x + 2, y + 12, cell, 6.8, width - 4)
            x += width
        y += 18
        line(LEFT, y, RIGHT, y, 1 if row is facts["headings"] else 0.3)
    if facts["more"]:
        say(LEFT + 2, y + 12, f"ほか{facts['more']}件(計画のファイルにすべてあります)", 7)
        y += 18
    line(LEFT, top, LEFT, y)
    line(RIGHT, top, RIGHT, y)
    return y


def _draw_map(canvas: Any, say: Any, m: Mapping[str, Any], x: float, y: float, side: float) -> None:
    say(x, y + 8, m["title"], 7, side)
    say(x, y + 18, m["words"] + "  ○前 ●後", 7, side)
    canvas.setLineWidth(0.4)
    canvas.rect(x, HEIGHT - y - 24 - side, side, side)
    for px, py in m["before"]:
        canvas.circle(x + px * side, HEIGHT - (y + 24 + py * side), 3, stroke=1, fill=0)
    for px, py in m["after"]:
        canvas.circle(x + px * side, HEIGHT - (y + 24 + py * side), 1.5, stroke=0, fill=1)
