"""Real municipal files, declared in tests/real/datasets, become packages, each ready or held as told here."""

from __future__ import annotations

import csv
import json
import os
import shutil
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines.build import Built, Surroundings, build_datasets
from pipelines.declare import Workspace, check_declarations, load_workspace
from pipelines.extract import open_source
from pipelines.geocode import Gazetteer, build_gazetteer
from pipelines.model import ROW, Dataset, Table
from pipelines.normalise import apply_map, map_columns
from pipelines.standards import common_facts, guess_standard, known_headings, load_standard
from tests.test_examples import convert

HERE = Path(__file__).parent / "datasets"
SHARED = Path(os.environ.get("KOKAI_SHARED", Path(__file__).parents[3] / "shared"))
REAL, YAMAGUCHI = SHARED / "real", SHARED / "gazetteer" / "yamaguchi"
pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not (REAL / "INDEX.csv").exists() or not YAMAGUCHI.exists(),
                       reason="the shared real files are not here (KOKAI_SHARED)"),
]
FOUR_BODIES = ("352012", "352128", "352136", "353442")
ERRORS, GUARD = "held-errors", "held-guard"

# package: status, rows, points on the map, reasons, codes that a person must find in record/findings.csv
EXPECTED: dict[str, tuple[str, int, int, set[str], set[str]]] = {
    "352012_population": ("ready", 592, 0, set(), {"blank-rows"}),
    "352012_public_facility_kominkan": ("ready", 34, 34, set(), {"point-filled", "edition-column-lost"}),
    "352012_evacuation_space": ("held", 245, 245, {ERRORS}, {"not-in-list"}),  # ○(2階), ○(グ): a person decides
    "352012_evacuation_space_workbook": ("ready", 245, 245, set(), {"document-author"}),
    "352012_evacuation_space_gsi_emergency": ("held", 126, 126, {ERRORS}, {"column-missing"}),  # no 電話番号
    "352012_evacuation_space_gsi_evacuation": ("ready", 97, 97, set(), {"column-missing"}),
    "352012_cultural_property": ("held", 268, 260, {ERRORS}, {"required-missing", "point-filled", "point-not-found"}),
    "352128_tourism": ("ready", 18, 16, set(), {"point-filled", "point-not-found"}),
    "352128_emergency_radio": ("ready", 49, 0, set(), {"coordinate-column-empty"}),
    "352128_evacuation_space": ("ready", 70, 70, set(), {"phone-none"}),  # 「なし」 in a required column
    "352136_event": ("held", 8, 5, {ERRORS}, {"required-missing", "coordinate-missing"}),
    "352136_evacuation_space_gsi_emergency": ("ready", 41, 41, set(), {"column-missing", "geometry-as-columns"}),
    "352136_public_facility": ("ready", 22, 22, set(), {"point-filled", "edition-column-lost"}),
    "352136_public_facility_workbook": ("ready", 22, 22, set(), set()),
    "352136_public_facility_school": ("ready", 13, 0, set(), {"column-ignored", "facility-duplicate"}),
    "352136_hospital": ("ready", 26, 26, set(), set()),
    "353442_tourism": ("ready", 18, 18, set(), {"heading-changed"}),
    "353442_public_facility": ("held", 5, 5, {ERRORS}, {"required-missing", "heading-changed"}),
    "353442_evacuation_space_gsi_emergency": ("ready", 12, 12, set(), {"column-missing"}),
    "352021_evacuation_space": ("ready", 109, 109, set(), set()),
    "352021_cultural_property": ("ready", 77, 77, set(), {"not-in-list-inferred", "cell-comment", "sheet-extra"}),
    "352021_aed": ("held", 161, 161, {ERRORS}, {"linkdata-template", "type-time", "column-ignored"}),
    "352039_aed": ("ready", 217, 217, set(), {"two-values", "weekday-words"}),
    "352039_aed_copy": ("held", 217, 217, {ERRORS}, {"phone-digits", "two-values", "edition-column-lost"}),
    "352039_hospital": ("ready", 145, 145, set(), {"phone-note", "blank-rows"}),
    "352039_tourism": ("ready", 13, 13, set(), {"blank-rows"}),
    "352063_emergency_radio": ("ready", 60, 60, set(), {"heading-changed"}),
    "352063_event": ("held", 23, 20, {ERRORS, GUARD}, {"guard-mobile-phone", "form-uri"}),
    "352071_evacuation_space": ("held", 45, 44, {ERRORS}, {"row-half-filled", "column-hidden", "document-path"}),
    "352071_fire_hydrant": ("ready", 926, 926, set(), set()),
    "352080_aed": ("ready", 174, 174, set(), {"phone-note", "blank-columns"}),
    "352080_evacuation_space": ("held", 134, 133, {ERRORS}, {"coordinate-point-lost", "city-not-code-column"}),
    "352101_preschool": ("ready", 16, 16, set(), set()),
    "352110_open_data_list": ("held", 6, 0, {ERRORS}, {"type-date", "column-ignored"}),
    "352152_public_toilet": ("held", 154, 154, {ERRORS}, {"id-duplicate", "coordinate-outside-municipality"}),
    "352152_cultural_property": ("ready", 109, 102, set(), {"coordinate-missing", "weekday-words"}),
    "352152_evacuation_space": ("held", 137, 137, {ERRORS}, {"required-missing", "sheet-extra"}),
    "352161_population": ("ready", 11, 0, set(), set()),
    "352161_evacuation_space": ("ready", 58, 58, set(), set()),
    "353051_evacuation_space": ("ready", 179, 170, set(), {"point-filled", "number-duplicate"}),
    "353213_public_facility": ("ready", 4, 4, set(), set()),
    "353418_evacuation_space": ("held", 32, 32, {ERRORS}, {"required-missing"}),
    "353434_evacuation_space": ("held", 33, 33, {ERRORS}, {"required-missing", "character-lost"}),
    "353434_hospital": ("ready", 11, 11, set(), {"edition-column-renamed"}),
    "355020_hospital": ("held", 3, 1, {ERRORS}, {"required-missing", "point-not-found"}),
}


