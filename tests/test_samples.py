"""The shipped samples: valid, plainly marked as samples, and as ugly as what sections hand in."""

from __future__ import annotations

import csv
import json
import re
import zipfile
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from pipelines.declare import SAMPLE_MARK, Plan, check_declarations, load_workspace
from pipelines.extract import open_source
from pipelines.guard import check_personal
from pipelines.messages import load_messages
from pipelines.model import ROW
from pipelines.standards import load_standard
from pipelines.values.codes import narrow

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "datasets"
WORKSPACE = load_workspace(ROOT)
FILES = sorted(p for p in FOLDER.glob("*/inbox/*") if p.is_file())
OF_FILE = {
    (d.body.folder / name).resolve(): d
    for d in WORKSPACE.datasets
    for name in ([d.source_file] if d.source_file else [p.file for p in d.periods])
}
YANAI_LIST = [
    "AED設置箇所一覧", "介護サービス事業所一覧", "医療機関一覧", "文化財一覧", "観光施設一覧", "イベント一覧",
    "公衆無線LANアクセスポイント一覧", "公衆トイレ一覧", "消防水利施設一覧", "指定緊急避難場所一覧",
    "地域・年齢別人口一覧", "公共施設一覧", "子育て施設一覧", "オープンデータ一覧",
]  # fmt: skip


def plan(id: str) -> Plan:
    return next(p for p in WORKSPACE.plans if p.id == id)


def test_every_declaration_fits_the_standards_and_finds_its_file() -> None:
    check_declarations(
        WORKSPACE,
        lambda kind, edition: load_standard(kind, edition, WORKSPACE.local_schemas),
        messages=load_messages(),
    )


def test_the_four_bodies_are_there_with_enough_datasets() -> None:
    found = {b.code: [d for d in WORKSPACE.datasets_of(b.code) if not d.planned] for b in WORKSPACE.bodies}
    assert list(found) == ["352012", "352128", "352136", "353442"]
    assert all(len(d) >= 5 for d in found.values())
    assert len(found["352128"]) == 14
    assert "irrigation_pond" in {d.kind for d in found["352136"]}


def test_every_body_is_a_sample_and_every_title_says_so() -> None:
    assert WORKSPACE.sample and all(b.sample for b in WORKSPACE.bodies)
    for dataset in WORKSPACE.datasets:
        assert dataset.sample and dataset.title.startswith(SAMPLE_MARK), dataset.path
        assert "見本" in dataset.description and "見本" in dataset.section, dataset.path


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_every_file_is_declared_marked_and_small(path: Path) -> None:
    assert path.resolve() in OF_FILE, "a file that no declaration names"
    assert path.name.startswith("見本_")
    assert path.stat().st_size < 40_000


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_every_row_of_a_list_of_places_is_fictitious_by_its_name(path: Path) -> None:
    dataset = OF_FILE[path.resolve()]
    source = open_source(path, sheet=dataset.sheet, header_row=dataset.header_row)
    frames = [table.frame for table, _ in source.blocks()]
    rows = sum(f.height for f in frames)
    assert 8 <= rows <= 30
    if dataset.kind in ("fire_hydrant", "population"):  # rows without a name; the file name and title say it
        return
    for frame in frames:
        for row in frame.iter_rows(named=True):
            assert any("見本" in str(v) for k, v in row.items() if k != ROW), row


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_every_phone_number_ends_in_zero_zero_and_is_no_line_of_anybody(path: Path) -> None:
    for table, _ in open_source(path).blocks():
        for column in (c for c in table.columns if "電話" in c or "FAX" in c):
            for cell in table.frame[column].drop_nulls():
                assert all(end.startswith("00") for end in re.findall(r"[0-9]{4}(?=$|・)", narrow(cell))), cell


def test_the_samples_come_in_the_forms_that_sections_use() -> None:
    sources = {p.name: open_source(p) for p in FILES}
    assert {s.format for s in sources.values()} >= {"csv", "tsv", "xlsx", "xls", "ods"}
    assert {s.encoding for s in sources.values()} >= {"cp932", "utf-8", "utf-8-sig", "utf-16"}
    assert {s.header_row for s in sources.values()} >= {1, 2, 3, 4}
    assert any(s.format == "tsv" and s.path.suffix == ".csv" for s in sources.values())
    assert any(sheet.hidden for s in sources.values() for sheet in s.sheets)
    assert any("所在地_連結標記" in s.headings for s in sources.values())
    merged = [p for p in FILES if p.suffix == ".xlsx" and b"<mergeCell " in zipfile.ZipFile(p).read(_SHEET)]
    assert merged


_SHEET = "xl/worksheets/sheet1.xml"


def test_no_workbook_names_a_person_or_a_path() -> None:
    for path in (p for p in FILES if p.suffix == ".xlsx"):
        with zipfile.ZipFile(path) as book:
            assert "見本" in book.read("docProps/core.xml").decode("utf-8")
            assert b"absPath" not in book.read("xl/workbook.xml")


