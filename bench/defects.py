"""A seed and a number of rows to a facility CSV of 25 columns with 32 kinds of defects at known cells.

10 % of the rows carry exactly one defect. UTF-8, CRLF, some remarks quoted over two lines; ID is unique over the
file. The kinds are those measured on the peers (docs/validate.md): 27 plain ones and five that Python lets through.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

CHUNK = 50_000
KINDS = [
    "図書館",
    "公民館",
    "小学校",
    "中学校",
    "病院",
    "保育所",
    "市役所",
    "体育館",
    "公園",
    "博物館",
    "児童館",
    "消防署",
]
PREFECTURES = ["山口県", "広島県", "岡山県", "島根県", "鳥取県", "福岡県", "大分県", "愛媛県"]
CITIES = ["美祢市", "柳井市", "下関市", "山口市", "宇部市", "萩市", "防府市", "岩国市"]
CODES = ["352136", "352128", "352012", "352039", "352021", "352047", "352063", "352080"]
TOWNS = [
    "大嶺町東分",
    "伊佐町伊佐",
    "秋芳町秋吉",
    "美東町大田",
    "豊田前町麻生下",
    "於福町上",
    "西厚保町本郷",
    "南町一丁目",
]
KANA = [
    "トショカン",
    "コウミンカン",
    "ショウガッコウ",
    "チュウガッコウ",
    "ビョウイン",
    "タイイクカン",
    "ハクブツカン",
    "ジドウカン",
]

SCHEMA: dict[str, Any] = {
    "fields": [
        {"name": "全国地方公共団体コード", "type": "string", "constraints": {"required": True, "pattern": "[0-9]{6}"}},
        {"name": "ID", "type": "string", "constraints": {"required": True, "unique": True}},
        {"name": "地方公共団体名", "type": "string"},
        {"name": "名称", "type": "string", "constraints": {"required": True, "maxLength": 100}},
        {"name": "名称_カナ", "type": "string", "constraints": {"pattern": "[ァ-ヶー・　 ]+"}},
        {"name": "施設分類", "type": "string", "constraints": {"enum": KINDS}},
        {"name": "所在地_連結表記", "type": "string", "constraints": {"required": True, "maxLength": 200}},
        {"name": "都道府県", "type": "string", "constraints": {"enum": PREFECTURES}},
        {"name": "市区町村", "type": "string"},
        {"name": "町字", "type": "string"},
        {"name": "番地以下", "type": "string"},
        {"name": "緯度", "type": "number", "constraints": {"minimum": 20, "maximum": 46}},
        {"name": "経度", "type": "number", "constraints": {"minimum": 122, "maximum": 154}},
        {"name": "電話番号", "type": "string", "constraints": {"pattern": "0[0-9]{1,4}-[0-9]{1,4}-[0-9]{4}"}},
        {"name": "内線番号", "type": "integer"},
        {"name": "メールアドレス", "type": "string", "format": "email"},
        {"name": "郵便番号", "type": "string", "constraints": {"pattern": "[0-9]{3}-[0-9]{4}"}},
        {"name": "法人番号", "type": "string", "constraints": {"pattern": "[0-9]{13}"}},
        {"name": "URL", "type": "string", "constraints": {"pattern": "https?://[!-~]+"}},
        {"name": "設置年月日", "type": "date"},
        {"name": "開始時間", "type": "time", "format": "%H:%M"},
        {"name": "終了時間", "type": "time", "format": "%H:%M"},
        {"name": "定員", "type": "integer", "constraints": {"minimum": 0, "maximum": 100000}},
        {"name": "バリアフリー", "type": "string", "constraints": {"enum": ["有", "無"]}},
        {"name": "備考", "type": "string"},
    ]
}

_WIDE = str.maketrans("0123456789-", "０１２３４５６７８９－")
_WIDE_DIGITS = str.maketrans("0123456789", "０１２３４５６７８９")
Change = Callable[[str, dict[str, str]], str | None]

DEFECTS: list[tuple[str, str, Change]] = [
    ("code-cut", "全国地方公共団体コード", lambda v, _: v[:-1]),
    ("kana-hiragana", "名称_カナ", lambda v, _: "ひらがな" + v),
    ("tel-no-hyphen", "電話番号", lambda v, _: v.replace("-", "")),
    ("tel-wide", "電話番号", lambda v, _: v.translate(_WIDE)),
    ("post-no-hyphen", "郵便番号", lambda v, _: v.replace("-", "")),
    ("mail-wide-at", "メールアドレス", lambda v, _: v.replace("@", "＠")),
    ("url-no-scheme", "URL", lambda v, _: v.removeprefix("https://")),
    ("corp-exponent", "法人番号", lambda _v, _: "1234E+12"),
    ("enum-old-kanji", "施設分類", lambda _v, _: "図書舘"),
    ("enum-wrong-kanji", "都道府県", lambda v, _: v.replace("県", "懸")),
    ("enum-circle", "バリアフリー", lambda _v, _: "○"),
    ("name-blank", "名称", lambda _v, _: None),
    ("name-long", "名称", lambda v, _: v * 20),
    ("address-blank", "所在地_連結表記", lambda _v, _: None),
    ("id-duplicate", "ID", lambda v, row: row["earlier_id"]),
    ("date-slashes", "設置年月日", lambda v, _: v.replace("-", "/")),
    ("date-wareki", "設置年月日", lambda _v, _: "令和5年4月1日"),
    ("date-feb-30", "設置年月日", lambda v, _: v[:4] + "-02-30"),
    ("time-kanji", "開始時間", lambda _v, _: "9時"),
    ("time-25", "終了時間", lambda _v, _: "25:00"),
    ("lat-unit", "緯度", lambda v, _: v + "度"),
    ("lat-zero", "緯度", lambda _v, _: "0"),
    ("lat-is-lon", "緯度", lambda _v, row: row["経度"]),
    ("lon-is-lat", "経度", lambda _v, row: row["緯度"]),
    ("capacity-about", "定員", lambda v, _: f"約{v}名"),
    ("capacity-decimal", "定員", lambda v, _: v + ".5"),
    ("capacity-huge", "定員", lambda _v, _: "1000000"),
    ("capacity-wide", "定員", lambda v, _: v.translate(_WIDE_DIGITS)),
    ("lon-wide", "経度", lambda v, _: v.translate(_WIDE_DIGITS)),
    ("date-wide", "設置年月日", lambda v, _: v.translate(_WIDE_DIGITS)),
    ("date-unpadded", "設置年月日", lambda _v, _: "2001-4-1"),
    ("time-unpadded", "開始時間", lambda _v, _: "9:00"),
]
LENIENT = ("capacity-wide", "lon-wide", "date-wide", "date-unpadded", "time-unpadded")
"""The five whose form Python's int, Decimal and strptime are lenient about; frictionless sees only the wide date."""