SourceRead = tuple[dict[str, str], tuple[str, ...], Table]  # column -> standard heading, other headings, the cells


@dataclass(frozen=True)
class Line:
    """The workspace made of our declarations and the shared files, and what the line made of it."""

    workspace: Workspace
    around: Surroundings
    built: Mapping[str, Built]
    read: dict[str, SourceRead] = field(default_factory=dict)

    def source(self, built: Built) -> SourceRead:
        if built.name not in self.read:
            self.read[built.name] = _read_source(built.dataset)
        return self.read[built.name]


@pytest.fixture(scope="session")
def gazetteer(tmp_path_factory: pytest.TempPathFactory) -> Gazetteer:
    folder = tmp_path_factory.mktemp("gazetteer")
    files = [*YAMAGUCHI.glob("abr/*.csv"), *YAMAGUCHI.glob("geolonia/*.csv"), *YAMAGUCHI.glob("mlit-oaza/*.csv")]
    build_gazetteer(sorted(files), folder)
    return Gazetteer.open(folder)


@pytest.fixture(scope="session")
def line(tmp_path_factory: pytest.TempPathFactory, gazetteer: Gazetteer) -> Line:
    root = tmp_path_factory.mktemp("workspace")
    shutil.copytree(HERE, root / "datasets")
    for folder in (root / "datasets").iterdir():
        shutil.copytree(REAL / folder.name[:6], folder / "inbox")
    workspace = load_workspace(root)
    check_declarations(workspace, load_standard)
    outline = YAMAGUCHI / "n03" / "N03-21_35_210101_s0010.json"
    around = Surroundings(packages=root / "var" / "packages", gazetteer=gazetteer,
                          areas={body.code: outline for body in workspace.bodies})
    return Line(workspace, around, {b.name: b for b in build_datasets(workspace.datasets, around)})


def _record(built: Built, name: str) -> pl.DataFrame:
    assert built.package is not None
    return pl.read_csv(built.package.record / name, infer_schema=False).fill_null("")


def _of(findings: pl.DataFrame, code: str) -> pl.DataFrame:
    return findings.filter(pl.col("code").str.starts_with(code))


def _published(built: Built) -> tuple[list[str], list[dict[str, str]]]:
    assert built.package is not None
    (path,) = built.package.public.glob("*.csv")
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        rows = list(reader)
        return list(reader.fieldnames or ()), rows


