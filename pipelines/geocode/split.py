"""Whole addresses to the parts of the municipal standard: 都道府県, 市区町村, 町字, 番地以下, 建物名等."""

from __future__ import annotations

import csv
import re
from functools import lru_cache
from pathlib import Path

import polars as pl

from pipelines.geocode.parse import parse_addresses
from pipelines.geocode.store import Gazetteer
from pipelines.values.codes import prefectures

_WIDE = {ord(a): ord(b) for a, b in zip("０１２３４５６７８９－−―‐ー　", "0123456789----- ", strict=True)} | {
    ord("–"): ord("-"), ord("—"): ord("-"), ord("‑"): ord("-")}
_BLANKS = " \u3000\t\r\n"
_KANJI = "〇一二三四五六七八九"
_PREF = re.compile(r"(北海道|東京都|京都府|大阪府|(?:神奈川|和歌山|鹿児島|[^\s0-9都道府県]{2})県)")
_CITY = re.compile(
    r"(?P<county>[^\s0-9市区町村]{1,5}郡)(?P<town>[^\s0-9]{1,6}?[町村])"
    r"|(?P<city>(?:四日市|廿日市|野々市|余市|八日市場|市川|市原|五日市|[^\s0-9市町村区]{1,7}?)市)"
    r"(?P<ward>(?:[^\s0-9市町村区]{1,4}区)?)"
    r"|(?P<single>[^\s0-9市町村区]{1,4}区)|(?P<alone>[^\s0-9市町村区]{1,5}[町村])(?=大字|字)")
_ONE = r"(?:[0-9]+|[一二三四五六七八九十百千〇]+(?=番|号))"
_NUMBERS = re.compile(
    rf"[甲乙丙丁]?{_ONE}(?!丁目|丁[0-9目]|[0-9]|階|F|棟|条|線|区|地割)(?:番地|番|号)*"
    rf"(?:(?:[-のノ]|(?<=[番地])){_ONE}(?![0-9]|階|F|棟)(?:番地|番|号)*)*")
_AZA = r"^(小?字[^0-9０-９\-－ー−‐―\s(（]+?)[甲乙丙丁]?[0-9０-９]"
_WORDS = r"^([^0-9０-９\-－ー−‐―\s(（]+?)[甲乙丙丁]?[0-9０-９]"
_BARE_WORDS = r"^([^\s(（]+)"
_TOWN_END = re.compile(r"[\s(（]")
_POST = re.compile(r"\s*〒?\s*[0-9]{3}-?[0-9]{4}\s+|\s*〒\s*[0-9]{3}-?[0-9]{4}\s*")


def split_addresses(addresses: pl.Series, gazetteer: Gazetteer | None, *, body_code: str | None) -> pl.DataFrame:
    """Each address to pref, city (with 郡), town, rest, building, city_code (and code), town_id; null = not known.

    With a gazetteer the town is the official name and its 町字ID is known. Without one the parts are told by their
    form, and prefecture and municipality by the body's code; a row whose municipality cannot be told has city null.
    """
    unique = addresses.cast(pl.String).unique(maintain_order=True).rename("address")
    rows = [split_by_form(a, body_code) for a in unique.to_list()]
    names = ("pref", "city", "town", "rest", "building", "city_code")
    plain = pl.DataFrame({n: pl.Series(n, [r[n] for r in rows], dtype=pl.String) for n in names})
    found = plain.with_columns(town_id=pl.lit(None, pl.String))
    if gazetteer is not None:
        parsed = parse_addresses(unique, gazetteer, body_code=body_code)
        known = parsed["level"] >= 3
        official = parsed.select(
            "pref", city=pl.col("county") + pl.col("city"), town="town", rest="rest", building="building",
            city_code="city_code", town_id="town_id", reason="reason")
        official = _with_aza(official).drop("reason")
        found = pl.DataFrame({
            n: pl.select(pl.when(known).then(official[n]).otherwise(found[n])).to_series() for n in found.columns})
    found = found.with_columns(pl.all().replace({"": None})).with_columns(code="city_code", address=unique)
    given = addresses.cast(pl.String).to_frame("address")
    return given.join(found, on="address", how="left", maintain_order="left", nulls_equal=True).drop("address")


