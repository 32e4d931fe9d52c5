"""The approval sheet: one A4 page however much changes, outlines that say where they come from, withdrawals with who and why."""

from __future__ import annotations

import json
import re
import shutil
import zlib
from base64 import a85decode
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pipelines.declare import Catalogue
from pipelines.model import Package
from pipelines.package import ResourceData
from publish.cli import main
from publish.plan import Change, Plan
from publish.push.embedded import plan_embedded, plan_embedded_withdrawals
from publish.report.approval import sheet_facts, sheet_html
from publish.report.approval_map import map_facts, own_outline, stored_outline
from publish.report.approval_pdf import HEIGHT, sheet_pdf
from publish.site import publish_release
from tests.fake_ckan import SYSADMIN, fake_ckan
from tests.fake_packages import make_body, make_dataset, make_package, make_table

NOW = datetime(2026, 11, 21, tzinfo=UTC)
BODY = make_body()
CATALOGUE = Catalogue("embedded", "embedded", "埋め込みカタログ")
ROOT = Path(__file__).parents[1]
SQUARE = [[131.0, 34.0], [131.4, 34.0], [131.4, 34.4], [131.0, 34.4], [131.0, 34.0]]


def boundary(path: Path, **properties: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    feature = {"type": "Feature", "properties": properties, "geometry": {"type": "Polygon", "coordinates": [SQUARE]}}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), encoding="utf-8")
    return path


def withdrawn_plan(tmp_path: Path, why: str = "設置をやめたため。") -> tuple[Plan, Package]:
    root, package = tmp_path / "cat", make_package(tmp_path / "one")
    release = publish_release(root, [package], {BODY.code: BODY}, now=NOW).folder / "datasets" / package.name
    plan = plan_embedded_withdrawals(root, CATALOGUE, {package.name: (BODY.code, "aed")}, now=NOW, by="防災課長", why=why)
    return plan, Package(release, json.loads((release / "datapackage.json").read_text(encoding="utf-8")), {})


def pdf_ys(pdf: bytes) -> list[float]:
    """The heights of all texts on the page."""
    stream = re.search(rb"stream\r?\n(.*?)endstream", pdf, re.S)
    assert stream is not None
    page = zlib.decompress(a85decode(stream[1].strip().removesuffix(b"~>")))
    return [float(m[1]) for m in re.finditer(rb"1 0 0 1 [0-9.]+ ([0-9.-]+) Tm", page)]


def test_a_withdrawal_says_on_the_sheet_what_goes_why_and_who_decided(tmp_path: Path) -> None:
    plan, before = withdrawn_plan(tmp_path)
    facts = sheet_facts(plan, {}, title="試験", before={"352136_aed": before})
    assert facts["withdrawn"] == ["352136_aed 理由: 設置をやめたため。決めた人: 防災課長"]
    row = facts["rows"][0]
    assert (row[0], row[3], row[6]) == ("取下げ", "3→0", "4個を外します") and row[1].endswith("\n352136_aed")
    assert (len(facts["maps"][0]["before"]), facts["maps"][0]["after"]) == (2, []) and "取下げ" in facts["maps"][0]["words"]
    assert "設置をやめたため" in sheet_html(facts) and "防災課長" in sheet_html(facts)
    assert not [w for w in facts["guard"] if "個人情報" in w]  # nothing goes out that would have been examined


def test_rows_that_nobody_knows_are_a_dash_not_a_zero(tmp_path: Path) -> None:
    plan, _ = withdrawn_plan(tmp_path)
    assert sheet_facts(plan, {}, title="試験", before={})["rows"][0][3] == "–→0"


@pytest.mark.parametrize("case", ["rough", "own", "official", "none"])
def test_the_outline_says_where_it_comes_from(tmp_path: Path, case: str) -> None:
    package = make_package(tmp_path / "p")
    folder = boundary(tmp_path / "b" / "area.geojson", **({"rough": True} if case == "rough" else {})).parent
    outline = {"rough": own_outline(folder), "own": own_outline(folder), "none": own_outline(tmp_path / "empty"),
               "official": stored_outline(folder / "area.geojson")}[case]
    change = plan_embedded(tmp_path / "cat", CATALOGUE, [package], {BODY.code: BODY}, now=NOW, by="試験").plan.changes[0]
    told = map_facts(change, package, None, outline)
    assert told is not None
    words = {"rough": "おおよその形", "own": "area.geojson", "official": "国土数値情報(行政区域データ)", "none": ""}[case]
    assert words.replace("(", "（").replace(")", "）") in told["outline"] and bool(told["rings"]) == (case != "none")
    corners = [p for ring in told["rings"] for p in ring] + told["after"]
    assert all(0 <= x <= 1 and 0 <= y <= 1 for x, y in corners)
    facts = sheet_facts(Plan("embedded", "x", "", "", {}, (change,)), {package.name: package}, title="試験", before={},
                        outlines={BODY.code: outline} if outline else {})
    assert told["outline"] in sheet_html(facts) and ("<path" in sheet_html(facts)) == (case != "none")


