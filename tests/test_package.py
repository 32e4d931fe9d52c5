"""The package folder: exact bytes of the CSV, valid points, a descriptor that frictionless reads, no clock in it."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.errors import DeclarationError
from pipelines.messages import load_messages, message
from pipelines.model import ROW, Finding, Fix, Licence, Package, Period, Table, findings_frame, fixes_frame
from pipelines.opendata_list import category_of, opendata_list_rows
from pipelines.package import ResourceData, write_package
from pipelines.package.descriptor import present_schema
from pipelines.package.resource import csv_bytes
from pipelines.standards import load_standard
from tests.fake_packages import AED_FIELDS, make_body, make_dataset, make_package, make_standard, make_table


def all_bytes(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_csv_has_bom_crlf_standard_headings_and_minimal_quotes(tmp_path: Path) -> None:
    data = (make_package(tmp_path).public / "352136_aed.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    lines = data.decode("utf-8-sig").split("\r\n")
    assert lines[0] == ",".join(f["name"] for f in AED_FIELDS)
    assert lines[1] == "352136,0001,美祢市役所,山口県美祢市大嶺町東分326-1,34.166700,131.205600,2,"
    assert lines[2].startswith('352136,0002,"秋芳洞「広場」,南 ""入口""",')
    assert lines[-1] == ""


LETTERS = st.characters(blacklist_categories=("Cs",), blacklist_characters="\0")
CELLS = st.one_of(st.none(), st.text(LETTERS, max_size=8))


@given(st.lists(st.lists(CELLS, min_size=2, max_size=2), max_size=5))
@settings(max_examples=60, deadline=None)
def test_csv_gives_back_exactly_the_text_of_every_cell(rows: list[list[str | None]]) -> None:
    text = csv_bytes(Table.from_rows(["名称", "備考"], rows)).decode("utf-8-sig")
    read = list(csv.reader(io.StringIO(text, newline="")))
    assert read == [["名称", "備考"], *[[c or "" for c in row] for row in rows]]


def test_a_lone_column_keeps_its_blank_rows(tmp_path: Path) -> None:
    text = csv_bytes(Table.from_rows(["名称"], [["a"], [None], ["b"]])).decode("utf-8-sig")
    assert [r for r in csv.reader(io.StringIO(text)) if r] == [["名称"], ["a"], [""], ["b"]]


def test_a_second_build_is_byte_identical_in_every_file(tmp_path: Path) -> None:
    first = all_bytes(make_package(tmp_path / "a").folder)
    second = all_bytes(make_package(tmp_path / "b").folder)
    again = all_bytes(make_package(tmp_path / "a").folder)
    assert first == second == again
    assert set(first) == {
        *(f"public/352136_aed.{s}" for s in ("csv", "geojson", "parquet", "fgb")),
        "public/datapackage.json", "public/SHA256SUMS",
        "record/findings.csv", "record/fixes.csv", "record/manifest.json",
    }
    for name, data in first.items():
        assert str(tmp_path).encode() not in data, name


def test_geojson_is_longitude_first_typed_and_without_bom(tmp_path: Path) -> None:
    data = (make_package(tmp_path).public / "352136_aed.geojson").read_bytes()
    assert not data.startswith(b"\xef\xbb\xbf")
    features = json.loads(data)["features"]
    assert [f["geometry"]["coordinates"] for f in features] == [[131.2056, 34.1667], [131.303, 34.228]]
    assert features[0]["properties"]["ID"] == "0001"
    assert features[0]["properties"]["台数"] == 2
    assert features[0]["properties"]["備考"] is None


def test_geoparquet_and_flatgeobuf_carry_the_datum_and_keep_codes_as_text(tmp_path: Path) -> None:
    import geopandas

    package = make_package(tmp_path)
    parquet = geopandas.read_parquet(package.public / "352136_aed.parquet")
    flat = geopandas.read_file(package.public / "352136_aed.fgb")
    for frame in (parquet, flat):
        assert frame.crs.to_epsg() == 6668
        assert sorted(frame["ID"]) == ["0001", "0002"]
        assert sorted(frame.geometry.x) == [131.2056, 131.303]


