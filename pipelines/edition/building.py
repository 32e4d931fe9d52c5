"""What stands behind the lot number of an address to a building or to a part of 番地以下."""

from __future__ import annotations

import re

import polars as pl

_BLANKS = " \u3000\t"
_AFTER_NUMBER = re.compile(r"(?:[0-9０-９]|[0-9０-９一二三四五六七八九十百]\s*(?:番地|番|号))$")
_WORDS = re.compile(
    r"ビル|ﾋﾞﾙ|ハイツ|コーポ|マンション|アパート|メゾン|レジデンス|ハウス|タワー|プラザ|パーク|ホール|センター|ホーム|スクエア"
    r"|ステーション|モール|ドーム|アリーナ|ホテル|クリニック|コミュニティ|館|室|棟|団地|住宅|荘|寮|庁舎|役所|役場|支所"
    r"|出張所|事務所|学校|学園|大学|高校|高等|幼稚園|保育|こども園|児童|病院|医院|診療所|薬局|交番|駐在所|消防|図書|公園"
    r"|広場|体育|球場|競技場|運動場|グラウンド|神社|寺院|集会所|会議所|商店|銀行|郵便局|農協|漁協|工場|倉庫|駅|市場"
    r"|店|[0-9０-９一二三四五六七八九十]\s*階|[0-9０-９]\s*[FＦ](?![0-9A-Za-z])|地下"
)
# 地先, 地内, 他 say where the lot is or that there are more of them: they belong to the number.
_OF_THE_NUMBER = re.compile(
    r"^(?:他|外|ほか|その他|無番地|番地|番|号|地|先|付近|周辺|一帯|の|字|大字|及び|および|から|[、,，・/／?？〜～~\-－ー―‐−&＆])"
    r"|^と[0-9０-９]|(?:地先|地内|付近|周辺|一帯)$"
)
_SECOND_ADDRESS = re.compile(r"丁目|番地|[0-9０-９]\s*番|[都道府県].{1,6}[市区町村郡]|^.{1,6}[市郡].{1,8}[0-9０-９]")


def is_building(head: str, residue: str) -> bool:
    """True if `residue`, the end of an address behind `head`, names a building or a part of one.

    It follows a lot number, and a space stands before it or it has a word of buildings (ビル, 階, 館 ...). A 小字, a
    place, a second address, a further lot (`1、2`), `地先`, `外`, `他` and a lost character (`1512?1`) are none.
    """
    name = residue.strip(_BLANKS)
    if not name or _AFTER_NUMBER.search(head.rstrip(_BLANKS)) is None:
        return False
    if _OF_THE_NUMBER.search(name) or _SECOND_ADDRESS.search(name):
        return False
    spaced = head[-1:] in _BLANKS or residue[:1] in _BLANKS
    return spaced and name[0] not in "(（" or _WORDS.search(name) is not None


def sort_residue(address: pl.Series, town: pl.Series, rest: pl.Series, building: pl.Series) -> pl.DataFrame:
    """The parts of split addresses with columns rest and building (null = none): what is no building goes into rest.

    Source: GIF 442: 番地以下 is all from the lot number on; 建物名等(方書) holds buildings, floors and rooms only.
    """
    rows = zip(*(s.cast(pl.String).to_list() for s in (address, town, rest, building)), strict=True)
    sorted_parts = [_sorted(a or "", t or "", r or "", b or "") for a, t, r, b in rows]
    return pl.DataFrame(sorted_parts, schema={"rest": pl.String, "building": pl.String}, orient="row")


def _sorted(address: str, town: str, rest: str, building: str) -> tuple[str | None, str | None]:
    if not building or not address.endswith(building):
        return rest or None, building or None
    head = address[: len(address) - len(building)]
    if is_building(head, building):
        return rest or None, building.strip(_BLANKS)
    gap = " " if head[-1:] in _BLANKS and rest else ""
    if not rest:
        gap = _between(head, town)
    return (rest + gap + building.strip(_BLANKS)) or None, None


def _between(head: str, town: str) -> str:
    """The few characters between the town and the end of `head` (の of 内日上の後)."""
    name = town.removeprefix("大字")
    at = head.rfind(name) if name else -1
    tail = head[at + len(name):].strip(_BLANKS) if at >= 0 else ""
    return tail if len(tail) <= 2 and not re.search(r"[0-9０-９]", tail) else ""
