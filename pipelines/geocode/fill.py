"""Rows with an address and no point to rows with one, each filled cell a Fix that says how exact it is."""

from __future__ import annotations

from typing import Any

import polars as pl

from pipelines.geocode.parse import parse_addresses
from pipelines.geocode.propose import propose
from pipelines.geocode.register import Register
from pipelines.geocode.store import Gazetteer
from pipelines.model import ROW, Finding, Fix, Municipality, Standard, Table, findings_frame, fixes_frame
from pipelines.values.text import DASHES_ONLY

ORDER = {"none": -1, "facility": 0, "building": 1, "block": 2, "parcel": 3, "chome": 4, "koaza": 4, "oaza": 5}
"""Fineness of a point, finest first; a declaration's `coarsest` is one of these."""
PRECISION_WORDS = {
    "facility": ("施設", "facility"), "building": ("住居番号", "house number"), "block": ("街区", "block"),
    "parcel": ("地番", "parcel"), "chome": ("丁目の代表点", "middle of the 丁目"),
    "koaza": ("小字の代表点", "middle of the 小字"), "oaza": ("大字・町の代表点", "middle of the 大字 or 町"),
    "city": ("市区町村の代表点", "middle of the municipality")}
REASON_WORDS = {
    "no-address": ("住所がありません", "there is no address"),
    "prefecture-only": ("市区町村が読み取れません", "no municipality can be read"),
    "municipality-only": ("町字がありません", "it names no town"),
    "municipality-not-found": ("市区町村が見つかりません", "the municipality is not known"),
    "municipality-ambiguous": ("同じ名前の市区町村が複数あります", "several municipalities have this name"),
    "town-not-found": ("町字が住所データに見つかりません", "the town is not in the address data"),
    "town-ambiguous": ("同じ町字が複数の市区町村にあります", "the town stands in several municipalities"),
    "chome-not-found": ("その丁目が住所データに見つかりません", "this 丁目 is not in the address data"),
    "outside-body": ("この自治体の外の住所です", "the address lies outside this municipality"),
    "too-coarse": ("許されたものより粗い位置しか分かりません", "only a coarser point than allowed is known"),
    "no-point": (
        "町字は分かりますが住所データに座標がありません", "the town is known but has no point in the address data"),
    "town-unsure": (
        "町字に読める言葉のあとに番地がなく、別の言葉が続いています",
        "words that read like a town run on into other words, without a number"),
    "no-gazetteer": ("住所データがありません", "there is no address data"),
    "facility-tie": (
        "同じ名前と住所の施設が複数の場所にあります", "facilities of this name and address stand at several points"),
}
SOURCE_WORDS = {
    "mlit": ("位置参照情報（国土交通省）", "location reference information (MLIT)"),
    "abr": ("アドレス・ベース・レジストリ（デジタル庁）", "Address Base Registry (Digital Agency)"),
    "geolonia": ("住所データ（株式会社Geolonia）", "address data (Geolonia Inc.)"),
}
"""Publishers' labels of the gazetteer in words."""
_TIE_WORDS = ("同じ名前と住所の施設が複数の場所にあるため（{0}）、施設の位置は使っていません。",
              "Facilities of this name and address stand at several points ({0}), so none of them was taken. ")
_FULL = ("addr_full", "addr_old")
_PART_ENDS = ("_都道府県", "_市区町村", "_町字", "_番地以下")
_FACILITY_ERROR_M = 30


