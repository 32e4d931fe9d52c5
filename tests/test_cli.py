"""The command line: help for every command, clear stops, the JSON that others rely on."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from publish.cli import COMMANDS, main, make_parser

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_explains_itself_in_both_languages(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main([command, "--help"])
    assert stop.value.code == 0
    text = capsys.readouterr().out
    assert " / " in text and len(text) > 100


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_stands_in_the_readme(command: str) -> None:
    assert f"kokai {command}" in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_option_has_a_help_text(command: str) -> None:
    parser = make_parser(command)
    subparsers = next(a for a in parser._actions if hasattr(a, "choices") and isinstance(a.choices, dict))
    pending = [subparsers.choices[command]]
    while pending:
        for action in pending.pop()._actions:
            if isinstance(getattr(action, "choices", None), dict):
                pending += list(action.choices.values())
            elif action.dest != "help":
                assert action.help, action.dest


def test_help_loads_no_heavy_library() -> None:
    code = ("import sys\ntry:\n    from publish.cli import main; main(['--help'])\nexcept SystemExit: pass\n"
            "print([m for m in ('polars','pandas','geopandas','frictionless','great_expectations','rich','yaml',"
            "'jsonschema','pyarrow') if m in sys.modules])")
    out = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert out.stdout.strip().splitlines()[-1] == "[]"


def test_check_of_a_csv_loads_no_heavy_library(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("名称,住所\n見本館,山口県美祢市大嶺町東分1\n", encoding="utf-8")
    code = (f"import sys\nfrom publish.cli import main; main(['check', {str(path)!r}])\n"
            "print([m for m in ('pandas','geopandas','frictionless','great_expectations','rich','jsonschema',"
            "'pyproj','shapely','openpyxl') if m in sys.modules])")
    out = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert out.stdout.strip().splitlines()[-1] == "[]"


def test_check_prints_the_documented_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "352136_aed.csv"
    path.write_text(
        "都道府県コード又は市区町村コード,NO,都道府県名,市区町村名,名称,名称_カナ,住所,緯度,経度,設置位置,開始時間\n"
        "352136,1,山口県,美祢市,見本館,ミホンカン,山口県美祢市大嶺町東分1,34.166,131.205,玄関,９時\n",
        encoding="cp932")
    status = main(["check", str(path), "--format", "json"])
    result = json.loads(capsys.readouterr().out)
    assert set(result) == {"file", "kind", "edition", "encoding", "format", "sheet", "header_row", "rows", "columns",
                           "findings", "fixes", "summary"}
    assert (result["kind"], result["edition"]) == ("aed", "recommended-v1")
    assert (result["encoding"], result["format"], result["header_row"], result["rows"]) == ("cp932", "csv", 1, 1)
    assert set(result["summary"]) == {"errors", "warnings", "fixes", "errors_after_fixes"}
    wrong = [f for f in result["findings"] if f["field"] == "開始時間" and f["row"] == 2]
    assert wrong and all(set(f) == {"code", "level", "row", "field", "value", "message_ja", "message_en", "remedy"}
                         for f in wrong)
    assert "09:00" in [f["remedy"] for f in wrong]
    assert {"row": 2, "field": "開始時間", "before": "９時", "after": "09:00"}.items() <= result["fixes"][-1].items()
    assert status == 1 and result["summary"]["errors"] >= 1 and result["summary"]["errors_after_fixes"] == 0


def test_several_files_give_one_json_object_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.csv").write_text("区分,数\nあ,1\n", encoding="utf-8")
    main(["check", str(tmp_path / "a.csv"), str(tmp_path / "b.csv"), "--format", "json"])
    lines = capsys.readouterr().out.splitlines()
    assert [Path(json.loads(line)["file"]).name for line in lines] == ["a.csv", "b.csv"]
    assert json.loads(lines[0])["kind"] is None


@pytest.mark.parametrize("content", [b"", b"\x00\x01\x02\x03" * 50, b"PK\x03\x04broken", b"\xd0\xcf\x11\xe0broken"])
def test_a_file_that_cannot_be_read_stops_with_a_code_and_status_2(
    tmp_path: Path, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "broken.xlsx"
    path.write_bytes(content)
    assert main(["check", str(path)]) == 2
    err = capsys.readouterr().err
    assert "実行できません [" in err and "Cannot run [" in err and "Traceback" not in err


def test_one_unreadable_file_does_not_hide_the_others(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = tmp_path / "good.csv"
    good.write_text("区分,数\nあ,1\n", encoding="utf-8")
    assert main(["check", str(tmp_path / "absent.csv"), str(good), "--format", "json"]) == 2
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert "error" in lines[0] and lines[1]["rows"] == 1


def test_an_unknown_dataset_names_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["build", "nonsense", "--workspace", str(ROOT)]) == 2
    assert "aed" in capsys.readouterr().err


def test_a_folder_that_is_no_workspace_is_said_clearly(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--workspace", str(tmp_path)]) == 2
    assert "kokai init" in capsys.readouterr().err