def test_a_column_with_one_cell_that_is_no_number_stays_text_as_a_whole(tmp_path: Path) -> None:
    table = make_table([["352136", "1", "x", "y", "34.1", "131.2", "２台", None],
                        ["352136", "2", "x", "y", "34.1", "131.2", "2", None]])
    public = make_package(tmp_path, resources=[ResourceData(None, table, "2025-04-01")]).public
    features = json.loads((public / "352136_aed.geojson").read_text("utf-8"))["features"]
    assert [f["properties"]["台数"] for f in features] == ["２台", "2"]


@pytest.mark.parametrize(("lat", "lon"), [(None, "131.2"), ("34.1", None), ("北緯34度", "131.2"), ("341", "131.2"),
                                          ("nan", "131.2"), ("３４.1", "131.2")])
def test_no_point_files_without_two_plain_coordinates(tmp_path: Path, lat: str | None, lon: str | None) -> None:
    table = make_table([["352136", "1", "x", "y", lat, lon, None, None]])
    package = make_package(tmp_path, resources=[ResourceData(None, table, "2025-04-01")])
    assert sorted(p.name for p in package.public.iterdir()) == ["352136_aed.csv", "SHA256SUMS", "datapackage.json"]
    assert package.descriptor["kokai"]["points"] == 0


def test_frictionless_finds_the_package_valid(tmp_path: Path) -> None:
    import frictionless

    package = make_package(tmp_path)
    report = frictionless.validate(str(package.public / "datapackage.json"))
    assert report.valid, report.flatten(["name", "type", "message"])
    assert [t.type for t in report.tasks] == ["table", "json", "file", "file"]


def test_a_list_of_values_that_was_not_read_in_the_standard_is_no_constraint_on_what_is_published() -> None:
    standard = load_standard("cultural_property", "recommended-v1")
    known = standard.get("種類")
    assert known is not None and "enum" in known.spec["constraints"]
    field = next(f for f in present_schema(standard, standard.names)["fields"] if f["name"] == "種類")
    assert "enum" not in field.get("constraints", {})
    assert field["enum_inferred"] == known.spec["constraints"]["enum"]


def test_a_table_without_rows_is_a_valid_package(tmp_path: Path) -> None:
    import frictionless

    package = make_package(tmp_path, resources=[ResourceData(None, make_table([]), "2025-04-01")])
    assert frictionless.validate(str(package.public / "datapackage.json")).valid
    assert (package.public / "352136_aed.csv").read_text("utf-8-sig").count("\n") == 1


def test_the_descriptor_says_what_catalogues_need(tmp_path: Path) -> None:
    d = make_package(tmp_path, credits=["国土数値情報"]).descriptor
    assert d["$schema"] == "https://datapackage.org/profiles/2.0/datapackage.json"
    assert (d["name"], d["title"], d["version"]) == ("352136_aed", "【美祢市】AED設置箇所一覧", "2025-04-01")
    assert 50 <= len(d["description"]) <= 5000
    assert "created" not in d
    assert d["licenses"] == [{"name": "CC-BY-4.0", "title": "クリエイティブ・コモンズ 表示 4.0 国際",
                              "path": "https://creativecommons.org/licenses/by/4.0/deed.ja"}]
    assert {"title": "国土数値情報"} in d["sources"]
    assert d["keywords"][:3] == ["自治体標準ODS", "推奨データセット", "AED設置箇所"]
    csv_resource = d["resources"][0]
    assert csv_resource["path"] == "352136_aed.csv" and csv_resource["hash"].startswith("sha256:")
    assert "fieldsMatch" not in csv_resource["schema"], "the official profile and frictionless disagree on it"
    assert csv_resource["schema"]["primaryKey"] == ["ID"]
    assert d["kokai"]["bounds_deg"] == [131.2056, 34.1667, 131.303, 34.228]


def test_the_id_comes_from_code_and_register_entry_only(tmp_path: Path) -> None:
    one = make_package(tmp_path / "1").descriptor
    other = make_package(tmp_path / "2", make_dataset(title="別の題", as_of="2026-04-01")).descriptor
    third = make_package(tmp_path / "3", make_dataset(make_body("352128", "柳井市"))).descriptor
    assert one["id"] == other["id"] != third["id"]
    assert [r["id"] for r in one["resources"]] == [r["id"] for r in other["resources"]]


