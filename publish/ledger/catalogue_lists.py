"""What a catalogue says of itself (an answer of CKAN, an オープンデータ一覧) to rows of a history."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from pipelines.values.dates import is_iso_date, iso_date

JST = timezone(timedelta(hours=9))
LIST_HEADINGS = frozenset({"データ名称", "データセット_タイトル"})
"""Only an オープンデータ一覧 (of the old or the new edition) has one of these."""


@dataclass(frozen=True)
class HistoryRow:
    """One row of a history as text by the keys of HEADINGS, and where it stands in the file."""

    row: int
    values: Mapping[str, str]


def ckan_rows(data: bytes) -> Iterator[HistoryRow]:
    """CKAN's answer: a dataset is public since it was made, and updated when its newest file came (times in UTC).

    ValueError, KeyError or TypeError when it is not an answer of `package_search`.
    """
    for i, item in enumerate(json.loads(data)["result"]["results"], start=1):
        resources = item.get("resources") or []
        formats = {str(r.get("format", "")).lower() for r in resources} - {""}
        told = {
            "title": str(item.get("title") or item["name"]), "dataset": "", "name": str(item["name"]),
            "files": str(len(resources)), "formats": str(max(len(formats), 1)),
            "licence": str(item.get("license_id") or ""), "url": str(item.get("url") or ""),
        }
        newest = max((_jst_day(str(r["last_modified"])) for r in resources if r.get("last_modified")), default="")
        yield from _public_since(i, told, _jst_day(str(item["metadata_created"])), newest)


def list_rows(rows: Sequence[HistoryRow]) -> Iterator[HistoryRow]:
    """An オープンデータ一覧, one row a file or a dataset, to one history a dataset.

    A list that does not say since when (登録日, 公開日) says at least that the dataset was public on its 最終更新日.
    """
    found: dict[tuple[str, str], list[HistoryRow]] = {}
    for row in rows:
        name = row.values.get("name") or row.values.get("title", "")
        found.setdefault((row.values.get("body", ""), name), []).append(row)
    for own in found.values():
        first = own[0].values
        formats = {f.lower() for r in own for f in re.split(r"[;,、・/\s]+", r.values.get("format", "")) if f}
        told = {**first, "files": str(len(own)), "formats": str(max(len(formats), 1))}
        day, changed = (_iso(first.get(key, "")) for key in ("day", "changed"))
        yield from _public_since(own[0].row, told, day or changed, changed)


def _public_since(row: int, told: Mapping[str, str], day: str, changed: str) -> Iterator[HistoryRow]:
    yield HistoryRow(row, {**told, "day": day})
    if changed > day:
        yield HistoryRow(row, {**told, "day": changed, "event": "更新"})


def _iso(text: str) -> str:
    return text if is_iso_date(text) else iso_date(text) or text


def _jst_day(stamp: str) -> str:
    """The Japanese day of CKAN's time stamp, which is UTC without saying so: an evening's work is the next morning's."""
    read = datetime.fromisoformat(stamp)
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(JST).date().isoformat()
