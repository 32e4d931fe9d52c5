"""The gazetteer's own names, written in several ways, to the share that is read back as the same place.

No file of cases holds every kind of name; here each town of the store is asked for by its whole name, so that a name that
hides another one (a 小字 that is a number, a 大字 that begins another) is seen.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from pipelines.geocode import Gazetteer, parse_addresses
from pipelines.geocode.places import ORPHAN_KOAZA, fold_hashes

_NAME = pl.col("oaza") + pl.col("chome") + pl.col("koaza")
_CITY = pl.col("pref") + pl.col("county") + pl.col("city")
WAYS = {
    "the name alone": _CITY + _NAME,
    "with 12-3": _CITY + _NAME + pl.lit("12-3"),
    "with blanks and 345番地": _CITY + pl.lit(" ") + _NAME + pl.lit(" 345番地"),
    "without 都道府県, with 12-3 and a building": pl.col("county") + pl.col("city") + _NAME + pl.lit("12-3 中央ビル2F"),
}


def run_names(gazetteer: Gazetteer, most: int) -> dict[str, Any]:
    """For each way to write an address: percent read as the same town, as its 大字・丁目 only, as another town of the
    municipality, as another municipality, and not at all; 小字 that name no 大字 are left out (a 大字 goes before them)."""
    towns = gazetteer.towns.filter(pl.col("kind") != ORPHAN_KOAZA)
    towns = towns.gather_every(max(1, towns.height // most))
    wanted, above = fold_hashes(towns.select(_NAME).to_series()), fold_hashes(towns["oaza"] + towns["chome"])
    table: dict[str, Any] = {}
    for way, text in WAYS.items():
        rows = parse_addresses(towns.select(text.alias("address")).to_series(), gazetteer)
        here = rows["city_code"] == towns["lg"]
        read = fold_hashes(rows["oaza"] + rows["chome"] + rows["koaza"])
        same = (read == wanted) & here
        parent = ~same & here & (fold_hashes(rows["oaza"] + rows["chome"]) == above)
        none = rows["level"] < 3
        moved = ~none & ~here & (rows["city"] != towns["city"])
        shares = {"same": same, "parent": parent, "none": none, "another_municipality": moved,
                  "another_town": ~same & ~parent & ~none & ~moved}
        table[way] = {"names": towns.height, **{k: round(100 * float(v.sum()) / towns.height, 3) for k, v in shares.items()}}
    return table
