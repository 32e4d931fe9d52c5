"""The points of a table, block after block, to those that stand at many different addresses."""

from __future__ import annotations

import polars as pl

from pipelines.model import FINDINGS, ROW, findings_frame

SAME_POINT_ADDRESSES = 3  # so many different addresses on one point are a copy, not a building
_ADDRESS_PLACE = r"^([^0-9０-９]*[0-9０-９]+(?:[-－−‐ー―の番地丁目号]+[0-9０-９]+)*)"


class RepeatedPoints:
    """Points of all blocks of one table; keeps their two short texts, a hash of the address and the row number."""

    def __init__(self) -> None:
        self._seen: dict[str, list[pl.DataFrame]] = {}

    def add(self, heading: str, rows: pl.DataFrame, address: pl.Series) -> None:
        """Take the rows of one block: ROW, a and o (latitude and longitude as typed) and their addresses."""
        place = pl.coalesce(pl.col("place").str.extract(_ADDRESS_PLACE), pl.col("place"))
        plain = place.str.replace_all(r"\s|大字", "")
        kept = rows.select(ROW, "a", "o").with_columns(address.alias("place"))
        kept = kept.filter(pl.col("place").fill_null("").str.strip_chars() != "")
        self._seen.setdefault(heading, []).append(kept.with_columns(plain.hash(seed=35).alias("place")))

    def finish(self) -> pl.DataFrame:
        """Findings `coordinate-same-point`: each row of a point that stands at so many different addresses."""
        found = [findings_frame()]
        for heading, blocks in self._seen.items():
            twice = pl.concat(blocks).filter(pl.struct("a", "o").hash().is_duplicated())
            many = twice.with_columns(n=pl.col("place").n_unique().over("a", "o")).filter(
                pl.col("n") >= SAME_POINT_ADDRESSES)
            found.append(many.select(
                code=pl.lit("coordinate-same-point"), row=pl.col(ROW), field=pl.lit(heading), value=pl.col("a"),
                params=pl.struct(addresses="n", other="o").struct.json_encode(),
                remedy=pl.lit(None, dtype=pl.String)).cast(pl.Schema(FINDINGS)))
        return pl.concat(found)