def test_a_sample_says_so_in_title_keywords_and_manifest(tmp_path: Path) -> None:
    package = make_package(tmp_path, make_dataset(sample=True, title="【見本】AED設置箇所一覧"))
    assert package.descriptor["title"] == "【見本】【美祢市】AED設置箇所一覧"
    assert "見本" in package.descriptor["keywords"] and "見本です" in package.descriptor["description"]
    assert package.manifest["sample"] is True


def test_local_kinds_do_not_claim_the_national_standard(tmp_path: Path) -> None:
    d = make_package(tmp_path, standard=make_standard("tameike", "ため池一覧", "tameike", local=True)).descriptor
    assert "自治体標準ODS" not in d["keywords"] and d["keywords"][0] == "ため池"


def test_only_columns_that_are_there_stand_in_the_schema_and_extras_are_text(tmp_path: Path) -> None:
    table = make_table([["352136", "x", "z"]], ["全国地方公共団体コード", "名称", "管理番号"])
    d = make_package(tmp_path, resources=[ResourceData(None, table, "2025-04-01")]).descriptor
    schema = d["resources"][0]["schema"]
    assert [f["name"] for f in schema["fields"]] == ["全国地方公共団体コード", "名称", "管理番号"]
    assert schema["fields"][2] == {"name": "管理番号", "type": "string"}
    assert "primaryKey" not in schema


def test_each_period_is_one_more_resource_of_the_same_dataset(tmp_path: Path) -> None:
    resources = [ResourceData(f"{y}0331", make_table(), f"{y}-03-31") for y in (2024, 2025)]
    package = make_package(tmp_path, resources=resources)
    assert package.name == "352136_aed"
    assert package.descriptor["version"] == "2025-03-31"
    paths = [r["path"] for r in package.descriptor["resources"]]
    assert paths[0] == "352136_aed_20240331.csv" and "352136_aed_20250331.csv" in paths
    assert len({r["name"] for r in package.descriptor["resources"]}) == len(paths)


def filled_fixes(rows: dict[int, str]) -> pl.DataFrame:
    return fixes_frame([Fix(row, field, None, "34.1", f"geocode-{precision}")
                        for row, precision in rows.items() for field in ("緯度", "経度")])


def test_points_found_from_the_address_are_listed_by_precision_and_record(tmp_path: Path) -> None:
    """The standard has no column for it, so the package says it beside the table."""
    table = make_table()
    rows = table.frame[ROW].to_list()
    fixes = filled_fixes({rows[1]: "oaza", rows[0]: "chome"})
    told = make_package(tmp_path, fixes=fixes).descriptor["kokai"]["filled_points"]
    assert told == [{"precision": "chome", "count": 1, "records": [1]}, {"precision": "oaza", "count": 1, "records": [2]}]
    assert "filled_points" not in make_package(tmp_path).descriptor["kokai"]


def test_with_several_periods_only_the_number_of_found_points_is_told(tmp_path: Path) -> None:
    """Row 4 of one source is not row 4 of the other."""
    data = [ResourceData("20250331", make_table(), "2025-03-31"), ResourceData("20260331", make_table(), "2026-03-31")]
    fixes = pl.concat([filled_fixes({2: "oaza"}), filled_fixes({2: "oaza"})])
    made = make_package(tmp_path, resources=data, fixes=fixes)
    assert made.descriptor["kokai"]["filled_points"] == [{"precision": "oaza", "count": 2, "records": []}]


def test_sha256sums_covers_every_other_file_of_public(tmp_path: Path) -> None:
    package = make_package(tmp_path)
    lines = (package.public / "SHA256SUMS").read_text().splitlines()
    told = {line[66:]: line[:64] for line in lines}
    there = {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in package.public.iterdir()}
    assert told == {k: v for k, v in there.items() if k != "SHA256SUMS"}
    assert package.manifest["public_sha256"] == there["SHA256SUMS"]


def test_the_record_holds_status_reasons_counts_findings_and_fixes(tmp_path: Path) -> None:
    reasons = [{"code": "errors-left", "ja": "誤りが残っています。", "en": "Errors are left."}]
    package = make_package(
        tmp_path, status="held", reasons=reasons, counts={"errors_after_fixes": 1},
        fixes=fixes_frame([]), findings=findings_frame([]),
    )
    manifest = Package.read(package.folder).manifest
    assert manifest["status"] == "held" and manifest["reasons"] == reasons
    assert manifest["counts"]["rows"] == 3 and manifest["counts"]["errors_after_fixes"] == 1
    assert manifest["sources"][0]["encoding"] == "cp932"
    assert (package.record / "findings.csv").read_text("utf-8-sig").startswith("code,level,row,field,value,remedy")


