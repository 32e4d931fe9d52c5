"""From published packages to the catalogue's オープンデータ一覧, one row per file."""

from __future__ import annotations

from collections.abc import Sequence

from pipelines.model import Standard, Table
from pipelines.opendata_list import category_of
from publish.metadata.ckan_form import ckan_time
from publish.metadata.dcat import Published
from publish.metadata.facts import FORMATS, dataset_page, file_url, sanitise_tags


def opendata_list(published: Sequence[Published], standard: Standard, *, base_url: str) -> Table:
    """The list with every column of `standard` (kind opendata_list, either edition), datasets in order of name."""
    rows: list[list[str | None]] = []
    for item in sorted(published, key=lambda p: p.package.name):
        for number, _ in enumerate(item.package.descriptor["resources"]):
            cells = _cells(item, number, base_url, row=len(rows) + 1)
            rows.append([cells.get(name) or None for name in standard.names])
    return Table.from_rows(standard.names, rows)


def _cells(item: Published, number: int, base_url: str, row: int) -> dict[str, str]:
    d, k, body = item.package.descriptor, item.package.descriptor["kokai"], item.body
    r, licence = d["resources"][number], d["licenses"][0]
    page = dataset_page(base_url, d["name"])
    form, conforms = FORMATS[r["format"]][0], "" if k["local"] else k["edition_title"]
    issued, modified = ckan_time(item.issued)[:10], ckan_time(item.modified)[:10]
    return {
        "データセット_ID": d["name"],
        "全国地方公共団体コード": body.code,
        "地方公共団体名": body.full_name,
        "データセット_タイトル": d["title"],
        "データセット_概要": d["description"],
        "データセット_キーワード": ";".join(sanitise_tags(d["keywords"])),
        "データセット_分類": k["theme"] or category_of(k["kind"]),
        "データセット_公開日": issued,
        "データセット_最終更新日": modified,
        "データセット_バージョン": d["version"],
        "データセット_言語": "ja",
        "データセット_URL": page,
        "データセット_更新頻度": k["frequency_ja"],
        "データセット_準拠する標準": conforms,
        "データセット_対象地域": body.full_name,
        "データセット_対象期間": f"{k['since']}/{k['as_of']}",
        "データセット_連絡先名称": f"{body.name} {body.contact.section}".strip(),
        "データセット_連絡先メールアドレス": body.contact.email,
        "データセット_連絡先電話番号": body.contact.tel,
        "データセット_連絡先FormURL": body.contact.url,
        "ファイル_タイトル": r["title"],
        "ファイル_アクセスURL": page,
        "ファイル_ダウンロードURL": file_url(base_url, d["name"], r["path"]),
        "ファイル_説明": r["description"],
        "ファイル形式": form,
        "ファイル_ライセンス": licence["name"],
        "ファイル_ステータス": "配信中",
        "ファイル_サイズ": str(r["bytes"]),
        "ファイル_公開日": issued,
        "ファイル_最終更新日": modified,
        "ファイル_利用規約": licence.get("path", ""),
        "ファイル_言語": "ja",
        "ファイル_準拠する標準": conforms,
        "ファイル_API対応有無": "有",
        "都道府県コード又は市区町村コード": body.code,
        "NO": str(row),
        "都道府県名": body.prefecture,
        "市区町村名": body.name,
        "データ名称": d["title"],
        "データ概要": d["description"],
        "データ形式": form,
        "分類": category_of(k["kind"]),
        "更新頻度": k["frequency_ja"],
        "URL": file_url(base_url, d["name"], r["path"]),
        "API対応有無": "有",
        "ライセンス": licence["name"],
        "登録日": issued,
        "最終更新日": modified,
        "備考": r["description"],
    }
