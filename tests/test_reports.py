"""Reports for other programs: the shapes that SARIF, JUnit, frictionless and spreadsheets expect, nothing lost."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from publish.cli import main

HEAD = "都道府県コード又は市区町村コード,NO,都道府県名,市区町村名,名称,名称_カナ,住所,緯度,経度,設置位置,開始時間,備考\n"
GOOD = "352136,1,山口県,美祢市,見本館,ミホンカン,山口県美祢市大嶺町東分1,34.166,131.205,玄関,09:00,\n"
BAD = "352136,2,山口県,美祢市,見本<堂>,ミホンドウ,山口県美祢市大嶺町東分2,34.167,131.206,玄関,9時,担当 080-1234-5678\n"
SCHEMA = {"fields": [{"name": "id", "type": "integer", "constraints": {"unique": True}}, {"name": "日", "type": "date"}]}


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "352136_aed 見本.csv"
    path.write_text(HEAD + GOOD + BAD, encoding="utf-8")
    return path


def findings_of(path: Path, capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    main(["check", str(path), "--format", "json"])
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["findings"]
    return found


def report(kind: str, tmp_path: Path, *paths: Path, more: tuple[str, ...] = ()) -> bytes:
    out = tmp_path / "report"
    main(["check", *map(str, paths), "--report", kind, "--output", str(out), *more])
    return out.read_bytes()


def test_csv_has_a_line_for_each_finding_and_for_a_file_that_cannot_be_read(
    tmp_path: Path, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = findings_of(table, capsys)
    data = report("csv", tmp_path, table, tmp_path / "absent.csv")
    assert data.startswith(b"\xef\xbb\xbffile,code,level,row,field,value,remedy,message_ja,message_en\r\n")
    lines = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    assert [(line["code"], line["row"]) for line in lines[:-1]] == [
        (f["code"], "" if f["row"] is None else str(f["row"])) for f in found
    ]
    assert (lines[-1]["code"], lines[-1]["level"]) == ("file-missing", "error")


def test_personal_data_is_masked_in_every_report(tmp_path: Path, table: Path) -> None:
    for kind in ("csv", "frictionless", "junit", "sarif"):
        data = report(kind, tmp_path, table).decode()
        assert "guard-mobile-phone" in data and "1234-5678" not in data


def test_sarif_names_rules_places_and_levels(
    tmp_path: Path, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = findings_of(table, capsys)
    document = json.loads(report("sarif", tmp_path, table, tmp_path / "absent.csv"))
    assert document["version"] == "2.1.0" and document["$schema"].endswith("sarif-2.1.0.json")
    (run,) = document["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert len({r["id"] for r in rules}) == len(rules)
    assert all(r["shortDescription"]["text"] and "{" not in r["shortDescription"]["text"] for r in rules)
    assert len(run["results"]) == len(found)
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in ("error", "warning", "note") and result["message"]["text"]
        place = result["locations"][0]["physicalLocation"]
        assert "%20" in place["artifactLocation"]["uri"] and place["artifactLocation"]["uri"].isascii()
        assert place.get("region", {"startLine": 1})["startLine"] >= 1
    (wrong,) = [r for r in run["results"] if r["properties"].get("field") == "開始時間"]
    assert (wrong["level"], wrong["properties"]["remedy"]) == ("error", "09:00")
    assert wrong["locations"][0]["physicalLocation"]["region"] == {"startLine": 3}
    assert run["invocations"][0]["executionSuccessful"] is False
    assert run["invocations"][0]["toolExecutionNotifications"][0]["descriptor"]["id"] == "file-missing"


def test_junit_fails_the_codes_that_are_errors(tmp_path: Path, table: Path) -> None:
    good = tmp_path / "good.csv"
    good.write_text("区分,数\nあ,1\n", encoding="utf-8")
    root = ElementTree.fromstring(report("junit", tmp_path, table, good, tmp_path / "absent.csv"))
    assert root.tag == "testsuites" and root.get("errors") == "1" and int(root.get("failures", 0)) >= 1
    suites = {Path(s.get("name", "")).name: s for s in root}
    assert suites[good.name].get("failures") == "0"
    failed = [c.get("name") for c in suites[table.name] if c.find("failure") is not None]
    assert "type-time" in failed and int(suites[table.name].get("tests", 0)) == len(suites[table.name])
    assert "3行目 開始時間" in (suites[table.name].find("testcase[@name='type-time']/failure").text or "")  # type: ignore[union-attr]
    assert suites["absent.csv"].find("testcase/error") is not None


def test_frictionless_reads_its_report(tmp_path: Path, table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from frictionless import Report

    errors = [f for f in findings_of(table, capsys) if f["level"] == "error"]
    descriptor = json.loads(report("frictionless", tmp_path, table, tmp_path / "absent.csv"))
    assert list(Report.metadata_validate(descriptor)) == []
    read = Report.from_descriptor(descriptor)
    assert not read.valid and len(read.tasks) == 2
    assert read.tasks[0].stats["errors"] == len(errors) == len(read.tasks[0].errors)
    rows = read.flatten(["rowNumber", "fieldName", "type"])
    assert [3, "開始時間", "type-error"] in rows and read.to_summary()


def test_a_given_schema_streams_into_the_report_and_the_text_still_counts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    schema, table = tmp_path / "s.json", tmp_path / "t.csv"
    schema.write_text(json.dumps(SCHEMA), encoding="utf-8")
    table.write_text("id,日\n1,2024-01-01\n1,2024-1-2\nx,\n", encoding="utf-8")
    out = tmp_path / "report"
    status = main(["check", str(table), "--schema", str(schema), "--report", "csv", "--output", str(out)])
    lines = list(csv.DictReader(io.StringIO(out.read_text(encoding="utf-8-sig"))))
    assert sorted((line["code"], line["row"]) for line in lines) == [
        ("not-unique", "3"), ("type-date", "3"), ("type-integer", "4")]
    assert status == 1 and "エラー3件" in capsys.readouterr().out


def test_json_on_the_screen_is_whole_beside_a_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    schema, table = tmp_path / "s.json", tmp_path / "t.csv"
    schema.write_text(json.dumps(SCHEMA), encoding="utf-8")
    table.write_text("id,日\n1,2024-1-2\n", encoding="utf-8")
    report("csv", tmp_path, table, more=("--schema", str(schema), "--format", "json"))
    assert [f["code"] for f in json.loads(capsys.readouterr().out)["findings"]] == ["type-date"]


def test_output_without_a_form_is_refused(tmp_path: Path, table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(table), "--output", str(tmp_path / "x")]) == 2
    assert "--report" in capsys.readouterr().err


def test_all_editions_says_how_far_the_file_is_from_each(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["check", str(table), "--format", "json", "--all-editions"])
    editions = json.loads(capsys.readouterr().out)["editions"]
    assert [(e["edition"], e["current"]) for e in editions] == [
        ("recommended-v1", True), ("municipal-standard-v3", False)]
    own, new = editions
    assert own["upgrade"] is None and own["columns_lost"] == []
    assert set(new["columns_lost"]) >= {"都道府県名", "市区町村名"}
    assert {"地方公共団体名", "所在地_都道府県"} <= set(new["upgrade"]["derived"])
    assert all(set(x) == {"field", "rows"} for x in new["upgrade"]["to_fill"])
    main(["check", str(table), "--all-editions"])
    assert "municipal-standard-v3" in capsys.readouterr().out
    main(["check", str(table), "--format", "json"])
    assert "editions" not in json.loads(capsys.readouterr().out)
