"""Packages to the sheet of fields that a person pastes into a catalogue's form, as CSV and as a page."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from html import escape

from pipelines.model import Package
from publish.handover.webgis import GisFile, neutral
from publish.metadata import FORMATS, sanitise_tags

MOST_REMARKS = 20
Row = tuple[str, str, str]


def fields_to_paste(package: Package, gis: Sequence[GisFile] = ()) -> list[Row]:
    """(対象, 項目, 値) in the order of a catalogue's form: the dataset's fields, each file's, then each Shapefile's."""
    d, k = package.descriptor, package.descriptor["kokai"]
    contact = k["body"]["contact"]
    rows = [
        ("データセット", "タイトル", d["title"]), ("データセット", "URL(識別名)", d["name"]),
        ("データセット", "説明", d["description"]), ("データセット", "タグ", ",".join(sanitise_tags(d["keywords"]))),
        ("データセット", "ライセンス", d["licenses"][0]["title"]),
        ("データセット", "ライセンスURL", d["licenses"][0].get("path", "")),
        ("データセット", "組織", k["body"]["prefecture"] + k["body"]["name"]), ("データセット", "作成者", k["section"]),
        ("データセット", "連絡先", " ".join(x for x in (contact["section"], contact["tel"], contact["email"]) if x)),
        ("データセット", "更新頻度", k["frequency_ja"]), ("データセット", "時点", k["as_of"]),
        ("データセット", "対象期間", f"{k['since']}/{k['as_of']}"),
        ("データセット", "対象地域", k["body"]["prefecture"] + k["body"]["name"]),
        ("データセット", "準拠する標準", "" if k["local"] else k["edition_title"]), ("データセット", "件数", str(k["rows"])),
    ]
    for r in d["resources"]:
        what = f"ファイル {r['path']}"
        rows += [(what, "名前", r["title"]), (what, "説明", r["description"]), (what, "形式", FORMATS[r["format"]][0]),
                 (what, "大きさ(バイト)", str(r["bytes"])), (what, "SHA-256", str(r["hash"]).removeprefix("sha256:"))]
    return [row for row in rows if row[2]] + [row for g in gis for row in _gis_rows(g)]


def _gis_rows(g: GisFile) -> list[Row]:
    """What a web GIS asks at the import, the headings that had to be shortened, and what the form could not hold."""
    what = f"地図用 {g.path}"
    rows = [
        (what, "形式", "ESRI Shapefile(zip)"), (what, "文字コード", "CP932(Shift_JIS)"),
        (what, "座標系", "JGD2011 緯度・経度(EPSG:6668)"),
        (what, "件数", f"{g.shape.points}(位置のある行だけです。全部の行は {g.table} にあります)"),
    ]
    rows += [(what, f"列名 {c.short}", c.name) for c in g.shape.columns if c.short and c.short != c.name]
    words = g.remark_words()
    rows += [(what, "注意", w) for w in words[:MOST_REMARKS]]
    if words:
        more = f"ほか{len(words) - MOST_REMARKS}か所。" if len(words) > MOST_REMARKS else ""
        rows.append((what, "注意", f"{more}元の値は {g.remarks_path} にあります"))
    return rows


def sheet_csv(packages: Sequence[Package], gis: Mapping[str, Sequence[GisFile]]) -> str:
    """The sheet as a table; `gis` by the package's name."""
    held = io.StringIO()
    out = csv.writer(held, lineterminator="\r\n")
    out.writerow(["データセット", "対象", "項目", "値"])
    for p in packages:
        out.writerows([p.name, *(neutral(c) for c in row)] for row in fields_to_paste(p, gis.get(p.name, ())))
    return held.getvalue()


def sheet_html(
    packages: Sequence[Package], gis: Mapping[str, Sequence[GisFile]], title: str, address: str, note: str
) -> str:
    """The sheet as a page: one press chooses a whole value."""
    parts = [
        '<!doctype html><html lang="ja"><meta charset="utf-8"><title>登録項目</title><style>',
        "body{font-family:'Noto Sans JP','Yu Gothic',Meiryo,sans-serif;margin:2em;line-height:1.6;max-width:60em}",
        "table{border-collapse:collapse;width:100%;margin:0 0 2em}td,th{border:1px solid #999;padding:.3em .6em;text-align:left;"
        "vertical-align:top;overflow-wrap:anywhere}th{background:#eee;width:11em;font-weight:normal}"
        "h2{page-break-before:auto;border-bottom:2px solid #333}td{user-select:all}@page{size:A4;margin:15mm}",
        f"</style><h1>{escape(title)}への登録項目</h1>",
        f"<p>{escape(address)} {escape(note)}</p><p>値の欄を一度押すと全体が選ばれ、そのまま写せます。</p>",
    ]
    for p in packages:
        parts.append(f"<h2>{escape(p.descriptor['title'])}</h2><table>")
        last = ""
        for what, field, value in fields_to_paste(p, gis.get(p.name, ())):
            if what != last:
                parts.append(f'<tr><th colspan="2"><b>{escape(what)}</b></th></tr>')
                last = what
            parts.append(f"<tr><th>{escape(field)}</th><td>{escape(value)}</td></tr>")
        parts.append("</table>")
    return "".join(parts) + "</html>\n"