def test_findings_and_fixes_stand_in_row_order_with_words(tmp_path: Path) -> None:
    known = load_messages()
    code = next(c for c, entry in known["findings"].items() if entry["level"] == "warning")
    rule = next(iter(known["rules"]))
    package = make_package(
        tmp_path,
        findings=findings_frame([Finding(code, 9, "名称", "b"), Finding(code, 2, "名称", "a")]),
        fixes=fixes_frame([Fix(9, "名称", "b", "B", rule), Fix(2, "名称", "a", "A", rule, False)]),
    )
    findings = pl.read_csv(package.record / "findings.csv")
    assert findings["row"].to_list() == [2, 9] and findings["level"].to_list() == ["warning", "warning"]
    assert findings["message_ja"][0] == message(code, "ja", field="名称", value="a", params={})
    fixes = pl.read_csv(package.record / "fixes.csv")
    assert fixes["after"].to_list() == ["A", "B"] and fixes["applied"].to_list() == [False, True]
    assert {k: package.manifest["counts"][k] for k in ("warnings", "fixes", "fixes_waiting")} == {
        "warnings": 2, "fixes": 1, "fixes_waiting": 1}


def test_a_licence_without_name_or_path_is_refused_before_anything_is_replaced(tmp_path: Path) -> None:
    good = make_package(tmp_path)
    before = all_bytes(good.folder)
    with pytest.raises(DeclarationError, match="package-invalid"):
        make_package(tmp_path, make_dataset(licence=Licence("", "", "")))
    assert all_bytes(good.folder) == before


def test_a_crash_while_writing_leaves_the_old_package_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good = make_package(tmp_path)
    before = all_bytes(good.folder)

    def full_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pipelines.package.write.write_fixes", full_disk)
    with pytest.raises(OSError, match="No space"):
        make_package(tmp_path, make_dataset(as_of="2026-04-01"))
    assert all_bytes(good.folder) == before
    monkeypatch.undo()
    assert make_package(tmp_path, make_dataset(as_of="2026-04-01")).descriptor["version"] == "2026-04-01"
    assert [p.name for p in tmp_path.iterdir()] == ["352136_aed"]


def test_a_package_needs_a_resource(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least one resource"):
        write_package(tmp_path / "x", make_dataset(), make_standard(), [], findings=findings_frame(),
                      fixes=fixes_frame(), status="ready", reasons=[])


EDITIONS = ("municipal-standard-v3", "recommended-v1")


@pytest.mark.parametrize("edition", EDITIONS)
def test_the_list_of_lists_is_generated_in_the_official_columns(edition: str) -> None:
    standard = load_standard("opendata_list", edition)
    body = make_body(base_url="https://data.example.lg.jp/catalogue")
    datasets = [
        make_dataset(body),
        make_dataset(body, id="population", kind="population", title="人口",
                     periods=(Period("20240331", "a.csv", "2024-03-31"), Period("20250331", "b.csv", "2025-03-31"))),
        make_dataset(body, id="later", planned=True),
    ]
    standards = {"aed": make_standard(), "population": make_standard("population", "地域・年齢別人口一覧", "population",
                                                                     dated=True), "later": make_standard()}
    table = opendata_list_rows(datasets, standards, body, standard)
    assert table.columns == standard.names
    assert table.rows == 3
    file = {"municipal-standard-v3": "ファイル_ダウンロードURL", "recommended-v1": "URL"}[edition]
    assert all(str(u).startswith("https://data.example.lg.jp/catalogue/datasets/352136_") for u in table.frame[file])
    for field in standard.fields:
        if field.requirement.mark == "required":
            assert table.frame[field.name].null_count() == 0, field.name


def test_every_category_is_one_of_the_17_of_the_old_edition() -> None:
    field = load_standard("opendata_list", "recommended-v1").get("分類")
    assert field is not None
    kinds = [p.name for p in Path("schemas").iterdir() if p.is_dir() and not p.name.startswith("_")]
    assert {category_of(k) for k in [*kinds, "unheard-of"]} <= set(field.spec["constraints"]["enum"])