def test_a_map_tells_all_points_though_it_draws_a_part(tmp_path: Path) -> None:
    rows: list[list[str | None]] = [
        ["352136", f"{n:04}", f"施設{n}", "山口県美祢市", f"34.{1000 + n}", "131.2", None, None] for n in range(1201)]
    package = make_package(tmp_path, make_dataset(BODY), resources=[ResourceData(None, make_table(rows), "2025-04-01")])
    change = plan_embedded(tmp_path / "cat", CATALOGUE, [package], {BODY.code: BODY}, now=NOW, by="試験").plan.changes[0]
    told = map_facts(change, package, None, None)
    assert told is not None and told["words"].startswith("1,201点(新規)") and "間引いて" in told["words"]
    assert len(told["after"]) <= 400


def test_the_page_holds_the_longest_words_beside_each_other(tmp_path: Path) -> None:
    plan, before = withdrawn_plan(tmp_path, why="理由が長い" * 60)
    grave = plan.changes[0]
    changes: list[Change] = [replace(grave, name=f"352136_aed{n:02}", title="とても長い題名" * 5) for n in range(30)]
    facts = sheet_facts(replace(plan, changes=tuple(changes)), {}, title="試験", before={c.name: before for c in changes})
    assert len(facts["rows"]) == 14 and facts["more"] == 16 and len(facts["maps"]) == 3
    crowded = {**facts, "guard": ["項目の変更" * 40, "個人情報の点検" * 40, "理由を付けて公開を認めた列" * 40], "sample": True}
    pdf = sheet_pdf(crowded)
    assert pdf.count(b"/Type /Page\n") == 1
    ys = pdf_ys(pdf)
    assert min(ys) > 30 and max(ys) < HEIGHT - 30
    assert sorted(ys)[1] > sorted(ys)[0] + 8  # 備考 stands below everything else


