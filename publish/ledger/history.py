"""A CSV of what was public before Kokai, or a catalogue's own list, to ledger entries marked as imported."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.declare import SAMPLE_MARK
from pipelines.errors import SourceError
from pipelines.values.codes import is_lgcode
from pipelines.values.dates import is_iso_date, iso_date
from publish.ledger.catalogue_lists import LIST_HEADINGS, HistoryRow, ckan_rows, list_rows

MAX_BYTES = 64 << 20
LIST_KIND = "opendata_list"  # whether it counts is the setting generated_lists, also where a person made it
HEADINGS = {
    "body": ("団体コード", "全国地方公共団体コード", "都道府県コード又は市区町村コード", "body"),
    "dataset": ("データセット", "dataset", "id"),
    "title": ("題名", "データセット_タイトル", "データ名称", "title"),
    "name": ("データセット_ID",),
    "day": ("日付", "公開日", "データセット_公開日", "データセット_登録日", "登録日", "date"),
    "changed": ("最終更新日", "データセット_最終更新日"),
    "format": ("データ形式", "ファイル形式"),
    "event": ("できごと", "event"),
    "catalogue": ("カタログ", "catalogue"),
    "rows": ("件数", "rows"),
    "files": ("ファイル数", "files"),
    "periods": ("年度版の数", "periods"),
    "formats": ("形式の数", "formats"),
    "as_of": ("時点", "as_of"),
    "frequency": ("更新頻度", "データセット_更新頻度", "frequency"),
    "licence": ("ライセンス", "データセット_ライセンス", "ファイル_ライセンス", "licence"),
    "url": ("URL", "データセット_URL", "url"),
    "section": ("所管課", "section"),
    "hosted": ("自団体で公開", "hosted"),
    "generated": ("自動作成", "generated"),
    "sample": ("見本", "sample"),
    "reason": ("理由", "reason"),
}
"""Headings of the CSV, the first of each the one that docs/kpi.md shows; オープンデータ一覧 is read with its own."""
EVENT_WORDS = {
    "": "imported", "公開": "imported", "新規": "imported", "imported": "imported", "published": "imported",
    "更新": "updated", "updated": "updated", "取下げ": "withdrawn", "取り下げ": "withdrawn", "withdrawn": "withdrawn",
}
FREQUENCY_WORDS = {
    "毎日": "daily", "1日1回": "daily", "1日ごと": "daily", "毎週": "weekly", "1週1回": "weekly", "1週間ごと": "weekly",
    "毎月": "monthly", "1月1回": "monthly", "1か月ごと": "monthly", "四半期": "quarterly", "1年4回": "quarterly",
    "四半期ごと": "quarterly", "3か月ごと": "quarterly", "半年": "semiannual", "1年2回": "semiannual", "半年ごと": "semiannual",
    "6か月ごと": "semiannual", "毎年": "annual", "年1回": "annual", "1年1回": "annual", "1年ごと": "annual",
    "随時": "as-needed", "不定期": "irregular", "更新予定なし": "never",
}
YES = {"1", "○", "〇", "はい", "true", "yes", "有"}
NO = {"", "0", "×", "いいえ", "false", "no", "無"}


def read_history(path: Path) -> list[HistoryRow]:
    """Rows of a CSV (UTF-8 or Shift_JIS; an オープンデータ一覧 too), or of CKAN's `package_search` answer saved as JSON.

    SourceError when the file is too large, not readable, or has no column of days or datasets.
    """
    if path.stat().st_size > MAX_BYTES:
        raise _wrong(path.name, 0, "ファイルが大きすぎます。", "the file is too large", "分けてください。", "Split it.")
    data = path.read_bytes()
    if path.suffix.lower() == ".json":
        try:
            return list(ckan_rows(data))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise _wrong(path.name, 0, "CKAN の package_search の結果ではありません。", "not an answer of CKAN's package_search",
                         "api/3/action/package_search の結果を保存したものを指定してください。",
                         "Name a saved answer of api/3/action/package_search.") from None
    reader = csv.reader(io.StringIO(_decoded(path.name, data), newline=""))
    headings = [h.strip() for h in next(reader, [])]
    known = {h: key for key, names in HEADINGS.items() for h in names}
    places = {known[h]: i for i, h in enumerate(headings) if h in known}
    if "day" not in places or not {"dataset", "title"} & set(places):
        raise _wrong(
            path.name, 1, "「日付」と「データセット」(または「題名」)の列がありません。",
            "there is no column 日付 (date) or データセット (dataset) or 題名 (title)",
            "1行目の見出しを 団体コード,データセット,日付,できごと,カタログ,件数,… にしてください(docs/kpi.md)。",
            "See docs/kpi.md for the headings.")
    rows = []
    for cells in reader:
        if any(c.strip() for c in cells):
            values = {key: cells[i].strip() for key, i in places.items() if i < len(cells)}
            rows.append(HistoryRow(reader.line_num, values))
    return list(list_rows(rows)) if LIST_HEADINGS & set(headings) else rows


def _decoded(name: str, data: bytes) -> str:
    for encoding in ("utf-8-sig", "cp932"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise _wrong(name, 0, "文字コードを読めません。", "neither UTF-8 nor Shift_JIS",
                 "Excel で「CSV UTF-8」として保存し直してください。", "Save it anew as CSV UTF-8.")


def history_entries(
    rows: Sequence[HistoryRow], *, file: str, source_sha256: str, now: datetime, by: str, body: str = "",
    catalogue: str = "", sample: bool = False, dataset_of: Callable[[str, str], tuple[str, str] | None],
) -> list[dict[str, Any]]:
    """Ledger entries for a history, in order of time. `dataset_of(body, id or title)` gives (dataset id, kind).

    Every entry says when it was `recorded`, by whom and from which file (sha256 in `reason`).
    SourceError names the first row with a missing or unknown body, day, event, catalogue, number
    or dataset: nothing is guessed and nothing is left out.
    """
    recorded = now.strftime("%Y-%m-%dT%H:%M:%S+09:00")
    made: list[dict[str, Any]] = []
    unknown: dict[str, int] = {}  # what is called by no name of the register, and its first row
    for row in rows:
        read = _Cells(file, row)
        code = read.text("body") or body
        code = code if len(code) == 6 or not is_lgcode(f"{code:0>6}") else f"{code:0>6}"
        if not is_lgcode(code):
            raise read.wrong("団体コード", code, "6桁の全国地方公共団体コードを入力してください。", "a six-digit code")
        names = [n for n in ((read.text("dataset"),) if read.text("dataset") else (read.text("title"), read.text("name"))) if n]
        found = next((f for f in (dataset_of(code, name) for name in names) if f is not None), None)
        if found is None:
            unknown.setdefault(names[0] if names else "", row.row)
            continue
        place = read.text("catalogue") or catalogue
        if not place:
            raise read.wrong("カタログ", "", "datasets/catalogues.yml にある名前を入力してください。", "a catalogue's name")
        dataset, kind = found
        event = EVENT_WORDS.get(read.text("event"))
        if event is None:
            raise read.wrong("できごと", read.text("event"), "公開・更新・取下げのどれかを入力してください。",
                             "公開, 更新 or 取下げ")
        reason = f"取り込み: {file}({row.row}行目、sha256 {source_sha256[:16]})"
        made.append({
            "at": f"{read.day('day')}T00:00:00+09:00", "event": event, "body": code, "dataset": dataset,
            "name": read.text("name") or f"{code}_{dataset}", "kind": kind, "title": read.text("title") or None,
            "section": read.text("section") or None, "catalogue": place,
            "rows": read.number("rows"), "files": read.number("files", 1), "periods": read.number("periods", 1),
            "formats": read.number("formats", 1), "as_of": read.day("as_of") if read.text("as_of") else None,
            "frequency": read.frequency(), "licence": read.text("licence") or None, "url": read.text("url") or None,
            "hosted": read.yes("hosted", True), "generated": read.yes("generated", kind == LIST_KIND),
            "sample": read.yes("sample", sample or read.text("title").startswith(SAMPLE_MARK)), "by": by,
            "reason": f"{read.text('reason')}({reason})" if read.text("reason") else reason, "recorded": recorded,
        })
    if unknown:
        raise _unknown_datasets(file, unknown)
    return sorted(made, key=lambda e: str(e["at"]))


def _unknown_datasets(file: str, unknown: Mapping[str, int]) -> SourceError:
    """All names at once, so that one look at the register is enough."""
    told = "、".join(f"{row}行目「{name}」" for name, row in list(unknown.items())[:20])
    more = f" ほか{len(unknown) - 20}件" if len(unknown) > 20 else ""
    first = next(iter(unknown.values()))
    return _wrong(
        file, first, f"データセットが登録簿にありません: {told}{more}",
        f"{len(unknown)} datasets are neither in the register nor kinds of the standard: {', '.join(list(unknown)[:20])}",
        "「データセット」の列に、登録簿(datasets/)の名前か標準の種類の名前を入力してください。独自のデータは、先に登録簿に加えます。",
        "Name an id of the register or of a standard kind in the column データセット; add local data to the register first.")


def without_known(entries: Sequence[Mapping[str, Any]], ledger: pl.DataFrame) -> list[Mapping[str, Any]]:
    """The entries that the ledger does not hold yet: importing the same list twice adds nothing."""
    keys = ("at", "event", "body", "dataset", "catalogue")
    known = set(ledger.select(keys).iter_rows())
    return [e for e in entries if tuple(e[k] for k in keys) not in known]


def file_sha256(path: Path) -> str:
    """The sha256 of a file, hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


