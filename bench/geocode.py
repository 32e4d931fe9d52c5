"""Case files and a gazetteer to tables of accuracy and speed of the geocoding room.

    python -m bench.geocode [--cases DIR] [--gazetteer DIR] [--speed N] [--blocks N] [--names N] [--peer-cases N] [--misses]

The case files hold answers of other projects' own test suites and real shelters; a case counts where its town
stands in the gazetteer, the others are listed as unreachable.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from bench.geocode_blocks import block_store
from bench.geocode_names import run_names
from bench.geocode_peers import Peer, install_peers, make_endpoint, timed
from bench.geocode_speed import DICT_PER_SECOND, distinct_addresses, run_speed
from pipelines.errors import SourceError
from pipelines.geocode import Gazetteer, build_gazetteer, judge, parse_addresses
from pipelines.geocode.fold import fold_text
from pipelines.geocode.frame import distance_m
from pipelines.geocode.layouts import read_source

SETS = ("nja3_addresses", "jap_parser", "imi_spec", "jageocoder_search", "njapy_main", "abr_e2e",
        "hard_yamaguchi_authored")
BEST_PEER = {"nja3_addresses": 99.9, "jap_parser": 89.4, "imi_spec": 100.0, "jageocoder_search": 78.0,
             "njapy_main": 100.0, "abr_e2e": 92.8, "hard_yamaguchi_authored": 100.0}
_STRIDE, _PEER_S = 7, 300.0
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


def tell_speed(what: str, told: dict[str, Any]) -> None:
    print(f"{what}: {told['addresses']:,} addresses, {told['per_cpu_second']:,} a CPU second (best chunk "
          f"{told['best_chunk_per_cpu_second']:,}); town found {told['town_found_percent']} %, block found "
          f"{told['lot_found_percent']} % of {told['lots']:,}; peak {told['peak_mib']} MiB, growth {told['growth_mib']} MiB; "
          f"opens in {told['open_s']} s; one address {told['single_median_ms']} ms (90 %: {told['single_p90_ms']} ms); "
          f"load {told['load_average']}, calibration {told['calibration_cpu_s']} s; a Python dict finds "
          f"{told['dict_per_cpu_second']:,} longest prefixes a CPU second here, {DICT_PER_SECOND:,} where the goals were set: "
          f"at that machine's speed {told['per_cpu_second_at_goal_machine']:,} addresses")


def run_peers(cases: Path, gazetteer: Gazetteer, peers: Sequence[Peer], endpoint: Path, most: int,
              keep: Callable[[], None], table: dict[str, Any]) -> None:
    """Kokai and the peers on the same cases, at most `most` of each set (spread evenly): towns right, metres, speed.

    Fills `table` set by set and calls `keep` after each, so that a run that is cut short leaves what it has.
    """
    bodies = {lg: {pref + county + city, pref + city} for lg, pref, county, city in gazetteer.cities.select(
        "lg", "pref", "county", "name").iter_rows()}
    for name in (*SETS, "gsi_shelters_35"):
        whole = pl.read_csv(cases / f"{name}.csv", infer_schema=False).with_columns(pl.all().fill_null(""))
        wanted = 4 * most if name == "gsi_shelters_35" else most
        part = whole.gather_every(max(1, whole.height // wanted)).head(wanted)
        part = pl.concat([part.gather_every(_STRIDE, at) for at in range(min(_STRIDE, part.height))])  # any head is even
        asked = part["input"].to_list()
        begin = time.perf_counter()
        ours = parse_addresses(part["input"], gazetteer)
        speed = timed(begin, len(asked))
        told = {"kokai": (ours.with_columns(city=pl.col("county") + pl.col("city")), speed)}
        for peer in peers:
            try:
                rows, seconds = peer.answer_within(asked, endpoint, _PEER_S)
            except (OSError, ValueError, subprocess.SubprocessError) as problem:
                print(f"{peer.name}: {type(problem).__name__}")
                continue
            told[peer.name] = (rows, round(rows.height / max(seconds, 1e-9), 1))
        table[name] = {who: {**score(part.head(rows.height), rows, bodies), "asked": rows.height, "per_second": rate}
                       for who, (rows, rate) in told.items()}
        tell_peers(name, table[name])
        keep()


def tell_peers(name: str, told: dict[str, Any]) -> None:
    for who, scored in told.items():
        metres = "" if "median_m" not in scored else (
            f"; municipality right {scored.get('municipality_percent', '-')} %, point of a town for "
            f"{scored['town_percent']} %, median {scored['median_m']} m, "
            f"within 1 km {scored['within_1km_percent']} %")
        towns = f"towns {scored['right']}/{scored['cases']} = {scored['percent']} %" if scored["cases"] else "no towns named"
        print(f"{name}, {scored['asked']} cases evenly: {who}: {towns}{metres}; {scored['per_second']:,} a second", flush=True)


def score(cases: pl.DataFrame, rows: pl.DataFrame, bodies: dict[str, set[str]]) -> dict[str, Any]:
    """Towns right of those that the cases name; with points also the median distance and the share within 1 km; with
    codes also the share of right municipalities (`bodies`: code -> the names of it)."""
    right = total = 0
    for case, row in zip(cases.to_dicts(), rows.to_dicts(), strict=True):
        wanted = {w[0] for w in answers(case)} if "city" in case or case.get("fullname") else set()
        if not wanted:
            continue
        total += 1
        pref = row["pref"] if "pref" in case or case.get("fullname") else ""
        city = {row["city"], re.sub("^[^市]{1,4}郡(?=.+[町村]$)", "", row["city"])}
        names = {row["town"], (row.get("oaza") or "") + (row.get("chome") or "")} - {""}
        right += bool({key(pref + c + t) for c in city for t in names} & wanted)
    scored: dict[str, Any] = {"cases": total, "right": right, "percent": round(100 * right / max(total, 1), 2)}
    if "lg_code" in cases.columns and not total:
        named = [(bodies.get(code, set()), pref + city)
                 for code, pref, city in zip(cases["lg_code"], rows["pref"], rows["city"], strict=True)]
        scored["municipality_percent"] = round(100 * sum(name in names for names, name in named) / len(named), 2)
    if {"lat", "lon"} <= set(cases.columns):
        metres = distance_m(cases, rows).filter(rows["town"] != "").drop_nulls()
        if not metres.len():
            return scored
        scored |= {"town_percent": round(100 * float((rows["town"] != "").mean()), 2),  # type: ignore[arg-type]
                   "median_m": round(float(metres.median() or 0)),  # type: ignore[arg-type]
                   "within_1km_percent": round(100 * float((metres <= 1000).sum()) / cases.height, 2)}
    return scored


def explain(case: dict[str, str], row: dict[str, Any]) -> str:
    """The class of a miss."""
    if row["reason"]:
        return f"refused: {row['reason']}"
    wanted = {key(str(case.get("city", "")))}
    if case.get("city") and not {key(row["county"] + row["city"]), key(row["city"])} & wanted:
        return "another municipality"
    return "another town of the municipality"


def store_result(path: Path, section: str, result: dict[str, Any]) -> None:
    """Put one section into results.json; the others stay."""
    whole = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    whole[section] = result
    path.write_text(json.dumps(whole, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def open_store(given: Path | None, shared: Path, scratch: Path) -> Gazetteer | None:
    """The given store, or one made once in `scratch` from the shared files of all Japan; None where there is none."""
    if given is not None:
        return Gazetteer.open(given)
    files = [p for folder in ("japan", "yamaguchi") for p in sorted((shared / "gazetteer" / folder).rglob("*"))
             if p.name.endswith((".csv", ".csv.gz", ".parquet", ".zip"))] if shared.is_dir() else []
    target = scratch / "gazetteer"
    if not Gazetteer.exists(target):
        readable = [p for p in files if _is_layout(p)]
        if not readable:
            return None
        build_gazetteer(readable, target)
    return Gazetteer.open(target)


def _is_layout(path: Path) -> bool:
    try:
        return bool(read_source(path))
    except SourceError:
        return False


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    shared = Path(os.environ.get("KOKAI_SHARED", "../shared"))
    given = os.environ.get("KOKAI_GAZETTEER_JAPAN")
    parser.add_argument("--cases", type=Path, default=shared / "geocode-cases")
    parser.add_argument("--gazetteer", type=Path, default=Path(given) if given else None)
    parser.add_argument("--speed", type=int, default=1_000_000)
    parser.add_argument("--blocks", type=int, default=2_000_000, help="rows of the made-up block table, 0 for none")
    parser.add_argument("--names", type=int, default=1_000_000, help="towns of the gazetteer to be read back, 0 for none")
    parser.add_argument("--peer-cases", type=int, default=30,
                        help="cases of each set for the peers (four times as many shelters), 0 for none")
    parser.add_argument("--scratch", type=Path, default=Path(tempfile.gettempdir()) / "kokai-bench-geocode")
    parser.add_argument("--misses", action="store_true")
    parser.add_argument("--json", type=Path, default=Path(__file__).with_name("results.json"))
    args = parser.parse_args(argv)
    gazetteer = open_store(args.gazetteer, shared, args.scratch)
    if gazetteer is None:
        print("住所データがありません(KOKAI_SHARED か --gazetteer) / no address data: nothing to measure")
        return 0
    report: dict[str, Any] = {"towns": gazetteer.towns.height}

    def keep() -> None:
        store_result(args.json, "geocode", report)

    if args.speed:
        made = args.scratch / f"addresses-{args.speed}-{gazetteer.towns.height}.parquet"
        distinct_addresses(gazetteer, args.speed, made)
        report["town_level"] = run_speed(gazetteer.folder, made)
        tell_speed("town level", report["town_level"])
        if args.blocks:
            blocks = block_store(gazetteer, args.scratch / f"blocks-{args.blocks}", args.blocks)
            report["block_level"] = run_speed(blocks.folder, made)
            tell_speed("block level", report["block_level"])
        keep()
    if args.names:
        report["names"] = run_names(gazetteer, args.names)
        for way, told in report["names"].items():
            print(f"own names, {way}: {json.dumps(told)}", flush=True)
        keep()
    if args.cases.is_dir():
        report["accuracy"] = run_accuracy(args.cases, gazetteer, show=args.misses)
        keep()
        if args.peer_cases:
            peers, skipped = install_peers(args.scratch / "peers")
            for name, reason in skipped.items():
                print(f"{name}: 入れられません / cannot be installed: {reason}")
            endpoint = make_endpoint(shared / "gazetteer" / "japan" / "towns_geolonia_v1.csv.gz",
                                     args.scratch / "endpoint")
            print("kokai reads", "、".join(gazetteer.credits), "; the peers read Geolonia 住所データ")
            report["skipped_peers"], report["side_by_side"] = skipped, {}
            run_peers(args.cases, gazetteer, peers, endpoint, args.peer_cases, keep, report["side_by_side"])
    else:
        print(f"{args.cases} がありません / there are no cases: accuracy is not measured")
    keep()
    return 0


def run_accuracy(folder: Path, gazetteer: Gazetteer, *, show: bool) -> dict[str, Any]:
    """Every set whole: right, wrong by class of miss, unreachable."""
    known, table = known_places(gazetteer), {}
    for name in SETS:
        result = run_set(name, folder, gazetteer, known)
        misses = result.pop("misses")
        classes: dict[str, int] = {}
        for what, case, row in misses:
            label = what if what == "unreachable" else explain(case, row)
            classes[label] = classes.get(label, 0) + 1
            if show:
                wanted = case.get("fullname") or "/".join(case.get(c, "") for c in ("pref", "city", "town", "koaza"))
                print("  ", label, "|", case["input"], "| wanted", wanted, "| got", "/".join(
                    row[c] for c in ("pref", "county", "city", "town", "rest", "building", "reason")))
        table[name] = {**result, "misses": classes}
        print(json.dumps(table[name], ensure_ascii=False))
    table["gsi_shelters_35"] = run_shelters(folder, gazetteer)
    print(json.dumps(table["gsi_shelters_35"], ensure_ascii=False))
    return table


if __name__ == "__main__":
    raise SystemExit(main())
