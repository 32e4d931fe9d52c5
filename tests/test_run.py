"""The main job on the shipped samples, from the sections' files to the KPI table."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from publish.cli import main
from publish.ledger import read_ledgers, verify_ledger

ROOT = Path(__file__).parents[1]


def run(capsys: pytest.CaptureFixture[str] | None, *words: str) -> tuple[int, dict[str, Any]]:
    status = main([*words, "--format", "json"])
    out = capsys.readouterr().out if capsys else ""
    return status, json.loads(out) if out else {}


def digest(folder: Path) -> dict[str, str]:
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
            for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The samples in a workspace of their own, built and published once."""
    root = tmp_path_factory.mktemp("samples")
    shutil.copytree(ROOT / "datasets", root / "datasets")
    before = {k: os.environ.get(k) for k in ("XDG_DATA_HOME", "KOKAI_USER")}
    os.environ.update(XDG_DATA_HOME=str(root / "xdg"), KOKAI_USER="test")
    assert main(["run", "--workspace", str(root), "--quiet"]) == 0
    yield root
    for key, value in before.items():
        if value is None:
            os.environ.pop(key)
        else:
            os.environ[key] = value


def test_every_dataset_is_published_or_held_back_with_a_reason(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, result = run(capsys, "run", "--workspace", str(workspace))
    assert status == 0
    held = [d for d in result["datasets"] if d["status"] == "held"]
    assert held and all(d["reasons"][0]["message_ja"] for d in held)
    assert all(d["status"] in ("ready", "held") for d in result["datasets"])
    assert len([d for d in result["datasets"] if d["status"] == "ready"]) >= 25


def test_a_second_run_changes_nothing(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    packages = digest(workspace / "var" / "packages")
    ledger = digest(workspace / "ledger")
    status, result = run(capsys, "run", "--workspace", str(workspace))
    assert status == 0
    assert set(result["release"]["changes"].values()) <= {"kept", "carried"}
    assert digest(workspace / "var" / "packages") == packages
    assert digest(workspace / "ledger") == ledger


def test_packages_are_byte_identical_when_built_again_from_nothing(workspace: Path, tmp_path: Path) -> None:
    shutil.copytree(workspace / "datasets", tmp_path / "datasets")
    assert main(["build", "--workspace", str(tmp_path), "--quiet"]) == 0
    assert digest(tmp_path / "var" / "packages") == digest(workspace / "var" / "packages")


def test_strict_makes_a_held_dataset_exit_1(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "build", "--workspace", str(workspace), "--strict")[0] == 1


def test_every_number_counted_from_samples_is_marked(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["kpi", "--workspace", str(workspace)]) == 0
    text = capsys.readouterr().out
    assert "見本" in text and "50種類" in text
    _, result = run(capsys, "kpi", "--workspace", str(workspace))
    assert len(result["plans"]) == 5
    assert all(p["sample"] for p in result["plans"] if p["value"])


def test_the_count_of_the_packages_agrees_with_the_kpi(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, built = run(capsys, "build", "--workspace", str(workspace))
    _, counted = run(capsys, "kpi", "--workspace", str(workspace))
    ready = [d for d in built["datasets"] if d["status"] == "ready" and d["body"] == "352128"]
    yanai = next(p for p in counted["plans"] if p["body"] == "352128")
    assert yanai["value"] == len(ready) == 14


def test_before_the_first_publication_nothing_counts(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, result = run(capsys, "kpi", "--workspace", str(workspace), "--as-of", "2020-01-01")
    assert [p["value"] for p in result["plans"]] == [0] * 5


def test_the_ledger_is_intact_and_names_who_and_what(workspace: Path) -> None:
    entries = read_ledgers(workspace / "ledger")
    assert entries.height >= 25 and set(entries["by"].to_list()) == {"test"}
    assert all(verify_ledger(p) is None for p in (workspace / "ledger").glob("*.jsonl"))


def test_samples_are_refused_by_every_catalogue_beyond_this_machine(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["publish", "--workspace", str(workspace), "--catalogue", "yamaguchi"]) == 2
    assert "sample-stays-here" in capsys.readouterr().err


def test_a_held_dataset_keeps_its_last_release(workspace: Path, tmp_path: Path) -> None:
    shutil.copytree(workspace, tmp_path / "w", symlinks=True)
    root = tmp_path / "w"
    declaration = root / "datasets" / "352136_mine" / "toilet.yml"
    text = declaration.read_text(encoding="utf-8")
    declaration.write_text(text + "\nexpect:\n  rows: {min: 100000}\n", encoding="utf-8")
    name = "352136_public_toilet"
    before = digest(root / "var" / "catalogue" / "current" / "datasets" / name)
    assert main(["run", name, "--workspace", str(root), "--quiet"]) == 0
    manifest = json.loads((root / "var" / "packages" / name / "record" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["status"] == "held"
    after = digest(root / "var" / "catalogue" / "current" / "datasets" / name)
    assert {k: v for k, v in after.items() if k.endswith(".csv")} == {
        k: v for k, v in before.items() if k.endswith(".csv")}


def test_a_person_can_approve_a_dataset_that_the_gate_held(workspace: Path, tmp_path: Path) -> None:
    shutil.copytree(workspace, tmp_path / "w", symlinks=True)
    root = tmp_path / "w"
    declaration = root / "datasets" / "352136_mine" / "toilet.yml"
    declaration.write_text(declaration.read_text(encoding="utf-8") + "\nexpect:\n  rows: {min: 100000}\n",
                           encoding="utf-8")
    assert main(["approve", "352136_public_toilet", "--by", "課長", "--reason", "施設の統廃合", "--workspace", str(root)]) == 0
    assert main(["build", "352136_public_toilet", "--workspace", str(root), "--quiet"]) == 0
    manifest = json.loads((root / "var/packages/352136_public_toilet/record/manifest.json").read_text(encoding="utf-8"))
    assert manifest["status"] == "ready"


def test_a_withdrawal_is_asked_for_by_name_and_stops_counting(
    workspace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(workspace, tmp_path / "w", symlinks=True)
    root = tmp_path / "w"
    _, before = run(capsys, "kpi", "--workspace", str(root))
    assert main(["withdraw", "352128_aed", "--by", "係長", "--reason", "誤り", "--workspace", str(root)]) == 0
    capsys.readouterr()
    _, after = run(capsys, "kpi", "--workspace", str(root))
    value = {p["body"]: p["value"] for p in before["plans"]}
    assert next(p for p in after["plans"] if p["body"] == "352128")["value"] == value["352128"] - 1
    assert not (root / "var/catalogue/current/datasets/352128_aed/352128_aed.csv").exists()


def test_nothing_of_record_and_no_source_file_is_in_the_catalogue(workspace: Path) -> None:
    names = {p.name for p in (workspace / "var" / "catalogue" / "current").resolve().rglob("*") if p.is_file()}
    assert not names & {"manifest.json", "findings.csv", "fixes.csv"}
    inbox = {p.name for p in (workspace / "datasets").rglob("inbox/*")}
    assert inbox and not names & inbox


def test_a_value_stopped_by_guard_is_masked_in_public_and_record(workspace: Path) -> None:
    held = [p for p in (workspace / "var" / "packages").iterdir()
            if any(r["code"] == "held-guard" for r in json.loads(
                (p / "record" / "manifest.json").read_text(encoding="utf-8"))["reasons"])]
    assert held
    for folder in held:
        for path in folder.rglob("*"):
            if path.is_file():
                text = path.read_bytes().decode("utf-8", errors="replace")
                assert "090-0000-0000" not in text, path


def test_a_withdrawn_dataset_stays_out_until_a_person_approves_it_again(workspace: Path, tmp_path: Path) -> None:
    shutil.copytree(workspace, tmp_path / "w", symlinks=True)
    root = tmp_path / "w"
    page = root / "var" / "catalogue" / "current" / "datasets" / "352128_public_toilet" / "352128_public_toilet.csv"
    assert page.exists()
    assert main(["withdraw", "352128_public_toilet", "--by", "係長", "--reason", "誤り", "--workspace", str(root)]) == 0
    assert main(["run", "352128_public_toilet", "--workspace", str(root), "--quiet"]) == 0
    assert not page.exists()
    assert main(["approve", "352128_public_toilet", "--by", "課長", "--reason", "訂正", "--workspace", str(root)]) == 0
    assert main(["run", "352128_public_toilet", "--workspace", str(root), "--quiet"]) == 0
    assert page.exists()


def test_a_build_in_the_old_edition_has_the_old_headings(workspace: Path, tmp_path: Path) -> None:
    shutil.copytree(workspace / "datasets", tmp_path / "datasets")
    assert main(["build", "352136_public_toilet", "--edition", "recommended-v1", "--workspace", str(tmp_path),
                 "--quiet"]) == 0
    public = tmp_path / "var/packages/352136_public_toilet/public/352136_public_toilet.csv"
    header = public.read_text(encoding="utf-8-sig").splitlines()[0]
    assert header.startswith("都道府県コード又は市区町村コード,NO,都道府県名,市区町村名,名称,名称_カナ")
    assert main(["build", "--edition", "nonsense", "--workspace", str(tmp_path), "--quiet"]) == 2


def test_a_first_run_with_everything_held_says_that_nothing_is_public(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The steward's own first file with a required value missing: held, said, and no page is promised."""
    section = tmp_path / "施設.csv"
    section.write_text("都道府県コード又は市区町村コード,NO,都道府県名,市区町村名,名称,名称_カナ,住所,緯度,経度\n"
                       "352136,1,山口県,美祢市,見本館,,山口県美祢市大嶺町東分1,34.166,131.205\n", encoding="utf-8")
    root = tmp_path / "work"
    assert main(["init", str(root), "--code", "352136", "--name", "美祢市"]) == 0
    assert main(["add", str(section), "--kind", "public_facility", "--edition", "recommended-v1",
                 "--workspace", str(root)]) == 0
    capsys.readouterr()
    assert main(["run", "--workspace", str(root), "--quiet"]) == 0
    text = capsys.readouterr().out
    assert "保留 352136_public_facility" in text and "まだ何も公開していません" in text and "開くページ" not in text


def test_a_stewards_own_file_goes_from_init_to_a_published_dataset(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The ten-minute path of the README."""
    section = tmp_path / "AED一覧.csv"
    section.write_text("名称,名称_カナ,住所,緯度,経度,設置位置,電話番号,開始時間,担当者メモ\n"
                       "見本館,ﾐﾎﾝｶﾝ,山口県美祢市大嶺町東分326-1,34.166,131.205,玄関,０８３７－５２－００００,９時,あとで\n",
                       encoding="cp932")
    root = tmp_path / "work"
    assert main(["init", str(root), "--code", "352136", "--name", "美祢市"]) == 0
    assert main(["check", str(section)]) == 1
    assert main(["add", str(section), "--kind", "aed", "--workspace", str(root)]) == 0
    assert main(["run", "--workspace", str(root), "--quiet"]) == 0
    page = root / "var/catalogue/current/datasets/352136_aed"
    table = (page / "352136_aed.csv").read_text(encoding="utf-8-sig")
    assert "ミホンカン" in table and "0837-52-0000" in table and "09:00" in table and "あとで" not in table
    assert (page / "index.html").exists()
    assert "開くページ" in capsys.readouterr().out
