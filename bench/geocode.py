"""Case files and a gazetteer to tables of accuracy and speed of the geocoding room.

    python -m bench.geocode --cases DIR --gazetteer DIR [--speed N] [--misses] [--json FILE]

The case files hold answers of other projects' own test suites and real shelters; a case counts where its town
stands in the gazetteer, the others are listed as unreachable.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from pipelines.geocode import Gazetteer, judge, parse_addresses
from pipelines.geocode.fold import fold_text

SETS = ("nja3_addresses", "jap_parser", "imi_spec", "jageocoder_search", "njapy_main", "abr_e2e",
        "hard_yamaguchi_authored")
BEST_PEER = {"nja3_addresses": 99.9, "jap_parser": 89.4, "imi_spec": 100.0, "jageocoder_search": 78.0,
             "njapy_main": 100.0, "abr_e2e": 92.8, "hard_yamaguchi_authored": 100.0}
_NUMBERED = re.compile(r"[0-9０-９]+(番地|番|号|番地の[0-9]+)?")


def key(text: str) -> tuple[int, ...]:
    return fold_text(text)


def answers(case: dict[str, str]) -> list[tuple[tuple[int, ...], ...]]:
    """The right answers of a case: each (whole place down to the town, folded), () if the case names no town."""
    if case.get("fullname"):
        found = []
        for name in case["fullname"].split("|"):
            parts = [p for p in name.split("/") if p and not _NUMBERED.fullmatch(p)]
            if "//" in name or len(parts) < 3:
                return []
            found.append((key("".join(parts)),))
        return found
    town, koaza = case.get("town", ""), case.get("koaza", "")
    whole = town or koaza
    if not whole:
        return []
    place = case.get("pref", "") + case["city"]
    return [(key(place + whole),), (key(place + town + koaza),)]


def got_keys(row: dict[str, Any], with_pref: bool) -> set[tuple[int, ...]]:
    """Our answer in the forms in which a case may name it: with and without 郡, with and without the 小字."""
    made = set()
    for county in (row["county"], ""):
        for town in (row["oaza"] + row["chome"], row["oaza"] + row["chome"] + row["koaza"]):
            if town:
                made.add(key((row["pref"] if with_pref else "") + county + row["city"] + town))
    return made


def known_places(gazetteer: Gazetteer) -> set[tuple[str, tuple[int, ...]]]:
    towns = gazetteer.towns.select("lg", pl.concat_str("pref", "county", "city", "oaza", "chome", "koaza").alias("n"),
                                   pl.concat_str("pref", "city", "oaza", "chome", "koaza").alias("m"),
                                   pl.concat_str("pref", "county", "city", "oaza", "chome").alias("o"),
                                   pl.concat_str("pref", "city", "oaza", "chome").alias("p"))
    from pipelines.geocode.fold import fold
    from pipelines.geocode.keys import roll_rows, seed_of
    seen: set[int] = set()
    for column in ("n", "m", "o", "p"):
        for part in towns[column].unique().to_frame().iter_slices(65536):
            f = fold(part.to_series())
            seen.update(roll_rows(f.token, f.start, f.end, np.full(part.height, seed_of("k")))[0].tolist())
    return seen  # type: ignore[return-value]


def is_known(place: tuple[int, ...], known: set[Any]) -> bool:
    from pipelines.geocode.keys import roll_one, seed_of
    return int(roll_one(seed_of("k"), place)) in known


def run_set(name: str, folder: Path, gazetteer: Gazetteer, known: set[Any]) -> dict[str, Any]:
    cases = pl.read_csv(folder / f"{name}.csv", infer_schema=False).with_columns(pl.all().fill_null(""))
    rows = parse_addresses(cases["input"], gazetteer).to_dicts()
    right = wrong = unreachable = none = 0
    misses = []
    for case, row in zip(cases.to_dicts(), rows, strict=True):
        wanted = answers(case)
        if not wanted:
            none += 1
            continue
        with_pref = "pref" in case
        reach = [w for w in wanted if not with_pref or is_known(w[0], known)]
        hit = bool(got_keys(row, with_pref) & {w[0] for w in wanted})
        if hit:
            right += 1
        elif not reach:
            unreachable += 1
            misses.append(("unreachable", case, row))
        else:
            wrong += 1
            misses.append(("miss", case, row))
    total = right + wrong
    return {"set": name, "cases": cases.height, "no_town": none, "unreachable": unreachable, "right": right,
            "wrong": wrong, "percent": round(100 * right / max(total, 1), 2), "best_peer": BEST_PEER[name],
            "misses": misses}


def run_shelters(folder: Path, gazetteer: Gazetteer) -> dict[str, Any]:
    cases = pl.read_csv(folder / "gsi_shelters_35.csv", infer_schema=False).with_columns(pl.all().fill_null(""))
    parsed = parse_addresses(cases["input"], gazetteer)
    told = judge(cases, parsed)
    metres = told["distance_m"].filter(parsed["level"] >= 3).drop_nulls()
    return {"set": "gsi_shelters_35", "cases": cases.height,
            "municipality": round(100 * float(told["lg_code"].fill_null(False).mean()), 2),
            "town": round(100 * float((parsed["level"] >= 3).mean()), 2), "median_m": round(float(metres.median())),
            "p90_m": round(float(metres.quantile(0.9))),
            "within_1km": round(100 * float((metres <= 1000).sum()) / cases.height, 2),
            "over_5km": round(100 * float((metres > 5000).mean()), 2)}


def make_addresses(gazetteer: Gazetteer, number: int, seed: int = 7) -> pl.Series:
    """Distinct addresses over the whole gazetteer in several styles of writing."""
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


def run_speed(gazetteer: Gazetteer, number: int) -> dict[str, Any]:
    addresses = make_addresses(gazetteer, number)
    parse_addresses(addresses.slice(0, 1000), gazetteer)
    begin, cpu = time.perf_counter(), time.process_time()
    found = 0
    for part in addresses.to_frame("a").iter_slices(65_536):
        found += int((parse_addresses(part["a"], gazetteer)["level"] >= 3).sum())
    wall, cpu = time.perf_counter() - begin, time.process_time() - cpu
    one = addresses[0]
    start = time.perf_counter()
    for _ in range(50):
        parse_addresses(pl.Series([one]), gazetteer)
    single = (time.perf_counter() - start) / 50
    return {"addresses": number, "seconds": round(wall, 2), "per_second": round(number / wall),
            "per_cpu_second": round(number / cpu), "town_found_percent": round(100 * found / number, 2),
            "single_ms": round(single * 1000, 3),
            "peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)}


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=Path)
    parser.add_argument("--gazetteer", type=Path, required=True)
    parser.add_argument("--speed", type=int, default=0)
    parser.add_argument("--only", default="")
    parser.add_argument("--misses", action="store_true")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args(argv)
    begin = time.perf_counter()
    gazetteer = Gazetteer.open(args.gazetteer)
    report: dict[str, Any] = {"open_s": round(time.perf_counter() - begin, 3)}
    if args.speed:
        report["speed"] = run_speed(gazetteer, args.speed)
        print(json.dumps(report, ensure_ascii=False))
    if args.cases:
        known = known_places(gazetteer)
        report["sets"] = []
        for name in SETS:
            if args.only and args.only not in name:
                continue
            result = run_set(name, args.cases, gazetteer, known)
            misses = result.pop("misses")
            report["sets"].append(result)
            print(json.dumps(result, ensure_ascii=False))
            if args.misses:
                for what, case, row in misses:
                    names = ("pref", "city", "town", "koaza")
                    wanted = case.get("fullname") or "/".join(case.get(c, "") for c in names)
                    got = "/".join(row[c] for c in ("pref", "county", "city", "oaza", "chome", "koaza", "rest",
                                                    "building", "reason"))
                    print("  ", what, case["input"], "| wanted", wanted, "| got", got)
        if not args.only or args.only in "gsi_shelters_35":
            report["shelters"] = run_shelters(args.cases, gazetteer)
            print(json.dumps(report["shelters"], ensure_ascii=False))
    if args.json:
        args.json.write_text(json.dumps(report, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
