"""Other projects' own test addresses and real shelters: at least as many towns right as the best engine measured."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from bench.geocode import known_places, run_set, run_shelters
from pipelines.geocode import Gazetteer, build_gazetteer, evaluate, parse_address, parse_addresses

SHARED = Path(os.environ.get("KOKAI_SHARED", Path(__file__).parents[3] / "shared"))
CASES, GAZETTEER = SHARED / "geocode-cases", SHARED / "gazetteer"
pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not GAZETTEER.exists(), reason="the shared gazetteer is not here (KOKAI_SHARED)"),
]


@pytest.fixture(scope="module")
def yamaguchi(tmp_path_factory: pytest.TempPathFactory) -> Gazetteer:
    folder = tmp_path_factory.mktemp("yamaguchi")
    place = GAZETTEER / "yamaguchi"
    files = [place / "municipality_history_35.csv", place / "postal_35.csv",
             *sorted(p for part in ("mlit-oaza", "abr", "geolonia") for p in (place / part).glob("*.csv"))]
    build_gazetteer(files, folder)
    return Gazetteer.open(folder)


@pytest.fixture(scope="module")
def japan(tmp_path_factory: pytest.TempPathFactory) -> Gazetteer:
    """All of Japan takes half a minute and is only made when KOKAI_GAZETTEER_JAPAN names a folder to keep it in."""
    kept = os.environ.get("KOKAI_GAZETTEER_JAPAN")
    if not kept:
        pytest.skip("KOKAI_GAZETTEER_JAPAN is not set")
    folder = Path(kept)
    if not Gazetteer.exists(folder):
        place = GAZETTEER / "yamaguchi"
        files = [*sorted((GAZETTEER / "japan").iterdir()), *sorted(place.glob("*.csv")),
                 *sorted(p for part in ("mlit-oaza", "abr", "geolonia") for p in (place / part).glob("*.csv"))]
        build_gazetteer(files, folder)
    return Gazetteer.open(folder)


@pytest.fixture(scope="module")
def known(japan: Gazetteer) -> set[Any]:
    return known_places(japan)


@pytest.fixture(scope="module")
def wakayama(tmp_path_factory: pytest.TempPathFactory) -> Gazetteer:
    folder = tmp_path_factory.mktemp("wakayama")
    build_gazetteer(sorted((GAZETTEER / "official-layouts-wakayama").glob("*.zip")), folder)
    return Gazetteer.open(folder)


def test_every_hard_case_of_yamaguchi_is_right(yamaguchi: Gazetteer) -> None:
    result = run_set("hard_yamaguchi_authored", CASES, yamaguchi, set())
    assert result["misses"] == []


def test_what_is_no_address_stays_without_a_town(yamaguchi: Gazetteer) -> None:
    cases = pl.read_csv(CASES / "hard_yamaguchi_authored.csv", infer_schema=False)
    rows = cases.filter(pl.col("town").is_null())
    assert (parse_addresses(rows["input"], yamaguchi)["level"] <= 2).all()


def test_real_shelters_stand_in_the_right_municipality(yamaguchi: Gazetteer) -> None:
    result = run_shelters(CASES, yamaguchi)
    assert result["municipality"] >= 99.5 and result["town"] >= 99.7
    assert result["median_m"] <= 727 and result["over_5km"] <= 0.24  # the best engines measured on the whole set


def test_evaluate_prints_one_row_a_measure(yamaguchi: Gazetteer) -> None:
    table = evaluate(pl.read_csv(CASES / "gsi_shelters_35.csv", infer_schema=False), yamaguchi)
    assert {"lg_code", "median_m", "within_1km"} <= set(table["measure"])


@pytest.mark.parametrize("body", [None, "352136"])
def test_one_case_by_itself_is_answered_like_the_column(yamaguchi: Gazetteer, body: str | None) -> None:
    for file in sorted(CASES.glob("*.csv")):
        asked = pl.read_csv(file, infer_schema=False)["input"]
        asked = asked.gather_every(max(1, asked.len() // 300))
        together = parse_addresses(asked, yamaguchi, body_code=body).rows(named=True)
        assert [parse_address(one, yamaguchi, body_code=body) for one in asked] == together, file.name


def test_the_official_files_of_wakayama_give_houses_and_parcels(wakayama: Gazetteer) -> None:
    rows = parse_addresses(pl.Series(["和歌山市葵町1-1", "和歌山市葵町103-3"]), wakayama)
    assert rows["precision"].to_list() == ["building", "parcel"]


@pytest.mark.parametrize(("name", "percent"), [
    ("nja3_addresses", 99.9), ("jap_parser", 89.4), ("imi_spec", 100.0), ("jageocoder_search", 78.0),
    ("njapy_main", 100.0), ("abr_e2e", 92.8), ("hard_yamaguchi_authored", 100.0)])
def test_no_engine_measured_finds_more_towns(
    japan: Gazetteer, known: set[Any], name: str, percent: float
) -> None:
    result: dict[str, Any] = run_set(name, CASES, japan, known)
    assert result["percent"] >= percent, [m[1]["input"] for m in result["misses"]]