def _pick(rng: np.random.Generator, words: list[str], rows: int) -> pl.Series:
    return pl.Series(words)[rng.integers(0, len(words), rows)]


def _padded(numbers: Any, width: int) -> pl.Series:
    return pl.Series(numbers).cast(pl.String).str.zfill(width)


def _clean(rng: np.random.Generator, first: int, rows: int) -> pl.DataFrame:
    place = rng.integers(0, len(CITIES), rows)
    number = np.arange(first, first + rows)
    frame = pl.DataFrame(
        {
            "全国地方公共団体コード": pl.Series(CODES)[place],
            "ID": "F" + _padded(number, 9),
            "地方公共団体名": "山口県" + pl.Series(CITIES)[place],
            "kind": _pick(rng, KINDS, rows),
            "kana": _pick(rng, KANA, rows),
            "town": _pick(rng, TOWNS, rows),
            "block": _padded(rng.integers(1, 4000, rows), 1) + "-" + _padded(rng.integers(1, 60, rows), 1),
            "pref": _pick(rng, PREFECTURES, rows),
            "city": pl.Series(CITIES)[place],
            "緯度": pl.Series(np.round(rng.uniform(33.9, 34.6, rows), 6)).cast(pl.String),
            "経度": pl.Series(np.round(rng.uniform(131.0, 132.3, rows), 6)).cast(pl.String),
            "電話番号": "08"
            + _padded(rng.integers(20, 99, rows), 2)
            + "-"
            + _padded(rng.integers(20, 99, rows), 2)
            + "-"
            + _padded(rng.integers(0, 9999, rows), 4),
            "内線番号": _padded(rng.integers(100, 9999, rows), 1),
            "郵便番号": "75" + _padded(rng.integers(0, 9, rows), 1) + "-" + _padded(rng.integers(0, 9999, rows), 4),
            "法人番号": _padded(rng.integers(1_000_000_000_000, 9_999_999_999_999, rows), 13),
            "設置年月日": _padded(rng.integers(1950, 2025, rows), 4)
            + "-"
            + _padded(rng.integers(1, 13, rows), 2)
            + "-"
            + _padded(rng.integers(1, 29, rows), 2),
            "開始時間": _padded(rng.integers(7, 11, rows), 2) + ":" + _pick(rng, ["00", "15", "30"], rows),
            "終了時間": _padded(rng.integers(16, 23, rows), 2) + ":" + _pick(rng, ["00", "15", "30"], rows),
            "定員": _padded(rng.integers(5, 900, rows), 1),
            "バリアフリー": _pick(rng, ["有", "無"], rows),
            "number": _padded(number, 1),
            "remark": _pick(
                rng,
                [
                    "駐車場あり。改修工事のため一部の部屋を利用できないことがあります。",
                    "休館日は年末年始です。\r\n詳しくはお問い合わせください。",
                    "利用には事前の申込みが必要です, 窓口で受け付けています。団体は一か月前までに申し込んでください。",
                    "エレベーターと多目的トイレがあります。授乳室は1階にあります。",
                ],
                rows,
            ),
        }
    )
    return frame.select(
        "全国地方公共団体コード",
        "ID",
        "地方公共団体名",
        pl.format("{}立{}{}第{}", "city", "town", "kind", "number").alias("名称"),
        pl.format("シリツ{}・ダイイチ{}", "kana", "kana").alias("名称_カナ"),
        pl.col("kind").alias("施設分類"),
        pl.format("{}{}{}{}", "pref", "city", "town", "block").alias("所在地_連結表記"),
        pl.col("pref").alias("都道府県"),
        pl.col("city").alias("市区町村"),
        pl.col("town").alias("町字"),
        pl.col("block").alias("番地以下"),
        "緯度",
        "経度",
        "電話番号",
        "内線番号",
        pl.format("shisetsu{}@city.example.lg.jp", "number").alias("メールアドレス"),
        "郵便番号",
        "法人番号",
        pl.format("https://www.city.example.lg.jp/shisetsu/{}.html", "number").alias("URL"),
        "設置年月日",
        "開始時間",
        "終了時間",
        "定員",
        "バリアフリー",
        pl.col("remark").alias("備考"),
    )


