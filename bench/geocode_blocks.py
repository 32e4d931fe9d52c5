"""A store of towns to the same store with a made-up block table in the layout of 街区レベル位置参照情報."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import polars as pl

from pipelines.geocode import Gazetteer, build_gazetteer


def block_store(gazetteer: Gazetteer, target: Path, rows: int) -> Gazetteer:
    """The store in `target`, made once: the towns of `gazetteer` and `rows` blocks spread evenly over them."""
    wanted = target / "blocks.csv"
    if not Gazetteer.exists(target):
        target.mkdir(parents=True, exist_ok=True)
        shutil.copytree(gazetteer.folder / "sources", target / "sources", dirs_exist_ok=True)
        shutil.copy(gazetteer.folder / "store.json", target / "store.json")
        write_blocks(gazetteer, wanted, rows)
        build_gazetteer([wanted], target)
        wanted.unlink()
    return Gazetteer.open(target)


def write_blocks(gazetteer: Gazetteer, path: Path, rows: int) -> None:
    """CSV with the official headings: town t gets the numbers 1, 2, ... near its point."""
    towns = gazetteer.towns.filter(pl.col("kind").is_in([0, 1]) & pl.col("lat").is_not_null())
    each = -(-rows // towns.height)
    place = np.repeat(np.arange(towns.height), each)[:rows]
    number = np.tile(np.arange(1, each + 1), towns.height)[:rows]
    frame = towns.select("pref", pl.col("county") + pl.col("city"), town=pl.col("oaza") + pl.col("chome"), lat="lat",
                         lon="lon").select(pl.all().gather(place))
    frame.select(
        pl.col("pref").alias("都道府県名"), pl.col("county").alias("市区町村名"), pl.col("town").alias("大字・丁目名"),
        pl.lit("").alias("小字・通称名"), pl.Series("街区符号・地番", number).cast(pl.String), pl.lit("1").alias("座標系番号"),
        pl.lit("0").alias("Ｘ座標"), pl.lit("0").alias("Ｙ座標"),
        (pl.col("lat") + pl.Series(number) * 1e-5).round(6).alias("緯度"),
        (pl.col("lon") + pl.Series(number) * 1e-5).round(6).alias("経度"), pl.lit("1").alias("住居表示フラグ"),
        pl.lit("1").alias("代表フラグ"), pl.lit("1").alias("更新前履歴フラグ"), pl.lit("0").alias("更新後履歴フラグ"),
    ).write_csv(path)