def _read_source(dataset: Dataset) -> SourceRead:
    """The section's file with its columns named, no value changed; the edition as the line takes it."""
    assert dataset.source_file
    source = open_source(dataset.body.folder / dataset.source_file, sheet=dataset.sheet, header_row=dataset.header_row,
                         known_headings=known_headings(None))
    edition = dataset.source_edition or guess_standard(source.headings, "", None, kind=dataset.kind).edition
    own = load_standard(dataset.kind, edition or dataset.edition)
    column_map, _ = map_columns(source.columns, source.headings, own, declared=dataset.columns, ignore=dataset.ignore,
                                header_ignore=common_facts()["header_ignore"])
    blocks = [block for block, _ in source.blocks()]
    raw = Table(pl.concat([b.frame for b in blocks]))
    heading = dict(zip(source.columns, source.headings, strict=True))
    unmapped = tuple(heading[c] or c for c in column_map.unmapped)
    return column_map.mapped, unmapped, apply_map(raw, column_map)


def test_every_file_of_the_four_bodies_and_at_least_24_files_are_declared(line: Line) -> None:
    declared = {f"{d.body.code}/{Path(d.source_file or '').name}" for d in line.workspace.datasets}
    index = [r["path"] for r in csv.DictReader((REAL / "INDEX.csv").open(encoding="utf-8-sig"))]
    assert len(declared) >= 24 and declared <= set(index)
    assert {p for p in index if p.split("/")[0] in FOUR_BODIES} <= declared


def test_our_declarations_are_no_samples_and_hold_no_data() -> None:
    files = [p for p in HERE.rglob("*") if p.is_file()]
    assert {p.suffix for p in files} == {".yml"}
    assert not any("【見本】" in p.read_text("utf-8") for p in files)


def test_the_line_builds_every_dataset_without_a_bug(line: Line) -> None:
    assert set(line.built) == set(EXPECTED)
    assert {b.name: b.bug or b.reasons for b in line.built.values() if b.status == "failed"} == {}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_dataset_is_ready_or_held_for_the_reasons_a_person_sees(line: Line, name: str) -> None:
    status, rows, points, reasons, codes = EXPECTED[name]
    built = line.built[name]
    assert (built.status, built.rows) == (status, rows)
    assert {r.code for r in built.reasons} == reasons
    assert all(r.ja and r.en for r in built.reasons)
    findings = _record(built, "findings.csv")
    assert codes <= set(findings["code"])
    assert findings.filter((pl.col("message_ja") == "") | (pl.col("message_en") == "")).height == 0
    package = built.package
    assert package is not None and package.manifest["status"] == status
    mapped = list(package.public.glob("*.geojson"))
    features = json.loads(mapped[0].read_text("utf-8"))["features"] if mapped else []
    assert len(features) >= points
    assert len(features) <= rows


@pytest.mark.parametrize("name", EXPECTED)
def test_the_csv_has_the_columns_of_the_published_edition_in_official_order(line: Line, name: str) -> None:
    built = line.built[name]
    standard = load_standard(built.dataset.kind, built.dataset.edition)
    header, rows = _published(built)
    assert header == [n for n in standard.names if n in header]
    assert len(rows) == built.rows
    assert built.package is not None
    (table, *_) = [r for r in built.package.descriptor["resources"] if r["path"].endswith(".csv")]
    assert [f["name"] for f in table["schema"]["fields"]] == header


@pytest.mark.parametrize("name", EXPECTED)
def test_frictionless_finds_descriptor_and_data_of_a_ready_package_valid(line: Line, name: str) -> None:
    import frictionless

    built = line.built[name]
    if built.status != "ready":
        pytest.skip("held packages do not leave")
    assert built.package is not None
    report = frictionless.validate(str(built.package.public / "datapackage.json"), limit_errors=20)
    kinds = {e[0] for e in report.flatten(["type"])}
    # errors that the declaration lets out with a reason stay errors for the reader of the schema
    assert kinds <= ({"constraint-error"} if built.dataset.publish_with_errors else set()), report.flatten(
        ["type", "rowNumber", "fieldName", "message"])


@pytest.mark.parametrize("name", EXPECTED)
def test_no_column_of_the_source_is_lost_without_a_word(line: Line, name: str) -> None:
    built = line.built[name]
    mapped, unmapped, raw = line.source(built)
    header, rows = _published(built)
    findings = _record(built, "findings.csv")
    told = set(findings["field"]) | set(findings["value"])
    renamed = {json.loads(p)["from"] for p in _of(findings, "edition-column-renamed")["params"]}
    lost = [c for c, name in mapped.items() if name not in header and name not in renamed | told
            and not _said_elsewhere(name, raw, rows)]
    assert lost == []
    for heading in unmapped:
        assert heading in built.dataset.ignore or heading in told or heading == "_id", heading
    for heading, reason in built.dataset.ignore.items():
        assert reason and heading in told


