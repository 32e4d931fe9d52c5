"""Files as their publishers ship them (csv, zip, gz, parquet) to frames in our own few columns.

Read: 国土交通省 位置参照情報 (大字・町丁目レベル, 街区レベル), デジタル庁 アドレス・ベース・レジストリ (pref, city,
town, town_pos, rsdt, rsdt_pos, parcel, parcel_pos; English headings of the downloads and the Japanese
headings of the 2022 edition), Geolonia 住所データ, 標準地域コード (municipal history), 郵便番号.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from pipelines.errors import SourceError

TOWN = ("lg", "pref", "county", "city", "oaza", "chome", "koaza", "mid", "lat", "lon", "rsdt")
CITY = ("lg", "pref", "county", "city", "ward", "ended")
POINT = ("lg", "mid", "lat", "lon")
HISTORY = ("code", "pref", "county", "city", "ward", "began", "ended", "heir")
LOT = ("lg", "mid", "id", "n1", "n2", "n3", "kind")
LOT_POINT = ("lg", "mid", "id", "lat", "lon", "kind")
BLOCK = ("pref", "city", "town", "koaza", "n1", "lat", "lon", "rsdt")
_MAX_BYTES = 4 << 30

MLIT = "「位置参照情報」（国土交通省）を加工して作成"
ABR = "「アドレス・ベース・レジストリ」（デジタル庁）を加工して作成"
GEOLONIA = "「住所データ」（株式会社Geolonia, CC BY 4.0）を加工して作成"
ESTAT = "「標準地域コード」（e-Stat 統計LOD）を加工して作成"
POST = "「郵便番号データ」（日本郵便株式会社）を加工して作成"


@dataclass(frozen=True)
class SourceRows:
    """The rows of one file: `layout` names the kind of `frame`, `area` the prefecture or body it covers."""

    layout: str  # town, city, city-point, pref, pref-point, town-point, history, lot, lot-point, block
    publisher: str  # mlit, abr, geolonia, estat, post
    credit: str
    area: str
    date: str  # date inside the archive (YYYY-MM-DD), "" where the file says none
    name: str
    sha256: str
    frame: pl.DataFrame

    @property
    def slot(self) -> str:
        """The place in the store: a newer file of the same kind and area takes the older one's place."""
        return f"{self.layout}-{self.publisher}-{self.area}"


def read_source(path: Path) -> list[SourceRows]:
    """Every table that one file holds. SourceError when it cannot be read or is none of the known layouts."""
    try:
        head = path.open("rb").read(4)
        whole = path.read_bytes()
    except OSError as problem:
        raise SourceError("gazetteer-file-unreadable", "住所データのファイルが開けません。",
                          "The address data file cannot be opened.", todo_ja="ファイルの場所を確かめてください。",
                          todo_en="Check where the file is.", where=str(path)) from problem
    digest = hashlib.sha256(whole).hexdigest()
    found: list[SourceRows] = []
    if head == b"PAR1":
        try:
            table = pl.read_parquet(io.BytesIO(whole)).with_columns(pl.all().cast(pl.String))
        except pl.exceptions.PolarsError as problem:
            raise _unknown(path.name) from problem
        found += _read_frame(table, path.name, "", digest)
    else:
        for name, date, data in _members(path, whole):
            found += _read_frame(_read_csv(data, name), name, date, digest)
    if not found:
        raise _unknown(path.name)
    return found


def _unknown(name: str) -> SourceError:
    return SourceError(
        "gazetteer-layout-unknown", "住所データの形式が分かりません。",
        "This is none of the known address data layouts.",
        todo_ja="位置参照情報（国土交通省）かアドレス・ベース・レジストリ（デジタル庁）の配布ファイルをそのまま指定してください。",
        todo_en="Give a file of 位置参照情報 or アドレス・ベース・レジストリ as it was downloaded.",
        where=name)


