"""What one line of a ledger holds, and whether an entry has that form."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import polars as pl

AT = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\+09:00"
_AT = re.compile(AT)
PUBLIC_EVENTS = ("published", "updated", "adopted", "imported")
"""After these a dataset is public: published here, updated, taken over as it stood, imported from before Kokai."""
EVENTS = (*PUBLIC_EVENTS, "withdrawn", "approved", "noted")
ENTRIES: dict[str, Any] = {
    "seq": pl.Int64,
    "at": pl.String,  # YYYY-MM-DDTHH:MM:SS+09:00 (JST, so that text order is time order): when it happened
    "event": pl.String,  # one of EVENTS
    "body": pl.String,  # 全国地方公共団体コード
    "dataset": pl.String,  # id in the register (種類)
    "name": pl.String,  # package name
    "kind": pl.String,
    "title": pl.String,  # as published
    "section": pl.String,  # 所管課
    "catalogue": pl.String,
    "release": pl.String,
    "sha256": pl.String,  # of public/datapackage.json, which carries the hashes of all files
    "rows": pl.Int64,
    "files": pl.Int64,
    "periods": pl.Int64,  # dated files of one list (1 = not dated)
    "formats": pl.Int64,  # file formats of one list: csv, geojson ...
    "as_of": pl.String,
    "frequency": pl.String,
    "licence": pl.String,
    "url": pl.String,  # evidence
    "hosted": pl.Boolean,  # by the body itself, not only linked
    "generated": pl.Boolean,  # made from the register (オープンデータ一覧)
    "sample": pl.Boolean,
    "by": pl.String,
    "reason": pl.String,
    "recorded": pl.String,  # when the line was written, where that is later than `at`: history from before Kokai
}


def check_entry(entry: Mapping[str, Any]) -> None:
    """ValueError when an entry has an unknown key, an unknown event or a time that is not JST to the second."""
    unknown = set(entry) - set(ENTRIES)
    times = [str(entry.get("at"))] + ([str(entry["recorded"])] if entry.get("recorded") else [])
    if unknown or entry.get("event") not in EVENTS or not all(_AT.fullmatch(t) for t in times):
        raise ValueError(f"not a ledger entry: {sorted(unknown)} {entry.get('event')} {entry.get('at')}")


def write_line(prev: str, entry: Mapping[str, Any]) -> bytes:
    """One line: `prev` first, then what the entry says; UTF-8, ends in one line feed."""
    body = {k: v for k, v in entry.items() if v is not None}
    text = json.dumps({"prev": prev, **body}, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8") + b"\n"