@dataclass(frozen=True)
class _Cells:
    file: str
    row: HistoryRow

    def text(self, key: str) -> str:
        return self.row.values.get(key, "")

    def wrong(self, heading: str, value: str, todo_ja: str, todo_en: str) -> SourceError:
        return _wrong(self.file, self.row.row, f"{heading}「{value}」を読めません。", f"{heading} {value!r} is not usable",
                      todo_ja, f"Wanted: {todo_en}.")

    def day(self, key: str) -> str:
        text = self.text(key)
        found = text if is_iso_date(text) else iso_date(text)
        if found is None:
            raise self.wrong(HEADINGS[key][0], text, "2024-04-01 や 令和6年4月1日 のように入力してください。",
                             "a day such as 2024-04-01")
        return found

    def number(self, key: str, default: int | None = None) -> int | None:
        text = self.text(key).replace(",", "")
        if not text:
            return default
        if not text.isascii() or not text.isdigit():
            raise self.wrong(HEADINGS[key][0], text, "半角の数字で入力してください。", "a number")
        return int(text)

    def yes(self, key: str, default: bool) -> bool:
        text = self.text(key).lower()
        if key not in self.row.values or (text == "" and default):
            return default
        if text not in YES | NO:
            raise self.wrong(HEADINGS[key][0], text, "○ か × を入力してください。", "○ or ×")
        return text in YES

    def frequency(self) -> str | None:
        text = self.text("frequency")
        if text and text not in FREQUENCY_WORDS and text not in FREQUENCY_WORDS.values():
            raise self.wrong("更新頻度", text, "毎日・毎週・毎月・四半期・半年・毎年・随時・不定期・更新予定なし のどれかです。",
                             "daily, weekly, monthly, quarterly, semiannual, annual, as-needed, irregular or never")
        return FREQUENCY_WORDS.get(text, text) or None


def _wrong(file: str, row: int, ja: str, en: str, todo_ja: str, todo_en: str) -> SourceError:
    place = f"{file} {row}行目" if row else file
    return SourceError("history-unreadable", ja, en, todo_ja=todo_ja, todo_en=todo_en, where=place)