def _members(path: Path, whole: bytes) -> Iterator[tuple[str, str, bytes]]:
    """(name, date, bytes) of each CSV in the file."""
    try:
        if whole[:2] == b"PK":
            with zipfile.ZipFile(io.BytesIO(whole)) as archive:
                for entry in archive.infolist():
                    if entry.filename.lower().endswith(".csv") and entry.file_size <= _MAX_BYTES:
                        yield entry.filename, "{:04d}-{:02d}-{:02d}".format(*entry.date_time[:3]), archive.read(entry)
        elif whole[:2] == b"\x1f\x8b":
            yield path.name, "", gzip.decompress(whole)
        else:
            yield path.name, "", whole
    except (zipfile.BadZipFile, OSError, EOFError, zlib.error, NotImplementedError, RuntimeError) as problem:
        raise SourceError("gazetteer-file-broken", "圧縮ファイルが壊れています。", "The archive is damaged.",
                          todo_ja="もう一度ダウンロードしてください。", todo_en="Download it again.",
                          where=path.name) from problem


def _read_csv(data: bytes, name: str) -> pl.DataFrame:
    text = data
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("cp932", errors="replace").encode("utf-8")
    try:
        frame = pl.read_csv(text, infer_schema=False, truncate_ragged_lines=True)
    except pl.exceptions.PolarsError as problem:
        raise _unknown(name) from problem
    return frame.rename({c: c.strip().lstrip("\ufeff") for c in frame.columns})


def _read_frame(frame: pl.DataFrame, name: str, date: str, digest: str) -> list[SourceRows]:
    frame = frame.with_columns(pl.all().fill_null(""))
    columns = set(frame.columns)
    made: list[tuple[str, str, str, pl.DataFrame]] = []
    if {"大字町丁目コード", "大字町丁目名", "緯度", "経度", "市区町村コード"} <= columns:
        made.append(("town", "mlit", MLIT, _mlit_towns(frame)))
    elif {"街区符号・地番", "緯度", "経度", "市区町村名"} <= columns:
        made.append(("block", "mlit", MLIT, _mlit_blocks(frame)))
    elif {"町字id", "大字・町名", "全国地方公共団体コード"} <= columns:
        made.append(("town", "abr", ABR, _abr_towns_2022(frame)))
    elif {"machiaza_id", "oaza_cho", "koaza", "pref"} <= columns:
        made.append(("town", "abr", ABR, _abr_towns(frame)))
    elif {"大字町丁目名", "小字・通称名", "緯度"} <= columns:
        made.append(("town", "geolonia", GEOLONIA, _geolonia_towns(frame)))
    elif {"郵便番号", "町域名", "市区町村名"} <= columns:
        made.append(("town", "post", POST, _post_towns(frame)))
    elif {"表記", "継承先市区町村コード", "市区町村コード"} <= columns:
        made.append(("history", "estat", ESTAT, read_history(frame)))
    elif {"machiaza_id", "blk_id", "rsdt_id", "rep_lat"} <= columns:
        made.append(("lot-point", "abr-rsdt", ABR, _points(frame, ["blk_id", "rsdt_id", "rsdt2_id"], "rsdt")))
    elif {"machiaza_id", "blk_id", "rsdt_id", "blk_num"} <= columns:
        made.append(("lot", "abr-rsdt", ABR, _lots(frame, ["blk_id", "rsdt_id", "rsdt2_id"],
                                                   ["blk_num", "rsdt_num", "rsdt_num2"], "rsdt")))
    elif {"machiaza_id", "prc_id", "rep_lat"} <= columns:
        made.append(("lot-point", "abr-parcel", ABR, _points(frame, ["prc_id"], "parcel")))
    elif {"machiaza_id", "prc_id", "prc_num1"} <= columns:
        made.append(("lot", "abr-parcel", ABR, _lots(frame, ["prc_id"], ["prc_num1", "prc_num2", "prc_num3"],
                                                     "parcel")))
    elif {"machiaza_id", "rep_lat", "rep_lon"} <= columns:
        made.append(("town-point", "abr", ABR, _numbers(frame.select(
            lg="lg_code", mid="machiaza_id", lat="rep_lat", lon="rep_lon"))))
    elif {"lg_code", "city", "ward", "county"} <= columns:
        made.append(("city", "abr", ABR, frame.select(lg="lg_code", pref="pref", county="county", city="city",
                                                      ward="ward", ended="ablt_date")))
    elif {"lg_code", "rep_lat", "rep_lon"} <= columns:
        whole = frame["lg_code"].str.slice(2, 3).eq("000").all()  # points of the prefectures, whose file looks the same
        made.append(("pref-point" if whole else "city-point", "abr", ABR, _numbers(frame.select(
            lg="lg_code", lat="rep_lat", lon="rep_lon"))))
    elif {"lg_code", "pref", "pref_kana"} <= columns:
        made.append(("pref", "abr", ABR, frame.select(lg="lg_code", pref="pref")))
    return [SourceRows(layout, publisher, credit, _area(rows), date, name, digest, rows)
            for layout, publisher, credit, rows in made]