def _spoil(frame: pl.DataFrame, first: int, dice: random.Random) -> tuple[pl.DataFrame, list[tuple[int, str, str]]]:
    """Defects into a tenth of the rows; the truth as (row as Excel shows it, field, kind)."""
    columns = {name: frame[name].to_list() for name in frame.columns}
    chosen = sorted(dice.sample(range(frame.height), frame.height // 10))
    spoiled = set(chosen)
    truth = []
    for i in chosen:
        kind, field, change = DEFECTS[dice.randrange(len(DEFECTS))]
        number = first + i
        row = {"緯度": columns["緯度"][i], "経度": columns["経度"][i], "earlier_id": ""}
        if kind == "id-duplicate":
            earlier = [j for j in range(max(0, i - 40), i) if j not in spoiled]
            if not earlier:
                continue
            row["earlier_id"] = columns["ID"][dice.choice(earlier)]
        columns[field][i] = change(columns[field][i], row)
        truth.append((number + 2, field, kind))
    return pl.DataFrame(columns, schema=dict.fromkeys(frame.columns, pl.String)), truth


def write_files(folder: Path, rows: int, seed: int = 20260401, defects: bool = True) -> tuple[Path, Path, Path]:
    """Write `facilities.csv`, `schema.json` and `truth.csv` (row, field, kind) for so many rows."""
    import json

    folder.mkdir(parents=True, exist_ok=True)
    rng, dice = np.random.default_rng(seed), random.Random(seed)
    table, schema, truth = (folder / name for name in ("facilities.csv", "schema.json", "truth.csv"))
    schema.write_text(json.dumps(SCHEMA, ensure_ascii=False, indent=1), encoding="utf-8")
    known: list[tuple[int, str, str]] = []
    with table.open("wb") as out:
        for first in range(0, rows, CHUNK):
            frame = _clean(rng, first, min(CHUNK, rows - first))
            if defects:
                frame, found = _spoil(frame, first, dice)
                known += found
            frame.write_csv(out, include_header=first == 0, line_terminator="\r\n")
    pl.DataFrame(known, schema=["row", "field", "kind"], orient="row").write_csv(truth)
    return table, schema, truth
