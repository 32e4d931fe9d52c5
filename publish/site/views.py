"""From an item to what its page shows: preview rows, field list, downloads, dates in Japanese."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from functools import lru_cache
from pathlib import Path
from typing import Any

import polars as pl

from publish.metadata import FORMATS, Quality
from publish.site.drawing import draw_map, read_area
from publish.site.items import Item

JST = timezone(timedelta(hours=9), "JST")
PREVIEW_ROWS = 20
TYPES_JA = {
    "string": "文字",
    "number": "数値",
    "integer": "整数",
    "date": "日付",
    "time": "時刻",
    "datetime": "日時",
    "boolean": "真偽",
    "year": "年",
    "yearmonth": "年月",
    "duration": "期間",
}
MARKS_JA = {
    "required": ("◎", "必須"),
    "recommended": ("○", "推奨"),
    "optional": ("", "任意"),
    "unknown": ("", "任意"),
}
DUE_DAYS = {"daily": 1, "weekly": 7, "monthly": 31, "quarterly": 92, "semiannual": 183, "annual": 366}


@dataclass(frozen=True)
class FieldView:
    """One line of the field list."""

    name: str
    title_en: str
    mark: str
    mark_word: str
    type: str
    note: str
    choices: Sequence[str]
    filled_percent: int | None


@dataclass(frozen=True)
class FileView:
    """One download."""

    path: str
    title: str
    format: str
    size: str
    note: str
    sha256: str
    as_of: str


@dataclass(frozen=True)
class DatasetView:
    """Everything that templates show of one dataset, ready to print."""

    name: str
    title: str
    sample: bool
    body_name: str
    body_full_name: str
    code: str
    section: str
    description: str
    summary: str
    rows: str
    points: str
    as_of: str
    as_of_iso: str
    due_iso: str
    due: str
    frequency: str
    modified: str
    issued: str
    licence: Mapping[str, str]
    edition: str
    local: bool
    keywords: Sequence[str]
    credits: Sequence[str]
    files: Sequence[FileView]
    periods: int
    shown_as_of: str
    newest: Sequence[FileView]
    columns: Sequence[str]
    preview: Sequence[Sequence[str]]
    fields: Sequence[FieldView]
    map_svg: str
    map_note: str
    points_count: int
    filled: Sequence[str]
    filled_count: int
    quality: Quality | None
    identifier: str
    contact: Mapping[str, str]

    @property
    def search_text(self) -> str:
        """The words that the index's search box looks through."""
        return " ".join([self.title, self.body_full_name, self.section, *self.keywords, *self.columns]).lower()