def fill_points(
    table: Table, standard: Standard, *, gazetteer: Gazetteer | None, register: Register | None, coarsest: str,
    body: Municipality | None,
) -> tuple[Table, pl.DataFrame, pl.DataFrame]:
    """Fill 緯度 and 経度 (JGD2011 degrees, six decimals) of rows where both are blank; (table, findings, fixes).

    First the body's own facilities (name and address agree), then the gazetteer, never coarser than `coarsest` (a key
    of `ORDER`), never outside the prefecture, 郡 or municipality that the address states, and never outside `body`.
    A row whose facility stands at several points gets the gazetteer's point, and the finding names them.
    Each filled row has a finding `point-filled` with source, precision and error_m, and two fixes
    `geocode-<precision>`; each row with an address that got none a finding `point-not-found` with the reason.
    """
    lat, lon = _point_columns(table, standard)
    empty = findings_frame(), fixes_frame()
    allowed = ORDER.get(coarsest, ORDER["oaza"])
    if lat is None or lon is None or allowed < 0:
        return table, *empty
    address = _addresses(table, standard)
    if address is None:
        return table, *empty
    blank = _is_blank(table.frame[lat]) & _is_blank(table.frame[lon])
    wanted = table.frame.select(ROW, name=_names(table, standard)).with_columns(address.alias("address")).filter(
        blank & ~_is_blank(address))
    if wanted.height == 0:
        return table, *empty
    answers = _answers(wanted, gazetteer, register, allowed, body)
    return _write(table, lat, lon, answers)


def _is_blank(column: pl.Series) -> pl.Series:
    """True for blank cells, cells of spaces and cells of dashes."""
    text = column.fill_null("")
    return (text.str.strip_chars() == "") | text.str.contains(DASHES_ONLY)


def _point_columns(table: Table, standard: Standard) -> tuple[str | None, str | None]:
    def first(rule: str) -> str | None:
        return next((f.name for f in standard.with_rule(rule) if f.name in table.columns), None)
    return first("lat"), first("lon")


def _addresses(table: Table, standard: Standard) -> pl.Series | None:
    """The whole address, or its parts put together where the whole is blank."""
    names = [f.name for rule in _FULL for f in standard.with_rule(rule) if f.name in table.columns]
    parts = [next((c for c in table.columns if c.endswith(end)), None) for end in _PART_ENDS]
    known = [p for p in parts if p is not None]
    if not names and not known:
        return None
    joined = pl.concat_str([pl.col(p).fill_null("") for p in known]) if known else pl.lit("")
    whole = pl.col(names[0]).fill_null("") if names else pl.lit("")
    said = (whole.str.strip_chars() != "") & ~whole.str.contains(DASHES_ONLY)
    return table.frame.select(pl.when(said).then(whole).otherwise(joined)).to_series()


def _names(table: Table, standard: Standard) -> pl.Expr:
    ends = [c for c in table.columns if c in ("名称", "施設名", "施設名称") or c.endswith(("施設名称", "_名称"))]
    return pl.col(ends[0]) if ends else pl.lit(None, pl.String)


def _answers(wanted: pl.DataFrame, gazetteer: Gazetteer | None, register: Register | None, allowed: int,
             body: Municipality | None) -> list[dict[str, Any]]:
    """For each wanted row a dict: lat, lon (text) and precision, or a reason."""
    rows = wanted.to_dicts()
    answers: list[dict[str, Any]] = [{**r, "reason": "no-gazetteer", "candidates": ""} for r in rows]
    if register is not None:
        located = register.locate(wanted["name"], wanted["address"]).to_dicts()
        for answer, found in zip(answers, located, strict=True):
            if found["status"] == "match":
                answer.update(lat=_six(found["lat"]), lon=_six(found["lon"]), precision="facility", reason="",
                              source=f"facility:{found['label']}", error_m=_FACILITY_ERROR_M, flags="")
            elif found["status"] == "tie":
                answer.update(reason="facility-tie", candidates=found["candidates"])
    left = [i for i, a in enumerate(answers) if a["reason"]]
    if gazetteer is not None and left:
        asked = wanted["address"].gather(left)
        parsed = parse_addresses(asked, gazetteer, body_code=body.code if body is not None else None)
        parsed = parsed.with_columns(candidates=propose(asked, parsed, gazetteer))
        for i, found in zip(left, parsed.to_dicts(), strict=True):
            judged = _judge(found, gazetteer, allowed, body)
            tie = answers[i]["candidates"] if answers[i]["reason"] == "facility-tie" else ""
            if not tie or not judged["reason"]:
                answers[i].update(judged, tie=tie)
    return answers