def test_one_sample_holds_what_must_not_leave() -> None:
    (held,) = [d for d in WORKSPACE.datasets if d.body.code == "353442" and d.kind == "childcare"]
    assert "担当者氏名" in held.ignore and not held.allowances
    assert held.source_file is not None
    standard = load_standard(held.kind, "recommended-v1")
    for table, _ in open_source(held.body.folder / held.source_file).blocks():
        found = check_personal(table, standard, allowances=())
        assert set(found.filter(pl.col("code") == "guard-mobile-phone")["field"]) == {"電話番号", "備考"}


def test_the_fourteen_of_yanai_stand_in_the_order_of_its_plan() -> None:
    (named,) = plan("yanai_dx").lists
    assert [i.title for i in named.items] == YANAI_LIST
    ids = {d.id: d for d in WORKSPACE.datasets_of("352128")}
    assert {i.dataset for i in named.items} == set(ids)
    assert ids["opendata_list"].generated == "opendata_list"
    assert plan("yanai_dx").counting.generated_lists


@pytest.mark.parametrize(
    ("id", "body", "start", "end", "baseline", "target"),
    [  # the five plan documents, read 2026
        ("mine_dx", "352136", "2021-04-01", "2026-03-31", 14, 50),
        ("mine_johoka2", "352136", "2019-04-01", "2022-03-31", None, None),
        ("yanai_dx", "352128", None, "2026-03-31", 14, None),
        ("shimonoseki_dx", "352012", None, "2026-03-31", None, None),
        ("hirao_dx", "353442", "2023-04-01", "2028-03-31", 13, None),
    ],
)
def test_the_five_plans_say_what_their_documents_say(
    id: str, body: str, start: str | None, end: str, baseline: int | None, target: int | None
) -> None:
    found = plan(id)
    assert (found.body, found.period_start, found.period_end) == (body, start, end)
    assert (found.baseline.value if found.baseline else None) == baseline
    assert (found.target.value if found.target else None) == target
    assert found.source and found.section and found.counts_in and "embedded" not in found.counts_in


def test_every_quote_of_a_plan_stands_in_brackets() -> None:
    for found in WORKSPACE.plans:
        quotes = [g.quote for g in found.goals] + [d.quote for d in found.duties if d.quote]
        quotes += [x.quote for x in (found.baseline, found.target) if x is not None and x.quote]
        assert all(q.startswith("「") and q.endswith("」") for q in quotes)
    assert plan("mine_dx").target is not None
    assert "50件とします" in plan("mine_dx").target.quote  # type: ignore[union-attr]
    assert plan("mine_dx").baseline.as_of is None  # type: ignore[union-attr]


def test_population_of_shimonoseki_has_two_periods() -> None:
    (dataset,) = [d for d in WORKSPACE.datasets if d.body.code == "352012" and d.kind == "population"]
    assert [p.stamp for p in dataset.periods] == ["20250331", "20260331"]


def test_the_outlines_are_rough_and_say_so() -> None:
    for body in WORKSPACE.bodies:
        text = (body.folder / "area.geojson").read_text(encoding="utf-8")
        (feature,) = json.loads(text)["features"]
        assert feature["properties"]["rough"] is True and "手で引いた" in feature["properties"]["note"]
        assert feature["properties"]["N03_007"] == body.code[:5]
        points = [p for polygon in feature["geometry"]["coordinates"] for ring in polygon for p in ring]
        assert 16 <= len(points) <= 45
        assert all(round(x, 2) == x and round(y, 2) == y for x, y in points)


def test_the_sample_gazetteer_has_the_official_columns_and_lies_inside_the_outlines() -> None:
    from pipelines.geo import load_area

    with (FOLDER / "sample_gazetteer.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == [
        "都道府県コード", "都道府県名", "市区町村コード", "市区町村名", "大字町丁目コード", "大字町丁目名",
        "緯度", "経度", "原典資料コード", "大字・字・丁目区分コード",
    ]  # fmt: skip
    assert 40 <= len(rows) <= 100
    for body in WORKSPACE.bodies:
        area = load_area(body.folder / "area.geojson", body.code)
        own = [r for r in rows if r["市区町村コード"] == body.code[:5]]
        assert own
        assert all(area.contains(*([np.array([float(r[c]) for r in own]) for c in ("緯度", "経度")])))
    assert "出典" in (FOLDER / "sample_gazetteer.md").read_text(encoding="utf-8")


def test_the_local_kind_is_no_kind_of_the_standard() -> None:
    standard = load_standard("irrigation_pond", "local-v1", WORKSPACE.local_schemas)
    assert standard.local and standard.number == ""
    assert all(f.requirement.basis == "declared" for f in standard.fields)


def test_both_editions_are_published_and_handed_in() -> None:
    assert {d.edition for d in WORKSPACE.datasets} >= {"recommended-v1", "municipal-standard-v3", "local-v1"}
    assert any(d.source_edition == "recommended-v1" and d.edition != "recommended-v1" for d in WORKSPACE.datasets)
