"""Encodings and separators: more than 198 made files decode to exactly the text that was written."""

from __future__ import annotations

import itertools
from pathlib import Path

import polars as pl
import pytest

from pipelines.extract import open_source
from pipelines.extract.encoding import guess_encoding, mojibake_codecs, public_name, repair_mojibake

HEADER = "全国地方公共団体コード,ID,名称,名称_カナ,住所,備考"
# What stands in municipal files and breaks detectors: ㈱①髙, kana in half width, late Japanese, wave dashes.
TEXTS = {
    "machine": HEADER + "\r\n" + "352136,1,㈱髙﨑商店①,タカサキショウテン,美祢市大嶺町東分326-1,Ⅲ階 ㎡ №\r\n" * 12,
    "halfkana": HEADER + "\r\n" + "352136,2,ｶ)ｱｷﾖｼﾀﾞｲ ｶﾝｺｳ,ｱｷﾖｼﾀﾞｲ,ﾐﾈｼ ｼｭｳﾎｳﾁｮｳ,ﾊﾞｽﾃｲ ﾏｴ｡\r\n" * 9,
    "ascii-first": "code,id,name\r\n" + "352136,A0001,abcdefgh\r\n" * 500 + "352136,B1,美祢市役所\r\n",
    "dashes": HEADER + "\r\n" + "352136,3,朝〜夕 １－２－３,アサカラユウ,大嶺町～秋芳町,８：３０〜１７：１５ ∥\r\n" * 7,
    "tiny": "名称,住所\r\n市役所,大嶺町\r\n",
    "multiline": HEADER + "\r\n" + '352136,4,"美祢市\n立病院",ミネシリツビョウイン,大嶺町東分1313-1,"受付, 窓口"\n' * 5,
    "flags": HEADER + ",洪水,津波\r\n" + "352136,5,大田小学校,オオダショウガッコウ,美東町大田,○×△,1,〇\r\n" * 8,
    "kanji-only": "名称,所在地\r\n" + "市役所,大嶺町東分三二六番地一\r\n美東総合支所,美東町大田五九三六番地\r\n" * 3,
}
ENCODINGS = {
    "utf-8": ("utf-8", b""), "utf-8-sig": ("utf-8", b"\xef\xbb\xbf"), "cp932": ("cp932", b""),
    "euc_jp": ("euc_jp", b""), "utf-16-le": ("utf-16-le", b"\xff\xfe"), "utf-16-be": ("utf-16-be", b"\xfe\xff"),
    "utf-16 without mark": ("utf-16-le", b""),
}
LINES = {"crlf": "\r\n", "lf": "\n", "no-end": None, "tab": "\t"}


def made_files() -> list[tuple[str, str, str, bytes]]:
    """(label, text, expected name of the encoding, bytes): everything that the encoding can write."""
    out = []
    for (kind, text), (name, (codec, mark)), (end, line) in itertools.product(
        TEXTS.items(), ENCODINGS.items(), LINES.items()
    ):
        if line == "\t":
            text = text.replace(",", "\t")
        elif line is None:
            text = text.rstrip("\r\n")
        elif line == "\n":
            text = text.replace("\r\n", "\n")
        if codec == "cp932":
            text = text.replace("〜", "～")
        if codec == "euc_jp":
            text = text.replace("～", "〜").replace("－", "−").replace("∥", "‖")
        try:
            body = text.encode(codec)
        except UnicodeEncodeError:
            continue  # EUC-JP has no company signs
        expected = "utf-16" if name.startswith("utf-16") else name
        out.append((f"{kind} {name} {end}", text, expected, mark + body))
    return out


MADE = made_files()


def test_the_made_set_has_at_least_198_files_of_every_encoding() -> None:
    assert len(MADE) >= 198
    assert {m[2] for m in MADE} == {"utf-8", "utf-8-sig", "cp932", "euc_jp", "utf-16"}


@pytest.mark.parametrize(("label", "text", "expected", "data"), MADE, ids=[m[0] for m in MADE])
def test_a_made_file_decodes_to_exactly_what_was_written(label: str, text: str, expected: str, data: bytes) -> None:
    encoding = guess_encoding(data)
    assert public_name(encoding) == expected
    assert data.decode(encoding).lstrip("\ufeff") == text


@pytest.mark.parametrize(("codec", "expected"), [("utf-8", "utf-8"), ("cp932", "cp932"), ("euc_jp", "euc_jp"),
                                                 ("utf-16", "utf-16")])
def test_the_table_is_the_same_in_every_encoding(tmp_path: Path, codec: str, expected: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("名称,住所\r\n市役所,大嶺町\r\n支所,美東町\r\n".encode(codec))
    source = open_source(path)
    (table, _), = source.blocks()
    assert source.encoding == expected
    assert table.frame.rows() == [(2, "市役所", "大嶺町"), (3, "支所", "美東町")]


def test_euc_jp_with_circled_digits_is_read() -> None:
    data = "名称,住所\n㈱商店①,大嶺町ひがし\n".encode("euc_jis_2004")
    assert public_name(guess_encoding(data)) == "euc_jp"
    assert data.decode(guess_encoding(data)) == "名称,住所\n㈱商店①,大嶺町ひがし\n"


def test_doubly_decoded_text_is_repaired_and_said(tmp_path: Path) -> None:
    """Seen in 石川県 170003_aed.csv: CP932 read as Latin-1, stored as UTF-8."""
    good = "名称,住所\n" + "金沢市役所,石川県金沢市広坂一丁目\n" * 5
    path = tmp_path / "a.csv"
    path.write_text(good.encode("cp932").decode("latin-1"), encoding="utf-8")
    source = open_source(path)
    assert source.columns == ("名称", "住所")
    assert "mojibake-repaired" in source.findings["code"].to_list()
    assert source.encoding == "utf-8"


@pytest.mark.parametrize("text", ["Café,Zürich\nÀ la carte,naïve\n", "名称,住所\n市役所,大嶺町\n", "a,b\n1,2\n", ""])
def test_ordinary_text_is_never_repaired(text: str) -> None:
    assert mojibake_codecs(text) is None
    assert repair_mojibake(text) is None


def test_bytes_that_cannot_be_decoded_are_a_finding_of_their_row(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("名称,住所\n市役所,大嶺町\n支".encode("cp932") + b"\x81\xff" + "所,美東町\n".encode("cp932"))
    source = open_source(path)
    (table, findings), = source.blocks()
    assert source.encoding == "cp932"
    assert table.rows == 2
    bad = findings.filter(pl.col("code") == "bytes-undecodable")
    assert bad["row"].to_list() == [3]
    assert bad["field"].to_list() == ["名称"]