def _judge(found: dict[str, Any], gazetteer: Gazetteer, allowed: int, body: Municipality | None) -> dict[str, Any]:
    """A parsed address to a point that may be filled, or the reason why not."""
    if found["level"] < 3:
        return {"reason": found["reason"] or "town-not-found", "candidates": found["candidates"]}
    if found["reason"] == "town-unsure":
        return {"reason": "town-unsure", "candidates": found["county"] + found["city"] + found["town"]}
    if body is not None and not gazetteer.same_body(found["city_code"], body.code):
        return {"reason": "outside-body", "candidates": found["county"] + found["city"] + found["town"]}
    if found["lat"] is None or found["lon"] is None or not found["precision"]:
        return {"reason": "no-point", "candidates": found["town"]}
    if ORDER.get(found["precision"], 9) > allowed:
        return {"reason": "too-coarse", "candidates": f"{found['town']} ({found['precision']})"}
    return {"reason": "", "lat": _six(found["lat"]), "lon": _six(found["lon"]), "precision": found["precision"],
            "source": found["source"], "error_m": found["error_m"], "flags": found["flags"],
            "town": found["town"], "credit": gazetteer.credit_of(found["source"])}


def _source_words(source: str) -> tuple[str, str]:
    """Where a point comes from, in words: the publisher of the address data, or the body's own dataset."""
    if source.startswith("facility:"):
        label = source.removeprefix("facility:")
        return f"同じ団体の「{label}」", f'the same body\'s "{label}"'
    return SOURCE_WORDS.get(source, (source, source))


def _six(degrees: str | float) -> str:
    return f"{float(degrees):.6f}"


def _write(table: Table, lat: str, lon: str, answers: list[dict[str, Any]]) -> tuple[Table, pl.DataFrame, pl.DataFrame]:
    findings, fixes = [], []
    for a in answers:
        if a["reason"]:
            ja, en = REASON_WORDS[a["reason"]]
            near = a["candidates"] or ""
            findings.append(Finding("point-not-found", a[ROW], lat, a["address"], {
                "reason": a["reason"], "reason_ja": ja, "reason_en": en, "candidates": near,
                "candidates_ja": f"候補: {near}。" if near else "", "candidates_en": f"Candidates: {near}. " if near else ""}))
            continue
        ja, en = PRECISION_WORDS[a["precision"]]
        source_ja, source_en = _source_words(a["source"])
        tie_ja, tie_en = (words.format(a["tie"]) if a.get("tie") else "" for words in _TIE_WORDS)
        findings.append(Finding("point-filled", a[ROW], lat, a["address"], {
            "source": a["source"], "source_ja": source_ja, "source_en": source_en, "tie_ja": tie_ja, "tie_en": tie_en,
            "precision": a["precision"], "precision_ja": ja, "precision_en": en,
            "error_m": a["error_m"], "lat": a["lat"], "lon": a["lon"], "flags": a["flags"],
            "credit": a.get("credit", "")}))
        rule = f"geocode-{a['precision']}"
        fixes += [Fix(a[ROW], lat, None, a["lat"], rule), Fix(a[ROW], lon, None, a["lon"], rule)]
    filled = pl.DataFrame([(a[ROW], a["lat"], a["lon"]) for a in answers if not a["reason"]],
                          schema={ROW: pl.Int64, "__lat": pl.String, "__lon": pl.String}, orient="row")
    frame = table.frame.join(filled, on=ROW, how="left", maintain_order="left").with_columns(
        pl.coalesce("__lat", lat).alias(lat), pl.coalesce("__lon", lon).alias(lon)).drop("__lat", "__lon")
    return Table(frame), findings_frame(findings), fixes_frame(fixes)
