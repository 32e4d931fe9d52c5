"""Every kind of defect, seeded at known cells of a clean table: all found, in every layout and encoding, and nothing else."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.check import check_file
from pipelines.model import Field, Standard
from pipelines.standards import load_standard

ROWS = 300
FILES = (
    ("aed", "recommended-v1", "utf-8-sig", 0), ("aed", "municipal-standard-v3", "cp932", 2),
    ("public_facility", "municipal-standard-v3", "utf-16", 0), ("shelter", "recommended-v1", "utf-8", 2),
    ("event", "municipal-standard-v3", "cp932", 0), ("medical", "recommended-v1", "euc_jp", 2),
    ("childcare", "recommended-v1", "utf-8-sig", 0), ("food_business", "municipal-standard-v3", "utf-8", 2),
    ("fire_hydrant", "recommended-v1", "cp932", 0), ("cultural_property", "municipal-standard-v3", "utf-16", 2),
)
RIGHT: dict[str, Callable[[int], str]] = {
    "lgcode6": lambda i: "352136", "id": lambda i: f"{i:010d}", "no": lambda i: str(i + 1), "pref": lambda i: "山口県",
    "city": lambda i: "美祢市", "lgname": lambda i: "山口県美祢市", "corp": lambda i: "4000020352136",
    "post": lambda i: "7592292", "tel": lambda i: f"0837-52-{1000 + i}", "mail": lambda i: f"ka{i}@city.mine.lg.jp",
    "url": lambda i: f"https://www.city.mine.lg.jp/{i}", "kana": lambda i: "ミホン" + "アイウエオ"[i % 5] * (1 + i % 3),
    "addr_full": lambda i: f"山口県美祢市大嶺町東分{i + 1}-1", "addr_old": lambda i: f"山口県美祢市大嶺町東分{i + 1}-1",
    "town": lambda i: "大嶺町東分", "banchi": lambda i: f"{i + 1}-1", "bldg": lambda i: f"見本ビル{i % 5 + 1}F",
    "lat": lambda i: f"{34.1 + i * 0.00013:.6f}", "lon": lambda i: f"{131.2 + i * 0.00017:.6f}",
    "date": lambda i: f"20{10 + i % 14:02d}-{1 + i % 12:02d}-{1 + i % 28:02d}", "dow": lambda i: "月火水木金",
    "poi": lambda i: "1503", "town_id": lambda i: "0001000", "flag1": lambda i: "1", "yesno": lambda i: "有",
    "kahi": lambda i: "可", "epsg": lambda i: "6668", "lang": lambda i: "ja", "en": lambda i: f"Sample {i}",
    "ext": lambda i: "123", "fmtname": lambda i: "CSV", "list": lambda i: "a;b", "int": lambda i: str(10 + i),
    "yen": lambda i: str(10 + i), **dict.fromkeys(("num", "mm", "alt", "h_val"), lambda i: f"{10 + i}.5"),
}


def wide(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) for c in text)


WRONG: dict[str, tuple[Callable[[str], str | None], ...]] = {
    "lgcode6": (lambda v: v[:-1], lambda v: v[:-1] + "7", wide),
    "kana": (lambda v: "ひがし" + v, lambda v: "ﾐﾈｼ", lambda v: v + "館"),
    "tel": (lambda v: v.replace("-", ""), wide, lambda v: v[:-1], lambda v: "内線のみ", lambda v: v + "（代表）"),
    "post": (lambda v: v[:3] + "-" + v[3:], lambda v: v[:-1]),
    "mail": (lambda v: v.replace("@", "＠"), lambda v: v.replace("@", "")),
    "url": (lambda v: v.split("//")[1], lambda v: f"{v} {v}", lambda v: v.replace("https", "htto")),
    "corp": (lambda v: "4.00002E+12", lambda v: "5" + v[1:], lambda v: v[:-1]),
    "pref": (lambda v: "山口懸", lambda v: "山口"),
    "yesno": (lambda v: "○", lambda v: "有(2階)"),
    "kahi": (lambda v: "○",),
    "flag1": (lambda v: "○", lambda v: "2"),
    "date": (lambda v: v.replace("-", "/"), lambda v: "令和5年4月1日", lambda v: "2023-02-30", lambda v: "2001-4-1", wide,
             lambda v: "45017"),
    "time": (lambda v: "9時", lambda v: "25:00", lambda v: "9:00", lambda v: "9:00～17:00", lambda v: "24:00"),
    "lat": (lambda v: v + "度", lambda v: "0", lambda v: "131.205", lambda v: "34°10′15″", lambda v: v.replace(".", "")),
    "lon": (lambda v: "34.17", wide),
    "int": (lambda v: f"約{v}名", lambda v: v + ".5", wide, lambda v: "1,300", lambda v: "多数"),
    "dow": (lambda v: "月～金", lambda v: "月火水木金土日祝"),
    "poi": (lambda v: "150", lambda v: "9999"),
    "addr_old": (lambda v: v.replace("-", "?"), lambda v: "同上", lambda v: v.replace("1", "１")),
    "addr_full": (lambda v: v.replace("-", "?"), lambda v: "同上", lambda v: v.replace("1", "１")),
}
IN_NAMES = (lambda v: None, lambda v: "#REF!", lambda v: "=1+1", lambda v: "見本?館", lambda v: "繝ｻ繝ｼ繧ｿ", lambda v: "〃",
            lambda v: "見本\n館", lambda v: v + "　　")
IN_REMARKS = (lambda v: "担当 090-1234-5678", lambda v: "問合せ taro.yamada@gmail.com", lambda v: "昭和30年4月1日生",
              lambda v: "担当：山田太郎", lambda v: "@SUM(A1)", lambda v: "ｸﾘﾆｯｸ")


def right(field: Field, i: int) -> str:
    if field.enum and field.rule != "flag1":
        return field.enum[i % len(field.enum)]
    if field.rule == "time":
        return "09:00" if "開" in field.name else "17:30"
    return RIGHT.get(field.rule or "", lambda i: f"見本{field.name[:3]}{i}")(i)


def wrongs(field: Field) -> list[Callable[[str], str | None]]:
    found = list(WRONG.get(field.rule or "", ()))
    if field.enum and field.rule not in ("flag1", "yesno", "kahi"):
        found.append(lambda v: "図書舘")
    if field.name == "名称" and field.requirement.mark == "required":
        found += IN_NAMES
    return found + list(IN_REMARKS if field.name == "備考" else ())


def seeded(standard: Standard, seed: int) -> tuple[list[list[str | None]], set[tuple[int, str]]]:
    """A table with at most one wrong cell a row, and where the wrong cells are (index of the row, heading)."""
    rows: list[list[str | None]] = [[right(f, i) for f in standard.fields] for i in range(ROWS)]
    free = list(range(5, ROWS - 5))
    random.Random(seed).shuffle(free)
    places = set()
    for (j, spoil), i in zip([(j, w) for j, f in enumerate(standard.fields) for w in wrongs(f)], free, strict=False):
        rows[i][j] = spoil(rows[i][j] or "")
        places.add((i, standard.names[j]))
    return rows, places


@pytest.mark.parametrize(("kind", "edition", "encoding", "above"), FILES)
def test_every_seeded_defect_is_found_and_nothing_else(
    tmp_path: Path, kind: str, edition: str, encoding: str, above: int
) -> None:
    standard = load_standard(kind, edition)
    rows, places = seeded(standard, above)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerows([["【見本】" + standard.title_ja], []][:above])
    writer.writerow(standard.names)
    writer.writerows(rows)
    path = tmp_path / "table.csv"
    other = {"\uff5e": "\u301c", "\uff0d": "\u2212"} if encoding == "euc_jp" else {}  # its own wave and minus
    path.write_bytes(text.getvalue().translate(str.maketrans(other)).encode(encoding))
    result = check_file(path)
    assert (result.kind, result.edition, result.rows) == (kind, edition, ROWS)
    first = 2 + above
    cells = [(r - first, f, c) for r, f, c in result.findings.select("row", "field", "code").iter_rows() if r is not None]
    found = {(i, f) for i, f, _ in cells}
    on_the_map = {i for i, f in found if f and ("緯度" in f or "経度" in f)}  # a pair is told of at one of the two
    missed = {(i, f) for i, f in places - found if not (i in on_the_map and ("緯度" in f or "経度" in f))}
    assert missed == set()
    spoilt = {i for i, _ in places}
    assert [c for c in cells if 0 <= c[0] < ROWS and c[0] not in spoilt] == []
