"""From the register of a body to its オープンデータ一覧, the list about the lists, in either edition."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from pipelines.model import Dataset, Municipality, Standard, Table

_CATEGORIES = Path(__file__).with_name("opendata_list.json")
_TIMES = {
    "daily": "1日1回",
    "weekly": "1週1回",
    "monthly": "1月1回",
    "quarterly": "1年4回",
    "semiannual": "1年2回",
    "annual": "1年1回",
    "as-needed": "随時",
    "irregular": "不定期",
    "never": "更新予定なし",
}


@lru_cache(maxsize=1)
def _table() -> Mapping[str, Any]:
    read: Mapping[str, Any] = json.loads(_CATEGORIES.read_text(encoding="utf-8"))
    return read


def category_of(kind: str) -> str:
    """分類 of a kind (one of the 17 of recommended-v1); その他 for a kind that the table does not have."""
    table = _table()
    return str(table["categories"].get(kind, table["other"]))


def opendata_list_rows(
    datasets: Sequence[Dataset], standards: Mapping[str, Standard], body: Municipality, standard: Standard
) -> Table:
    """One row per file of the register's data sets, with every column of `standard` in official order.

    `standards` has the Standard of each dataset by its id. Planned datasets are left out, because
    nothing is public yet. Which columns are filled: sheet 06 of the municipal standard and sheet 14
    of the recommended one; what the register does not know (size, first publication) stays blank.
    """
    rows: list[list[str | None]] = []
    for dataset in sorted((d for d in datasets if not d.planned), key=lambda d: _order(d, standards[d.id])):
        own = standards[dataset.id]
        stamped: list[tuple[str | None, str]] = [(p.stamp, p.as_of) for p in dataset.periods]
        if not stamped:
            stamped = [(dataset.as_of.replace("-", "") if own.dated else None, dataset.as_of)]
        for stamp, as_of in stamped:
            cells = _cells(dataset, own, body, stamp, as_of, number=len(rows) + 1)
            rows.append([cells.get(name) or None for name in standard.names])
    return Table.from_rows(standard.names, rows)


def _order(dataset: Dataset, standard: Standard) -> tuple[str, str]:
    return (standard.number or "99", dataset.id)


def _cells(
    dataset: Dataset, standard: Standard, body: Municipality, stamp: str | None, as_of: str, number: int
) -> dict[str, str]:
    name = dataset.name(standard)
    page = f"{body.base_url.rstrip('/')}/datasets/{name}/" if body.base_url else ""
    file = f"{name}_{stamp}.csv" if stamp else f"{name}.csv"
    licence = dataset.licence or body.licence
    edition = str(standard.schema.get("edition_title", "")) if not standard.local else ""
    contact = body.contact
    return {
        # municipal-standard-v3, sheet 06
        "データセット_ID": name,
        "全国地方公共団体コード": body.code,
        "地方公共団体名": body.full_name,
        "データセット_タイトル": dataset.title,
        "データセット_概要": dataset.description,
        "データセット_キーワード": ";".join(dataset.keywords),
        "データセット_分類": dataset.theme or category_of(standard.kind),
        "データセット_最終更新日": as_of,
        "データセット_言語": "ja",
        "データセット_URL": page,
        "データセット_更新頻度": _TIMES.get(dataset.frequency, dataset.frequency),
        "データセット_準拠する標準": edition,
        "データセット_対象地域": body.full_name,
        "データセット_連絡先名称": f"{body.name} {dataset.section}".strip(),
        "データセット_連絡先メールアドレス": contact.email,
        "データセット_連絡先電話番号": contact.tel,
        "データセット_連絡先FormURL": contact.url,
        "ファイル_タイトル": file,
        "ファイル_アクセスURL": page,
        "ファイル_ダウンロードURL": page + file if page else "",
        "ファイル形式": "CSV",
        "ファイル_ライセンス": licence.id,
        "ファイル_ステータス": "配信中",
        "ファイル_最終更新日": as_of,
        "ファイル_利用規約": licence.url,
        "ファイル_言語": "ja",
        "ファイル_準拠する標準": edition,
        "ファイル_API対応有無": "無",
        # recommended-v1, sheet 14
        "都道府県コード又は市区町村コード": body.code,
        "NO": str(number),
        "都道府県名": body.prefecture,
        "市区町村名": body.name,
        "データ名称": dataset.title,
        "データ概要": dataset.description,
        "データ形式": "CSV",
        "分類": category_of(standard.kind),
        "更新頻度": _TIMES.get(dataset.frequency, dataset.frequency),
        "URL": page,
        "API対応有無": "無",
        "ライセンス": licence.id,
        "最終更新日": as_of,
    }
