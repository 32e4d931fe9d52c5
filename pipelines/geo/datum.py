"""A file's points and where its addresses say they are, to a verdict: is it in 日本測地系 (Tokyo datum)?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import polars as pl

from pipelines.geo.area import METRES_PER_DEGREE

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

FINE_M = 300.0  # a 丁目 or better: its point is nearer than the 400 m of the shift
FINE_ROWS = 10
EXACT_M = 60.0  # a building or a facility
EXACT_ROWS = 3
CAP_M = 1_000.0  # one wrong row must not decide
TOKYO_RATIO = 0.6  # measured on ten municipalities: Tokyo 0.27-0.54, JGD 1.6-3.7
JGD_RATIO = 1.5


@dataclass(frozen=True)
class DatumVerdict:
    """`answer`: is the file in 日本測地系? yes, no or cannot-tell; the reason in both languages."""

    answer: Literal["yes", "no", "cannot-tell"]
    reason_ja: str
    reason_en: str
    rows: int
    ratio: float | None = None  # mean distance after a shift from Tokyo to JGD / as it is

    @property
    def reason(self) -> str:
        """The reason in Japanese."""
        return self.reason_ja


def shift_tokyo_to_jgd(lat_deg: Floats, lon_deg: Floats) -> tuple[Floats, Floats]:
    """Tokyo datum to JGD by the linear formula of 飛田幹男 (国土地理院), good to 3 m in 山口県; for telling only."""
    lat = lat_deg - 0.00010695 * lat_deg + 0.000017464 * lon_deg + 0.0046017
    lon = lon_deg - 0.000046038 * lat_deg - 0.000083043 * lon_deg + 0.010040
    return lat, lon


def distance_m(lat_a: Floats, lon_a: Floats, lat_b: Floats, lon_b: Floats) -> Floats:
    """Distance between points in degrees, in metres, by the flat formula (good to 0.1 % within a region)."""
    import numpy as np

    d_lon = (lon_a - lon_b) * np.cos(np.radians((lat_a + lat_b) / 2))
    return np.asarray(np.hypot(lat_a - lat_b, d_lon) * METRES_PER_DEGREE)


def detect_datum(points: pl.DataFrame, town_points: pl.DataFrame) -> DatumVerdict:
    """Compare points (columns row, lat, lon in degrees) with where their addresses are (row, lat, lon, error_m).

    Values in 日本測地系 read as JGD lie about 400 m to the south-east. Only rows whose address is known
    to a 丁目 or better can show that: with coarser towns two municipalities of 山口県 would be false alarms,
    so the answer there is cannot-tell. Nothing is converted here.
    """
    import numpy as np

    town = town_points.select("row", t_lat="lat", t_lon="lon", e="error_m").drop_nulls()
    both = points.select("row", "lat", "lon").drop_nulls().join(town, on="row", how="inner")
    exact = both.filter(pl.col("e") <= EXACT_M)
    fine = exact if EXACT_ROWS <= exact.height < FINE_ROWS else both.filter(pl.col("e") <= FINE_M)
    needed = EXACT_ROWS if fine is exact else FINE_ROWS
    if fine.height < needed:
        return DatumVerdict(
            "cannot-tell",
            f"丁目より細かく位置の分かる住所が{fine.height}行しかなく、判定には{FINE_ROWS}行が必要です。",
            f"only {fine.height} rows have an address known to a 丁目 or better; {FINE_ROWS} are needed",
            fine.height,
        )
    lat, lon, t_lat, t_lon = (fine[c].to_numpy() for c in ("lat", "lon", "t_lat", "t_lon"))
    s_lat, s_lon = shift_tokyo_to_jgd(lat, lon)
    before = float(np.minimum(distance_m(lat, lon, t_lat, t_lon), CAP_M).mean())
    after = float(np.minimum(distance_m(s_lat, s_lon, t_lat, t_lon), CAP_M).mean())
    ratio = round(after / max(before, 1.0), 3)
    ja = f"住所の場所との平均距離は、そのままで{before:.0f}m、日本測地系とみなすと{after:.0f}mです（{fine.height}行）。"
    en = f"mean distance from the addresses: {before:.0f} m as it is, {after:.0f} m if it is in the Tokyo datum"
    answer: Literal["yes", "no", "cannot-tell"] = (
        "yes" if ratio <= TOKYO_RATIO else "no" if ratio >= JGD_RATIO else "cannot-tell")
    return DatumVerdict(answer, ja, en, fine.height, ratio)