def test_a_plan_with_a_withdrawal_is_signed_printed_and_carried_out_in_one_release(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    body = tmp_path / "ws" / "datasets" / "352136_mine"
    shutil.copytree(ROOT / "datasets" / "352136_mine", body)
    shutil.copy(ROOT / "datasets" / "catalogues.yml", body.parent)
    place = ["--workspace", str(tmp_path / "ws")]
    for name in ("aed", "toilet"):
        assert main(["build", name, "--quiet", *place]) == 0
    assert main(["publish", "aed", *place]) == 0
    words = ["plan", "toilet", "--catalogue", "embedded", "-o", str(tmp_path / "plan.json"), *place]
    assert main([*words, "--withdraw", "aed", "--by", "係長"]) == 2 and main([*words, "--by", "係長", "--reason", "x"]) == 2
    assert "withdraw-unsigned" in capsys.readouterr().err
    assert main([*words, "--withdraw", "toilet", "--by", "係長", "--reason", "誤り"]) == 2  # it is not public
    assert "withdraw-unknown" in capsys.readouterr().err
    sheets = [f"--sheet={tmp_path / name}" for name in ("sheet.html", "sheet.pdf")]
    assert main([*words, "--withdraw", "aed", "--by", "係長", "--reason", "設置をやめた", *sheets, "--exit-code"]) == 3
    assert "352136_aed 理由: 設置をやめた。決めた人: 係長" in (tmp_path / "sheet.html").read_text(encoding="utf-8")
    assert (tmp_path / "sheet.pdf").read_bytes().startswith(b"%PDF")
    assert main(["publish", str(tmp_path / "plan.json"), *place]) == 0
    catalogue = tmp_path / "ws" / "var" / "catalogue"
    assert sorted(p.name for p in (catalogue / "releases").iterdir()) == ["1", "2"]
    assert not (catalogue / "current" / "datasets" / "352136_aed" / "352136_aed.csv").exists()
    lines = [json.loads(x) for x in (tmp_path / "ws" / "ledger" / "352136.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [(x["event"], x["name"]) for x in lines] == [
        ("published", "352136_aed"), ("published", "352136_public_toilet"), ("withdrawn", "352136_aed")]
    assert (lines[-1]["by"], lines[-1]["reason"]) == ("係長", "設置をやめた")
    assert main(["plan", "--withdraw", "toilet", "--by", "係長", "--reason", "誤り", "--catalogue", "embedded", "--format",
                 "json", *place]) == 0  # alone, it is a plan of nothing but the withdrawal


def test_a_withdrawal_that_was_cut_off_before_its_ledger_line_gets_it_from_the_next_run(tmp_path: Path) -> None:
    body = tmp_path / "ws" / "datasets" / "352136_mine"
    shutil.copytree(ROOT / "datasets" / "352136_mine", body)
    shutil.copy(ROOT / "datasets" / "catalogues.yml", body.parent)
    place = ["--workspace", str(tmp_path / "ws")]
    assert main(["build", "aed", "--quiet", *place]) == 0 and main(["publish", "aed", *place]) == 0
    ledger = tmp_path / "ws" / "ledger" / "352136.jsonl"
    before = {p: p.read_bytes() for p in ledger.parent.rglob("*") if p.is_file()}
    words = ["withdraw", "aed", "--by", "係長", "--reason", "設置をやめた", *place]
    assert main(words) == 0
    for path in [p for p in ledger.parent.rglob("*") if p.is_file()]:
        path.unlink() if path not in before else path.write_bytes(before[path])
    assert main(words) == 0
    last = json.loads(ledger.read_text(encoding="utf-8").splitlines()[-1])
    assert (last["event"], last["by"], last["reason"]) == ("withdrawn", "係長", "設置をやめた")
    assert main(words) == 2  # said once


def test_a_withdrawal_is_planned_and_carried_out_on_a_ckan_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    body = tmp_path / "ws" / "datasets" / "352136_mine"
    shutil.copytree(ROOT / "datasets" / "352136_mine", body)
    shutil.copy(ROOT / "datasets" / "catalogues.yml", body.parent)
    place = ["--catalogue", "ckan", "--workspace", str(tmp_path / "ws")]
    with fake_ckan() as (state, address):
        monkeypatch.setenv("KOKAI_CKAN_URL", address)
        monkeypatch.setenv("KOKAI_CKAN_TOKEN", SYSADMIN)
        for name in ("aed", "toilet"):
            assert main(["build", name, "--quiet", "--workspace", str(tmp_path / "ws")]) == 0
        assert main(["publish", "aed", "--yes", *place]) == 0
        saved = str(tmp_path / "plan.json")
        words = ["plan", "toilet", "--withdraw", "aed", "--by", "係長", "--reason", "設置をやめた", "-o", saved,
                 f"--sheet={tmp_path / 'sheet.html'}", *place]
        assert main(words) == 0
        sheet = (tmp_path / "sheet.html").read_text(encoding="utf-8")
        assert "352136_aed 理由: 設置をやめた。決めた人: 係長" in sheet and "12→0" in sheet  # rows of what is kept here
        mine = next(d for d in state.datasets.values() if d["name"] == "352136_aed")
        title, revision = mine["title"], mine["metadata_modified"]
        mine |= {"title": "手で変えた題名", "metadata_modified": "2026-12-01T00:00:00.000000"}
        assert main(["publish", saved, "--yes", *place]) == 2  # another dataset than the one approved to go
        stopped = capsys.readouterr()
        assert "plan-stale" in stopped.err and SYSADMIN not in stopped.err + stopped.out and mine["resources"]
        mine |= {"title": title, "metadata_modified": revision}
        assert main(["publish", saved, "--yes", *place]) == 0
        held = {d["name"]: d for d in state.datasets.values()}
        assert held["352136_aed"]["resources"] == [] and held["352136_aed"]["title"].startswith("【取下げ】")
        assert len(held["352136_public_toilet"]["resources"]) == 2
        writes = len(state.writes)
        assert main(["publish", saved, "--yes", *place]) == 0  # done already
        assert len(state.writes) == writes
    lines = [json.loads(x) for x in (tmp_path / "ws" / "ledger" / "352136.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [(x["event"], x["name"], x["by"]) for x in lines if x["event"] == "withdrawn"] == [("withdrawn", "352136_aed", "係長")]
    told = capsys.readouterr()
    assert SYSADMIN not in told.out + told.err
    assert not [p for p in tmp_path.rglob("*") if p.is_file() and SYSADMIN.encode() in p.read_bytes()]


def test_a_plan_for_a_portal_takes_the_bodies_that_publish_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    datasets = tmp_path / "ws" / "datasets"
    for body in ("352136_mine", "353442_hirao"):
        shutil.copytree(ROOT / "datasets" / body, datasets / body)
    shutil.copy(ROOT / "datasets" / "catalogues.yml", datasets)
    file = datasets / "353442_hirao" / "municipality.yml"
    told = file.read_text(encoding="utf-8")
    file.write_text(told.replace("catalogues: [embedded, ckan]", "catalogues: [embedded]"), encoding="utf-8")
    place = ["--workspace", str(tmp_path / "ws")]
    assert main(["build", "aed", "--quiet", *place]) == 0
    with fake_ckan() as (_, address):
        monkeypatch.setenv("KOKAI_CKAN_URL", address)
        monkeypatch.setenv("KOKAI_CKAN_TOKEN", SYSADMIN)
        capsys.readouterr()
        words = ["plan", "--catalogue", "ckan", "--format", "json", *place]
        assert main(words) == 0
        said = capsys.readouterr()
        assert [c["name"] for c in json.loads(said.out)["changes"]] == ["352136_aed"]
        assert "公開先ではない 山口県平生町" in said.err
        assert main([*words, "353442_aed"]) == 0  # what is named is planned
        assert [c["name"] for c in json.loads(capsys.readouterr().out)["changes"]] == ["353442_aed"]