def make_view(item: Item, *, with_data: bool = True, quality: Quality | None = None) -> DatasetView:
    """The view of one item; `with_data` reads its newest CSV for preview, fill rates and map."""
    d, k, body = item.published.package.descriptor, item.published.package.descriptor["kokai"], item.published.body
    tables = [r for r in d["resources"] if r["format"] == "csv"]
    newest = max(tables, key=lambda r: (r["as_of"], r["path"]))
    frame = _read(item, newest["path"]) if with_data else pl.DataFrame()
    area = read_area(body.folder) if with_data and k["points"] else None
    words = precision_words()
    filled = k.get("filled_points", [])
    records = {r: words[f["precision"]] for f in filled for r in f["records"]}
    drawn = draw_map(frame, newest["schema"]["fields"], area, filled=records) if with_data and k["points"] else None
    prefix = f"【{body.name}】"
    title = d["title"].removeprefix("【見本】").removeprefix(prefix)
    as_of = date.fromisoformat(k["as_of"])
    due = as_of + timedelta(days=DUE_DAYS[k["frequency"]]) if k["frequency"] in DUE_DAYS else None
    licence = d["licenses"][0]
    return DatasetView(
        name=d["name"],
        title=title,
        sample=k["sample"],
        body_name=body.name,
        body_full_name=body.full_name,
        code=body.code,
        section=k["section"],
        description=d["description"],
        summary=k["summary"] or d["description"],
        rows=f"{k['rows']:,}",
        points=f"{k['points']:,}" if k["points"] else "",
        as_of=day_ja(as_of),
        as_of_iso=k["as_of"],
        due_iso=due.isoformat() if due else "",
        due=f"{due.year}年{due.month}月" if due else "",
        frequency=k["frequency_ja"],
        modified=moment_ja(item.published.modified),
        issued=moment_ja(item.published.issued),
        licence={"title": licence.get("title", licence["name"]), "url": licence.get("path", ""), "id": licence["name"]},
        edition=k["edition_title"],
        local=k["local"],
        keywords=d["keywords"],
        credits=k["credits"],
        files=[_file(r) for r in sorted(d["resources"], key=lambda r: str(r["as_of"]), reverse=True)],
        periods=len(tables),
        shown_as_of=day_ja(date.fromisoformat(newest["as_of"])),
        newest=[_file(r) for r in d["resources"] if r["path"].rsplit(".", 1)[0] == newest["path"].removesuffix(".csv")],
        columns=[f["name"] for f in newest["schema"]["fields"]],
        preview=[[c or "" for c in row] for row in frame.head(PREVIEW_ROWS).iter_rows()],
        fields=[_field(f, frame) for f in newest["schema"]["fields"]],
        map_svg=drawn.svg if drawn else "",
        map_note=drawn.note if drawn else "",
        points_count=k["points"],
        filled=[f"{words[f['precision']]} {f['count']:,}件" for f in filled],
        filled_count=sum(f["count"] for f in filled),
        quality=quality,
        identifier=d["id"],
        contact={
            "section": body.contact.section,
            "tel": body.contact.tel,
            "email": body.contact.email,
            "url": body.contact.url,
        },
    )


def day_ja(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def moment_ja(moment: datetime) -> str:
    """The day in Japan of a moment."""
    return day_ja(moment.astimezone(JST).date())


def _read(item: Item, path: str) -> pl.DataFrame:
    return pl.read_csv(item.files / path, infer_schema=False, encoding="utf8")


def _file(r: Mapping[str, Any]) -> FileView:
    return FileView(
        path=r["path"],
        title=r["title"],
        format=FORMATS[r["format"]][0],
        size=size_ja(r["bytes"]),
        note=r["description"],
        sha256=str(r["hash"]).removeprefix("sha256:"),
        as_of=r["as_of"],
    )


def size_ja(size_bytes: int) -> str:
    if size_bytes < 1024:
        return f"{size_bytes} B"
    if size_bytes < 1024 * 1024:
        return f"{size_bytes / 1024:.1f} KB"
    return f"{size_bytes / 1024 / 1024:.1f} MB"


@lru_cache(maxsize=1)
def rule_words() -> Mapping[str, str]:
    """Value rule of the standard -> how the values are written, for readers of the data."""
    read: Mapping[str, str] = json.loads(Path(__file__).with_name("rules.json").read_text(encoding="utf-8"))["rules"]
    return read


@lru_cache(maxsize=1)
def precision_words() -> Mapping[str, str]:
    """Precision of a point that was found from the address -> how the page says it."""
    read = json.loads(Path(__file__).with_name("rules.json").read_text(encoding="utf-8"))
    return {str(k): str(v) for k, v in read["precisions"].items()}


def _field(spec: Mapping[str, Any], frame: pl.DataFrame) -> FieldView:
    requirement = spec.get("requirement", {})
    mark, word = MARKS_JA.get(requirement.get("mark", "unknown"), MARKS_JA["unknown"])
    if requirement.get("basis") == "inferred" and mark:
        word += "（推定）"
    filled = None
    if spec["name"] in frame.columns and frame.height:
        filled = round(100 * (frame.height - frame[spec["name"]].null_count()) / frame.height)
    return FieldView(
        name=spec["name"],
        title_en=spec.get("title_en", ""),
        mark=mark,
        mark_word=word,
        type=TYPES_JA.get(spec["type"], spec["type"]),
        note=spec.get("description") or rule_words().get(str(spec.get("rule")), ""),
        choices=[str(c) for c in spec.get("constraints", {}).get("enum", [])],
        filled_percent=filled,
    )