def _area(rows: pl.DataFrame) -> str:
    """The prefecture code if all rows are of one, the body's code (of blocks: its name) for a file of one body, else all."""
    column = next((c for c in ("lg", "code", "pref") if c in rows.columns), None)
    if column is None or rows.height == 0:
        return "empty"
    if column == "pref" and "n1" in rows.columns and rows.select(pl.struct("pref", "city").n_unique()).item() == 1:
        return "".join(rows.select("pref", "city").row(0))
    codes = rows[column].unique()
    if codes.len() == 1:
        return str(codes[0])
    if column == "pref":
        return "all"
    prefs = codes.str.slice(0, 2).unique()
    return str(prefs[0]) if prefs.len() == 1 else "all"


def check_digit(code5: pl.Expr) -> pl.Expr:
    """5-digit 市区町村コード (pl.String expression) to 6 digits with the check digit (総務省)."""
    total = pl.lit(0, dtype=pl.Int64)
    for place, weight in enumerate((6, 5, 4, 3, 2)):
        total = total + code5.str.slice(place, 1).cast(pl.Int64, strict=False).fill_null(0) * weight
    digit = (11 - total % 11) % 10
    return pl.when(code5.str.len_chars() == 5).then(code5 + digit.cast(pl.String)).otherwise(code5)


