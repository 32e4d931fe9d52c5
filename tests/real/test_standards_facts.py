"""The schemas hold exactly what the facts say, and every real file's kind and edition are guessed right."""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from pipelines.extract import open_source
from pipelines.standards import alias_targets, code_list, common_facts, guess_standard, known_headings, load_standard
from pipelines.values.codes import post_code_areas
from pipelines.values.headings import fold_heading

SHARED = Path(os.environ.get("KOKAI_SHARED", Path(__file__).resolve().parents[2].parent / "shared"))
pytestmark = pytest.mark.shared
if not (SHARED / "standard" / "datasets.yaml").exists():
    pytest.skip("the shared test input is not here (KOKAI_SHARED)", allow_module_level=True)

FACTS = yaml.load((SHARED / "standard" / "datasets.yaml").read_text(encoding="utf-8"), yaml.CSafeLoader)
SHEETS = [(d, e) for d in FACTS["datasets"] for e in d["editions"] if e["columns"]]
with (SHARED / "real" / "INDEX.csv").open(encoding="utf-8-sig", newline="") as _file:
    INDEX = list(csv.DictReader(_file))
TYPES = {"uri": ("string", "uri"), "time": ("time", "%H:%M"), "enum": ("string", None), "flag": ("string", None)}
KINDS = {
    "AED": "aed", "医療機関": "medical", "公共施設": "public_facility", "公衆トイレ": "toilet", "観光施設": "tourism",
    "文化財": "cultural_property", "イベント": "event", "子育て施設": "childcare", "消防水利施設": "fire_hydrant",
    "指定緊急避難場所": "shelter", "地域・年齢別人口": "population", "年齢別人口": "population",
    "地域別人口": "population", "オープンデータ一覧": "opendata_list", "防災行政無線": "emergency_radio",
    # The standard has no sheet of parks; a file in its layout is nearest to the one of public facilities.
    "公園": "public_facility",
    "バス停 GTFS-JP": "gtfs_jp",
}  # fmt: skip
EDITIONS = {"recommended": "recommended-v1", "municipal-standard": "municipal-standard-v3"}


@pytest.mark.parametrize(("dataset", "sheet"), SHEETS, ids=[f"{d['id']}-{e['edition']}" for d, e in SHEETS])
def test_a_schema_has_the_facts_columns_order_types_and_marks(dataset: dict[str, Any], sheet: dict[str, Any]) -> None:
    standard = load_standard(dataset["id"], sheet["edition"])
    assert list(standard.names) == [c["name"] for c in sheet["columns"]]
    assert (standard.title_ja, standard.confidence) == (dataset["title"], sheet["confidence"])
    assert dataset["file_slug"].startswith((standard.file_slug, "?", "zip"))
    for field, fact in zip(standard.fields, sheet["columns"], strict=True):
        kind, fmt = TYPES.get(fact["type"], (fact["type"], "email" if fact["fmt"] == "mail" else None))
        assert (field.type, field.format) == (kind, fmt), fact
        basis = fact.get("req_basis") or ("unknown" if fact["req"] == "unknown" else "read")
        assert (field.requirement.mark, field.requirement.basis) == (fact["req"], basis), fact
        if fact["type"] == "enum":
            assert list(field.enum) == fact["enum"]
        if fact["type"] == "flag":
            assert field.enum[0] == "1"
        assert field.rule == fact["fmt"] or (field.rule in ("epsg", "lang") and fact["fmt"] == "code")
        assert field.spec.get("seen") == fact.get("seen")
        if fact["name"] in dataset.get("code_lists", {}):
            assert field.spec["code_list"] == dataset["code_lists"][fact["name"]]


def test_every_rename_and_alias_of_the_facts_leads_to_its_column() -> None:
    for typed, wanted in FACTS["header_aliases"].items():
        if typed.endswith(")") and " (" in typed:
            continue  # with a scope: listed one by one in the tests of the schemas
        for dataset, sheet in SHEETS:
            targets = alias_targets(load_standard(dataset["id"], sheet["edition"]))
            names = {c["name"] for c in sheet["columns"]}
            if wanted in names and fold_heading(typed) not in {fold_heading(n) for n in names}:
                assert targets[fold_heading(typed)] == wanted, (dataset["id"], sheet["edition"], typed)


def test_common_facts_are_those_of_the_standard() -> None:
    facts = common_facts()
    assert facts["header_ignore"] == FACTS["header_ignore"]
    assert facts["value_aliases"] == FACTS["value_aliases"]
    assert set(FACTS["format_rules"]) <= set(facts["format_rules"])
    with (SHARED / "standard" / "poi_codes.tsv").open(encoding="utf-8", newline="") as rows:
        assert {r["code"]: r["name"] for r in csv.DictReader(rows, delimiter="\t")} == code_list("poi")


@pytest.mark.parametrize("entry", INDEX, ids=[e["path"] for e in INDEX])
def test_a_real_files_kind_and_edition_are_guessed(entry: dict[str, str]) -> None:
    source = open_source(SHARED / "real" / entry["path"], known_headings=known_headings())
    titles = source.findings.filter(pl.col("code") == "title-rows")["value"].drop_nulls().to_list()
    lines = [*titles, *([source.sheet] if source.sheet else [])]
    guess = guess_standard(source.headings, source.path.name, title_lines=lines)
    assert guess.kind == KINDS.get(entry["kind"]), guess
    if entry["layout"] in EDITIONS:
        assert guess.edition == EDITIONS[entry["layout"]], guess


def test_every_post_code_of_the_town_master_is_let_through_for_its_prefecture() -> None:
    master = SHARED / "gazetteer" / "japan" / "abr_mt_town_2022-04.parquet"
    if not master.exists():
        pytest.skip("the town master of all Japan is not here")
    towns = pl.read_parquet(master, columns=["全国地方公共団体コード", "郵便番号"]).drop_nulls()
    codes = towns.select(
        area=pl.col("全国地方公共団体コード").cast(pl.String).str.zfill(6).str.slice(0, 2),
        code=pl.col("郵便番号").cast(pl.String).str.split(";"),
    ).explode("code").with_columns(pl.col("code").str.strip_chars()).filter(pl.col("code").str.contains("^[0-9]{7}$")).unique()
    assert codes.height > 80_000
    areas = post_code_areas()
    refused = [(area, code) for area, code in codes.iter_rows() if area not in areas.get(code[:3], areas.get(code[:2], ()))]
    assert refused == []
    border = {digits for digits in areas if len(digits) == 3 and areas[digits]}
    assert border <= {code[:3] for code in codes["code"]}, "a border entry that no town has"
