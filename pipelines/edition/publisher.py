"""Publisher's names and codes of one edition into those of the other."""

from __future__ import annotations

import polars as pl

from pipelines.edition.work import CITY, CITY_CODE, PLACE_CODE, PREF, PUBLISHER, PUBLISHER_CODE, Work, constant
from pipelines.model import Municipality

_PREFECTURE = r"^(北海道|東京都|大阪府|京都府|[^0-9A-Za-z]{2,3}県)"


def convert_publisher(work: Work, body: Municipality | None) -> None:
    """都道府県名 + 市区町村名 into 地方公共団体名, or back; blank ones from `body`."""
    if work.wants(PUBLISHER):
        _join_publisher(work)
        if body is not None:
            work.fill(PUBLISHER, constant(work, body.full_name), "edition-publisher-body")
    if work.wants(PREF) or work.wants(CITY):
        _split_publisher(work, body)


def _join_publisher(work: Work) -> None:
    pref, city = work.get(PREF).fill_null(""), work.get(CITY).fill_null("")
    # 山口県 numbered its AEDs in this column (0001 ...): what is no municipality's name is not joined.
    fits = (city == "") | city.str.contains(r"[市区町村]$")
    joined = pl.select(pl.when(fits).then(pref + city).otherwise(pref)).to_series()
    work.fill(PUBLISHER, joined, "edition-publisher-joined")
    work.keep(PREF)
    work.keep(CITY, fits)


def _split_publisher(work: Work, body: Municipality | None) -> None:
    name = work.get(PUBLISHER)
    pref = name.str.extract(_PREFECTURE, 1)
    city = name.str.replace(_PREFECTURE, "")
    if body is not None:
        own = (city == body.name) & pref.is_null()
        pref = pl.select(pl.when(own).then(pl.lit(body.prefecture)).otherwise(pref)).to_series()
    for target, value in ((PREF, pref), (CITY, city)):
        if work.wants(target):
            work.fill(target, value, "edition-publisher-split")
            if body is not None:
                # A prefecture has no municipality's name to fill in.
                own_value = body.prefecture if target == PREF else body.name.removeprefix(body.prefecture)
                blank = pl.select(pl.when(name.is_null()).then(pl.lit(own_value or None))).to_series()
                work.fill(target, blank, "edition-publisher-body")
    work.keep(PUBLISHER)


def convert_codes(work: Work, body: Municipality | None) -> None:
    """The publisher's code where the other edition has none (指定緊急避難場所 of recommended-v1)."""
    if work.wants(PUBLISHER_CODE):
        work.fill(PUBLISHER_CODE, work.get(CITY_CODE), "edition-code-copied")
        if body is not None:
            work.fill(PUBLISHER_CODE, constant(work, body.code), "edition-publisher-body")
    if work.target.get(CITY_CODE) is not None and work.target.get(PUBLISHER_CODE) is None:
        place = work.get(PLACE_CODE).fill_null(work.get(PUBLISHER_CODE))
        work.fill(CITY_CODE, place, "edition-code-copied")
    for code in (PUBLISHER_CODE, PLACE_CODE):
        for column in work.target.with_rule("lgcode6"):
            work.keep(code, work.get(code) == work.new(column.name))
