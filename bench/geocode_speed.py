"""A store of address data to speed, memory, opening time and the time of one address, each on one core.

    python -m bench.geocode_speed STORE ADDRESSES.parquet     (prints JSON; bench.geocode calls it in a process of its own)
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from pipelines.geocode import Gazetteer, parse_address, parse_addresses

_ROWS, _ALONE = 131_072, 1_000
_TIMEOUT_S = 600
DICT_PER_SECOND = 254_000
"""Longest prefixes a CPU second that a Python dict found on the machine on which the goals were set (shared/facts/addresses.md)."""


def make_addresses(gazetteer: Gazetteer, number: int, seed: int = 7) -> pl.Series:
    """Distinct addresses over the whole gazetteer in eight styles of writing."""
    rng = np.random.default_rng(seed)
    towns = gazetteer.towns.filter(pl.col("kind").is_in([0, 1]))
    pick = rng.integers(0, towns.height, number)
    rows = towns.select("pref", "county", "city", "oaza", "chome").select(pl.all().gather(pick))
    a, b = rng.integers(1, 400, number), rng.integers(1, 60, number)
    rows = rows.with_columns(a=pl.Series(a).cast(pl.String), b=pl.Series(b).cast(pl.String),
                             style=pl.Series(rng.integers(0, 8, number)), i=pl.int_range(number))
    place = pl.col("pref") + pl.col("county") + pl.col("city") + pl.col("oaza")
    short = pl.col("county") + pl.col("city") + pl.col("oaza")
    plain = place + pl.col("chome") + pl.col("a") + "番" + pl.col("b") + "号"
    dashed = place + pl.col("chome") + pl.col("a") + "-" + pl.col("b")
    style = pl.col("style")
    return rows.select(
        pl.when(style == 0).then(plain).when(style == 1).then(dashed)
        .when(style == 2).then(place + pl.col("chome") + pl.col("a") + "番地" + pl.col("b"))
        .when(style == 3).then(place + " " + pl.col("chome") + pl.col("a") + "－" + pl.col("b"))
        .when(style == 4).then(dashed + " 第" + pl.col("b") + "ビル3階")
        .when(style == 5).then(short + pl.col("chome") + pl.col("a") + "-" + pl.col("b"))
        .when(style == 6).then(place + pl.col("chome") + pl.col("a") + "の" + pl.col("b"))
        .otherwise(place + "大字" + pl.col("chome") + pl.col("a") + "番" + pl.col("b"))).to_series()


def distinct_addresses(gazetteer: Gazetteer, number: int, target: Path) -> Path:
    """`number` different addresses in a parquet file, made once."""
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        made = make_addresses(gazetteer, number + number // 20 + 10).unique(maintain_order=True).head(number)
        made.to_frame("address").write_parquet(target, row_group_size=_ROWS)
    return target


def run_speed(store: Path, addresses: Path) -> dict[str, Any]:
    """`measure` in a process of its own, with one thread. subprocess.SubprocessError when it fails."""
    told = subprocess.run([sys.executable, "-m", __name__, str(store), str(addresses)], check=True, timeout=_TIMEOUT_S,
                          capture_output=True, env={**os.environ, "POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1"})
    return dict(json.loads(told.stdout))


def measure(store: Path, addresses: Path) -> dict[str, Any]:
    """Parse the file chunk by chunk to frames. CPU seconds are those of the whole process over the parsing."""
    begin = time.perf_counter()
    gazetteer = Gazetteer.open(store)
    opened = time.perf_counter() - begin
    parse_addresses(next(_chunks(addresses)), gazetteer)
    number = found = lots = first_mib = 0
    wall = cpu = 0.0
    rates = []
    for part in _chunks(addresses):
        begin, used = time.perf_counter(), time.process_time()
        level = parse_addresses(part, gazetteer)["level"]
        spent = time.process_time() - used
        wall, cpu = wall + time.perf_counter() - begin, cpu + spent
        rates.append(part.len() / spent)
        number, found, lots = number + part.len(), found + int((level >= 3).sum()), lots + int((level >= 5).sum())
        first_mib = first_mib or _memory_mib("VmRSS")
    peak_mib = _memory_mib("VmHWM")
    return {"addresses": number, "cpu_s": round(cpu, 3), "wall_s": round(wall, 3), "per_cpu_second": round(number / cpu),
            "best_chunk_per_cpu_second": round(max(rates)), "town_found_percent": round(100 * found / number, 2),
            "lot_found_percent": round(100 * lots / number, 2), "lots": len(gazetteer.lots.table.hashes),
            "peak_mib": peak_mib, "growth_mib": _memory_mib("VmRSS") - first_mib, "open_s": round(opened, 3),
            **_yardstick(gazetteer, number / cpu), "calibration_cpu_s": calibrate(), "load_average": round(os.getloadavg()[0], 1),
            **_alone(next(_chunks(addresses)).head(_ALONE).to_list(), gazetteer)}


def _chunks(addresses: Path) -> Iterator[pl.Series]:
    import pyarrow.parquet as pq

    for batch in pq.ParquetFile(addresses).iter_batches(_ROWS):
        yield pl.Series("address", batch.column(0))


def _alone(addresses: Sequence[str], gazetteer: Gazetteer) -> dict[str, float]:
    """Milliseconds of CPU for one address by itself: the median and the 90th percentile."""
    for address in addresses[:50]:
        parse_address(address, gazetteer)
    spent = []
    for address in addresses:
        begin = time.process_time()
        parse_address(address, gazetteer)
        spent.append(1000 * (time.process_time() - begin))
    spent.sort()
    return {"single_median_ms": round(spent[len(spent) // 2], 3), "single_p90_ms": round(spent[len(spent) * 9 // 10], 3)}


def _yardstick(gazetteer: Gazetteer, per_second: float, number: int = 200_000) -> dict[str, int]:
    """What a Python dict of the same names does here, and what our rate would be on the machine of `DICT_PER_SECOND`."""
    towns = gazetteer.towns.select("lg", "oaza", "chome", "koaza")
    names = (towns["lg"] + towns["oaza"] + towns["chome"] + towns["koaza"]).append(towns["lg"] + towns["oaza"])
    known = dict.fromkeys(names.to_list(), True)
    rng = np.random.default_rng(1)
    lots = [f"{a}番{b}号" for a, b in rng.integers(1, 400, (number, 2)).tolist()]
    asked = [n + lot for n, lot in zip(names.gather(rng.integers(0, towns.height, number)).to_list(), lots, strict=True)]
    begin, found = time.process_time(), 0
    for text in asked:
        for length in range(20, 5, -1):
            if text[:length] in known:
                found += 1
                break
    rate = number / (time.process_time() - begin)
    return {"dict_per_cpu_second": round(rate), "dict_found": found,
            "per_cpu_second_at_goal_machine": round(per_second * DICT_PER_SECOND / rate)}


def _memory_mib(which: str) -> int:
    """VmHWM (the most so far) or VmRSS (now) of this process; getrusage would tell the parent's peak."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0
    return next((round(int(line.split()[1]) / 1024) for line in lines if line.startswith(which + ":")), 0)


def calibrate() -> float:
    """CPU seconds of a fixed numpy loop: a machine that is twice as busy shows it here too."""
    begin, values = time.process_time(), np.arange(1_000_000, dtype=np.uint64)
    for _ in range(60):
        values = values * np.uint64(6364136223846793005) + np.uint64(1442695040888963407)
        values ^= values >> np.uint64(33)
    return round(time.process_time() - begin, 3)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure(Path(sys.argv[1]), Path(sys.argv[2]))))
