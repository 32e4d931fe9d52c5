"""One address column into the address block of the municipal standard, and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import polars as pl

from pipelines.edition.building import sort_residue
from pipelines.edition.work import PLACE_CODE, PREF, PUBLISHER, PUBLISHER_CODE, Work, constant, row_findings
from pipelines.model import ROW, Finding, Municipality, findings_frame

Split = Callable[[pl.Series], pl.DataFrame]
"""Addresses to a frame of parts, one row each: pref, city, town, rest, building, and code, town_id where known."""

_PARTS = {"_都道府県": "pref", "_市区町村": "city", "_町字": "town", "_番地以下": "rest"}
_PLACES = ("所在地_", "施設所在地_")


def convert_address(work: Work, body: Municipality | None, split: Split | None) -> None:
    """住所 and 方書 into the eight columns of the address block by `split`, or the parts back into 住所."""
    full = next((f.name for f in work.target.fields if f.rule in ("addr_full", "addr_old")), None)
    if full is None:
        return
    parts = {n: role for n in work.target.names if (role := _part_role(n)) and work.wants(n)}
    if parts:
        _split_address(work, full, parts, body, split)
    own_parts = [n for n in work.source.names if _part_role(n) and n not in work.carried.values()]
    if own_parts:
        _join_address(work, full, own_parts)


def _part_role(name: str) -> str | None:
    if not name.startswith(_PLACES):
        return None
    return next((role for ending, role in _PARTS.items() if name.endswith(ending)), None)


def _split_address(
    work: Work, full: str, parts: Mapping[str, str], body: Municipality | None, split: Split | None
) -> None:
    address = work.new(full)
    filled = address.is_not_null()
    if split is None:
        if filled.any():
            params = {"count": int(filled.sum())}
            work.findings.append(findings_frame([Finding("edition-address-not-split", field=full, params=params)]))
        return
    found = split(address)
    city = _part(found, "city")
    known = city.is_not_null()
    sorted_parts = sort_residue(address, _part(found, "town"), _part(found, "rest"), _part(found, "building"))
    found = found.with_columns(sorted_parts["rest"], sorted_parts["building"])
    for name, role in parts.items():
        value = pl.select(pl.when(known).then(_part(found, role))).to_series()
        work.fill(name, value, "edition-address-split")
    _fill_place_codes(work, found, known, body)
    _move_building(work, full, _part(found, "building"))
    odd = pl.DataFrame({ROW: work.frame[ROW], "value": address}).filter(filled & ~known)
    work.findings.append(row_findings(odd, "edition-address-unsplit", full))


def _fill_place_codes(work: Work, found: pl.DataFrame, known: pl.Series, body: Municipality | None) -> None:
    if work.wants(PLACE_CODE):
        code = _part(found, "code")
        place = (_part(found, "pref").fill_null("") + _part(found, "city").fill_null("")).alias("place")
        # The publisher's code is the place's only where the address lies in the publisher's own area.
        for owner, own in ((work.new(PUBLISHER), work.new(PUBLISHER_CODE)), *_own_area(work, body)):
            same = known & (owner == place)
            code = code.fill_null(pl.select(pl.when(same).then(own)).to_series())
        work.fill(PLACE_CODE, code, "edition-address-split")
    for name in (f.name for f in work.target.with_rule("town_id")):
        if work.wants(name):
            work.fill(name, _part(found, "town_id"), "edition-address-split")


def _own_area(work: Work, body: Municipality | None) -> list[tuple[pl.Series, pl.Series]]:
    return [] if body is None else [(constant(work, body.full_name), constant(work, body.code))]


def _move_building(work: Work, full: str, building: pl.Series) -> None:
    """所在地_連結表記 goes without the building: it moves to its own column when that is blank.

    Only what surely is a building (`is_building`) gets here; everything else stays in 連結表記 and in 番地以下.
    """
    names = [f.name for f in work.target.with_rule("bldg")]
    if not names:
        return
    column = names[0]
    rows = pl.DataFrame({ROW: work.frame[ROW], "before": work.new(full), "bldg": building, "own": work.new(column)})
    moves = rows.with_columns(
        (
            pl.col("own").is_null()
            & (pl.col("bldg").fill_null("") != "")
            & pl.col("before").str.ends_with(pl.col("bldg"))
        )
        .fill_null(False)
        .alias("moves")
    ).with_columns(
        pl.when("moves")
        .then(pl.col("before").str.strip_suffix(pl.col("bldg")).str.strip_chars(" 　"))
        .otherwise("before")
        .alias("after")
    )
    work.columns[full] = moves["after"].alias(full)
    work.fix(moves.filter("moves").select(ROW, "before", "after"), full, "edition-building-moved")
    work.fill(column, moves.select(pl.when("moves").then("bldg")).to_series(), "edition-building-moved")


def _join_address(work: Work, full: str, own_parts: list[str]) -> None:
    by_role = {_part_role(n): work.get(n).fill_null("") for n in own_parts}
    blank = constant(work, "")
    joined = blank
    for role in ("pref", "city", "town", "rest"):
        joined = joined + by_role.get(role, blank)
    # Town and number alone are no address.
    complete = (by_role.get("city", blank) != "") & (by_role.get("town", blank) + by_role.get("rest", blank) != "")
    work.fill(full, pl.select(pl.when(complete).then(joined)).to_series(), "edition-address-joined")
    address = work.new(full).fill_null("")
    pairs = pl.DataFrame({"address": address, **{n: work.get(n) for n in own_parts}})
    for name in own_parts:
        said = pairs.select(pl.col("address").str.contains(pl.col(name), literal=True)).to_series()
        if _part_role(name) == "pref":
            said = said | (work.get(name) == work.new(PREF))
        work.keep(name, said)
        if _part_role(name) == "city":  # the code repeats the municipality that the address names
            work.keep(PLACE_CODE, said)


def _part(found: pl.DataFrame, name: str) -> pl.Series:
    """One part of the split addresses, blank cells as null."""
    if name not in found.columns:
        return pl.Series(name, [None] * found.height, pl.String)
    return found[name].cast(pl.String).replace({"": None})