def _with_aza(official: pl.DataFrame) -> pl.DataFrame:
    """A 小字 that the address data does not know moves from the number to the town (大嶺町東分 字平城326-1), as do the words
    into which an unsure town runs on, which then has no 町字ID."""
    unsure = pl.col("reason") == "town-unsure"
    words = pl.when(unsure).then(pl.coalesce(pl.col("rest").str.extract(_WORDS, 1), pl.when(pl.col("rest") == "").then(
        pl.col("building").str.extract(_BARE_WORDS, 1)))).otherwise(pl.col("rest").str.extract(_AZA, 1)).fill_null("")
    official = official.with_columns(words=words).with_columns(
        town=pl.col("town") + pl.col("words").str.strip_chars(), size=pl.col("words").str.len_chars(),
        town_id=pl.when(~(unsure & (pl.col("words") != ""))).then("town_id"))
    bare = unsure & (pl.col("rest") == "")
    return official.with_columns(
        rest=pl.when(bare).then("rest").otherwise(pl.col("rest").str.slice(pl.col("size"))),
        building=pl.when(bare).then(pl.col("building").str.slice(pl.col("size")).str.strip_chars(_BLANKS)).otherwise("building"),
    ).drop("words", "size")


def split_by_form(address: str | None, body_code: str | None) -> dict[str, str]:
    """One address to its parts by form alone; "" where not told."""
    parts = dict.fromkeys(("pref", "city", "town", "rest", "building", "city_code"), "")
    if not address:
        return parts
    plain = address.translate(_WIDE)
    place = 0
    post = _POST.match(plain)
    if post:
        place = post.end()
    pref = _PREF.match(plain, place)
    if pref:
        parts["pref"], place = address[pref.start():pref.end()], pref.end()
    place, named = _city(plain, place, parts, body_code)
    if not named:
        parts["pref"] = ""
        return parts
    numbers = _NUMBERS.search(plain, place)
    gap = _TOWN_END.search(plain, place + 1)
    if numbers and not (gap and gap.start() < numbers.start()):
        parts["town"] = _kanji_chome(plain[place:numbers.start()].strip())
        parts["rest"] = address[numbers.start():numbers.end()]
        parts["building"] = address[numbers.end():].strip(_BLANKS)
    else:
        stop = gap.start() if gap else len(plain)
        parts["town"] = _kanji_chome(plain[place:stop].strip())
        parts["building"] = address[stop:].strip(_BLANKS)
    return parts


def _city(plain: str, place: int, parts: dict[str, str], body_code: str | None) -> tuple[int, bool]:
    body = known_bodies().get((body_code or "")[:5])
    for code, (pref, county, name) in _order(body_code):
        if parts["pref"] in ("", pref):
            for written in (county + name, name):
                if plain.startswith(written, place):
                    parts.update(pref=pref, city=county + name, city_code=code)
                    return place + len(written), True
    match = _CITY.match(plain, place)
    if match:
        parts["city"] = match.group()
        if not parts["pref"]:
            parts["pref"] = prefectures().get((body_code or "")[:2], "") if body is None else ""
        return match.end(), True
    if body is not None and not parts["pref"] and re.search(r"[0-9町村字]", plain[place:]):
        parts.update(pref=body[1], city=body[2] + body[3], city_code=body[0])
        return place, True
    return place, False


def _order(body_code: str | None) -> list[tuple[str, tuple[str, str, str]]]:
    """The shipped municipalities, the body's own first."""
    rows = [(code, (pref, county, name)) for code, pref, county, name in known_bodies().values()]
    return sorted(rows, key=lambda r: r[0][:5] != (body_code or "")[:5])


@lru_cache(maxsize=1)
def known_bodies() -> dict[str, tuple[str, str, str, str]]:
    """municipalities_yamaguchi.csv: 5-digit code -> (code, prefecture, 郡, name)."""
    path = Path(__file__).with_name("municipalities_yamaguchi.csv")
    lines = [ln for ln in path.read_text(encoding="utf-8").splitlines() if not ln.startswith("#")]
    return {r["lg_code"][:5]: (r["lg_code"], r["pref"], r["county"], r["city"]) for r in csv.DictReader(lines)}


def _kanji_chome(town: str) -> str:
    """3丁目 to 三丁目: 町字 is written in kanji (GIF 442)."""
    return re.sub(r"([0-9]{1,2})丁目$", lambda m: kanji_number(int(m[1])) + "丁目", town)


def kanji_number(number: int) -> str:
    """1 to 99 in kanji."""
    tens, ones = divmod(number, 10)
    head = "" if tens == 0 else ("十" if tens == 1 else _KANJI[tens] + "十")
    return head + (_KANJI[ones] if ones or not head else "")