def _said_elsewhere(column: str, raw: Table, rows: list[dict[str, str]]) -> bool:
    """The other edition says the same in other columns (都道府県名 in 地方公共団体名): each cell stands in its row."""
    cells = (_fold(cell or "").strip() for cell in raw.frame[column])
    return all(cell in _fold(" ".join(row.values())) for cell, row in zip(cells, rows, strict=True))


def _fold(text: str) -> str:
    """Width and hyphens do not tell two addresses apart (山口市 writes 2ｰ1)."""
    return unicodedata.normalize("NFKC", text).replace("ー", "-")


@pytest.mark.parametrize("name", EXPECTED)
def test_no_value_is_changed_or_filled_without_a_line_in_the_fixes(line: Line, name: str) -> None:
    built = line.built[name]
    mapped, _, raw = line.source(built)
    header, rows = _published(built)
    findings, fixes = _record(built, "findings.csv"), _record(built, "fixes.csv")
    came_from = {
        new: json.loads(params)["from"]
        for new, params in _of(findings, "edition-column-renamed").select("field", "params").rows()
    }
    told = set(fixes.filter(pl.col("applied") == "true").select("row", "field").rows())
    told |= set(_of(findings, "guard-").select("row", "field").rows())
    assert raw.rows == len(rows)
    silent = []
    for before, after in zip(raw.frame.iter_rows(named=True), rows, strict=True):
        row = str(before[ROW])
        for column in header:
            old_name = column if column in raw.columns else came_from.get(column, column)
            # a column that the declaration leaves out may have a standard name: it is told as column-ignored
            old = (before.get(old_name) or "") if old_name in mapped.values() else ""
            new = after[column]
            places = {(row, column), (row, old_name)}
            if old != new and not places & told:
                silent.append((row, column, old, new))
    assert silent == []


@pytest.mark.parametrize("name", [n for n, e in EXPECTED.items() if GUARD in e[3]])
def test_a_stopped_value_is_masked_in_every_file_of_the_package(line: Line, name: str) -> None:
    built = line.built[name]
    assert built.package is not None
    stopped = _of(_record(built, "findings.csv"), "guard-mobile-phone")
    _, _, raw = line.source(built)
    for row, heading in stopped.select("row", "field").rows():
        value = raw.frame.filter(pl.col(ROW) == int(row))[heading][0]
        assert value
        for path in built.package.folder.rglob("*"):
            if path.is_file():
                assert value.encode() not in path.read_bytes(), path.name


def test_an_ignored_column_does_not_leave_even_under_a_standard_name(line: Line) -> None:
    built = line.built["352136_public_facility_school"]
    _, rows = _published(built)
    given = {v for d in built.dataset.examples for v in (d["given"]["緯度"], d["given"]["経度"])}
    assert not given & {v for row in rows for v in row.values()}


def test_a_point_filled_from_an_address_is_never_handed_on_as_a_facility(line: Line) -> None:
    for name, built in line.built.items():
        taken = _record(built, "fixes.csv").filter(pl.col("rule") == "geocode-facility").select("after").rows()
        for other in line.built.values():
            if other.name == name or other.dataset.body.code != built.dataset.body.code:
                continue
            coarse = _record(other, "fixes.csv").filter(
                pl.col("rule").str.starts_with("geocode-") & (pl.col("rule") != "geocode-facility")
            )["after"]
            assert not {v for (v,) in taken} & set(coarse), (name, other.name)


def test_a_second_build_is_byte_identical(line: Line, tmp_path: Path) -> None:
    again = replace(line.around, packages=tmp_path)
    for built in build_datasets([d for d in line.workspace.datasets if d.body.code in FOUR_BODIES], again):
        first = line.built[built.name].package
        assert first is not None and built.package is not None
        assert _files(first.folder) == _files(built.package.folder), built.name


def _files(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_the_examples_of_every_declaration_hold(line: Line) -> None:
    wrong: list[tuple[str, Any, Any]] = []
    for dataset in line.workspace.datasets:
        assert dataset.examples, dataset.path
        for example in dataset.examples:
            got = convert(dataset, dict(example["given"]))
            seen = {k: got.get(k) or "" for k in example["wanted"]}
            wanted = {k: v or "" for k, v in example["wanted"].items()}
            if seen != wanted:
                wrong.append((f"{dataset.body.code}/{dataset.id}", seen, wanted))
    assert wrong == []
