"""Addresses that were refused to the names that may be meant: proposals for a person, never filled in."""

from __future__ import annotations

import difflib

import polars as pl

from pipelines.geocode.store import Gazetteer

_LIMIT = 200
_SHOWN = 3


def propose(addresses: pl.Series, parsed: pl.DataFrame, gazetteer: Gazetteer) -> pl.Series:
    """For refused rows up to three names, joined with 、: towns that look alike in the municipality that was read, or
    the places that share the name. At most 200 different addresses are looked at; the others stay blank.
    """
    frame = pl.DataFrame({"address": addresses.cast(pl.String), "reason": parsed["reason"], "code": parsed["city_code"],
                          "left": parsed["rest"] + parsed["building"]})
    wanted = frame.filter(pl.col("reason").is_in(
        ["town-not-found", "municipality-ambiguous", "town-ambiguous", "municipality-not-found"])).unique(
            maintain_order=True).head(_LIMIT)
    made = [_names(row, gazetteer) for row in wanted.to_dicts()]
    told = wanted.select("address", "reason", "code", "left").with_columns(
        pl.Series("candidates", made, dtype=pl.String))
    joined = frame.join(told, on=["address", "reason", "code", "left"], how="left", maintain_order="left",
                        nulls_equal=True)
    return joined["candidates"].fill_null("")


def _names(row: dict[str, str], gazetteer: Gazetteer) -> str:
    if row["reason"] == "town-not-found" and row["code"]:
        known = gazetteer.towns.filter((pl.col("lg") == row["code"]) & pl.col("kind").is_in([0, 1, 4]))["name"]
        found = difflib.get_close_matches(_words(row["left"]), known.unique(maintain_order=True).to_list(), _SHOWN, 0.5)
        return "、".join(found)
    text = pl.lit(row["address"] or "")
    cities = gazetteer.cities.filter((pl.col("ended").fill_null("") == "") & text.str.contains(
        pl.col("name"), literal=True))
    shared = (cities["pref"] + cities["county"] + cities["name"]).to_list()
    if row["reason"] == "town-ambiguous" and not shared:
        towns = gazetteer.towns.filter(pl.col("kind").is_in([0, 1, 4]) & (pl.col("name").str.len_chars() > 1)
                                       & text.str.starts_with(pl.col("name")))
        longest = towns.filter(pl.col("name").str.len_chars() == pl.col("name").str.len_chars().max())
        shared = (longest["pref"] + longest["county"] + longest["city"] + longest["name"]).to_list()
    return "、".join(shared[:_SHOWN])


def _words(left: str) -> str:
    """The text before the first digit."""
    for i, char in enumerate(left):
        if char.isdigit() and i:
            return left[:i]
    return left