def split_chome(name: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """「綾羅木本町三丁目」 to (綾羅木本町, 三丁目); a name without 丁目 keeps an empty second part."""
    kanji = "一二三四五六七八九"
    pattern = rf"^(.+?)((?:[{kanji}]?十[{kanji}]?|[{kanji}]|[0-9０-９]+)丁目)$"
    chome = name.str.extract(pattern, 2).fill_null("")
    return pl.coalesce(name.str.extract(pattern, 1), name), chome


def _numbers(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.col("lat", "lon").cast(pl.Float64, strict=False))


def _split_county(name: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """「熊毛郡平生町」 to (熊毛郡, 平生町). 郡山市, 大和郡山市, 小郡市, 蒲郡市 and 郡上市 keep their 郡."""
    pattern = r"^([^市]{1,4}郡)([^市]*[町村])$"
    return name.str.extract(pattern, 1).fill_null(""), pl.coalesce(name.str.extract(pattern, 2), name)


def _mlit_towns(frame: pl.DataFrame) -> pl.DataFrame:
    oaza, chome = split_chome(pl.col("大字町丁目名"))
    county, city = _split_county(pl.col("市区町村名"))
    return _numbers(frame.select(
        lg=check_digit(pl.col("市区町村コード").str.zfill(5)), pref="都道府県名", county=county, city=city, oaza=oaza,
        chome=chome, koaza=pl.lit(""), mid=pl.col("大字町丁目コード").str.zfill(12).str.slice(5, 7), lat="緯度",
        lon="経度", rsdt=pl.lit("")))


def _mlit_blocks(frame: pl.DataFrame) -> pl.DataFrame:
    town = next(c for c in frame.columns if c.startswith("大字"))
    koaza = next((c for c in frame.columns if c.startswith("小字")), None)
    rows = frame.filter(pl.col("更新後履歴フラグ") != "3") if "更新後履歴フラグ" in frame.columns else frame
    return _numbers(rows.select(
        pref="都道府県名", city="市区町村名", town=town, koaza=koaza or pl.lit(""), n1="街区符号・地番", lat="緯度",
        lon="経度", rsdt="住居表示フラグ" if "住居表示フラグ" in rows.columns else pl.lit("")))


def _geolonia_towns(frame: pl.DataFrame) -> pl.DataFrame:
    oaza, chome = split_chome(pl.col("大字町丁目名"))
    county, city = _split_county(pl.col("市区町村名"))
    return _numbers(frame.select(
        lg=pl.col("全国地方公共団体コード").str.zfill(6), pref="都道府県名", county=county, city=city, oaza=oaza,
        chome=chome, koaza="小字・通称名", mid=pl.lit(""), lat="緯度", lon="経度", rsdt=pl.lit("")))


def _post_towns(frame: pl.DataFrame) -> pl.DataFrame:
    county, city = _split_county(pl.col("市区町村名"))
    code = next(c for c in frame.columns if c.startswith("全国地方公共団体コード"))
    rows = frame.filter((pl.col("町域名") != "") & ~pl.col("町域名").str.contains(r"[（(、～「]|以下に掲載"))
    return rows.select(
        lg=check_digit(pl.col(code).str.zfill(5)), pref="都道府県名", county=county, city=city, oaza="町域名",
        chome=pl.lit(""), koaza=pl.lit(""), mid=pl.lit(""), lat=pl.lit(None, pl.Float64), lon=pl.lit(None, pl.Float64),
        rsdt=pl.lit("")).unique(maintain_order=True)


def _abr_towns_2022(frame: pl.DataFrame) -> pl.DataFrame:
    rows = frame.filter((pl.col("廃止日") == "") & (pl.col("町字区分コード") != "0"))
    return rows.select(
        lg=pl.col("全国地方公共団体コード").str.zfill(6), pref="都道府県名", county="郡名",
        city=pl.col("市区町村名") + pl.col("政令市区名"), oaza="大字・町名", chome="丁目名", koaza="小字名",
        mid=pl.col("町字id").str.zfill(7), lat=pl.lit(None, pl.Float64), lon=pl.lit(None, pl.Float64),
        rsdt="住居表示フラグ")


def _abr_towns(frame: pl.DataFrame) -> pl.DataFrame:
    rows = frame.filter(pl.col("ablt_date") == "") if "ablt_date" in frame.columns else frame
    return rows.select(
        lg=pl.col("lg_code").str.zfill(6), pref="pref", county="county", city=pl.col("city") + pl.col("ward"),
        oaza="oaza_cho", chome="chome", koaza="koaza", mid=pl.col("machiaza_id").str.zfill(7),
        lat=pl.lit(None, pl.Float64), lon=pl.lit(None, pl.Float64), rsdt="rsdt_addr_flg")


def read_history(frame: pl.DataFrame) -> pl.DataFrame:
    """A table of 標準地域コード (市区町村コード, 都道府県, 市区町村, 施行, 廃止, 継承先 ...) with the columns of `HISTORY`."""
    return frame.select(
        code=pl.col("市区町村コード").str.zfill(5), pref="都道府県",
        county="郡" if "郡" in frame.columns else pl.lit(""), city="市区町村",
        ward="区" if "区" in frame.columns else pl.lit(""), began="施行", ended="廃止", heir="継承先市区町村コード")


def _lots(frame: pl.DataFrame, ids: list[str], numbers: list[str], kind: str) -> pl.DataFrame:
    rows = frame.filter(pl.col("ablt_date") == "") if "ablt_date" in frame.columns else frame
    return rows.select(lg="lg_code", mid="machiaza_id", id=pl.concat_str(ids, separator="/"), n1=numbers[0],
                       n2=numbers[1], n3=numbers[2], kind=pl.lit(kind))


def _points(frame: pl.DataFrame, ids: list[str], kind: str) -> pl.DataFrame:
    return _numbers(frame.select(lg="lg_code", mid="machiaza_id", id=pl.concat_str(ids, separator="/"), lat="rep_lat",
                                 lon="rep_lon", kind=pl.lit(kind)))
