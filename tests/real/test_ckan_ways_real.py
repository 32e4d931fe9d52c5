"""Other ways into and out of a real CKAN: groups, an earlier edition again, a zip carried to another PC."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import openpyxl

from publish.ckan.portal import Portal
from publish.ckan.token import Token
from publish.ledger import read_ledger
from tests.real.real_ckan import MARKS, ROOT, Real, errors, link, package, plan, publish, run_kokai, served_bytes

pytestmark = MARKS


def test_an_editor_puts_datasets_into_the_groups_that_the_declaration_names(real: Real, tmp_path: Path) -> None:
    admin = Portal(real.address, Token(real.admin, "test"))
    admin.write("group_create", {"name": "bosai", "title": "防災"})
    made = package(tmp_path / "p", "grouped")
    to = link(real.address, real.editor, tmp_path, groups={"aed": "bosai"})
    assert [o.error.code for o in publish(to, tmp_path, plan(to, [made]))] == ["portal-group"]
    assert to.portal.show(made.name) is None
    admin.write("group_member_create", {"id": "bosai", "username": "editor1", "role": "editor"})
    assert errors(publish(to, tmp_path, plan(to, [made]))) == []
    assert [g["name"] for g in (to.portal.show(made.name) or {})["groups"]] == ["bosai"]
    assert {c.action for c in plan(to, [made]).plan.changes} == {"keep"}


def test_going_back_serves_the_earlier_bytes_with_a_new_time(real: Real, tmp_path: Path) -> None:
    """publish, change a cell of the section's Excel, publish, rollback, verify: the same ids, the first bytes, a later time."""
    workspace, name = tmp_path / "ws", "352136_aed"
    shutil.copytree(ROOT / "datasets", workspace / "datasets")
    publishing = ["publish", name, "--catalogue", "ckan", "--yes", "--adopt"]
    run_kokai(real, workspace, "build", name)
    run_kokai(real, workspace, *publishing)
    first = served_bytes(real, name)
    source = workspace / "datasets" / "352136_mine" / "inbox" / "見本_AED設置箇所一覧.xlsx"
    book = openpyxl.load_workbook(source)
    cell = next(c for row in book.active.iter_rows() for c in row if isinstance(c.value, str) and c.value == "見本中央公民館")
    cell.value = f"{cell.value}（試験）"
    book.save(source)
    run_kokai(real, workspace, "build", name)
    run_kokai(real, workspace, *publishing)
    portal = Portal(real.address, Token("", "none"))
    second, then = served_bytes(real, name), portal.show(name) or {}
    assert second != first and set(second) == set(first)
    assert len(run_kokai(real, workspace, "rollback", name, "--catalogue", "ckan", "--list").splitlines()) == 2
    run_kokai(real, workspace, "rollback", name, "--catalogue", "ckan", "--by", "課長", "--reason", "誤記")
    now = portal.show(name) or {}
    assert served_bytes(real, name) == first
    assert [r["id"] for r in now["resources"]] == [r["id"] for r in then["resources"]]
    assert now["metadata_modified"] > then["metadata_modified"]
    assert json.loads(run_kokai(real, workspace, "verify", name, "--format", "json"))["findings"] == []
    entries = read_ledger(workspace / "ledger", "352136")
    assert entries["event"].to_list() == ["published", "updated", "updated", "noted"]
    assert entries.row(-1, named=True)["by"] == "課長" and "誤記" in entries.row(-1, named=True)["reason"]


def test_a_hand_over_zip_is_published_from_another_pc_without_the_sources(real: Real, tmp_path: Path) -> None:
    inside, outside, name = tmp_path / "inside", tmp_path / "outside", "352136_public_toilet"
    shutil.copytree(ROOT / "datasets", inside / "datasets")
    shutil.copytree(ROOT / "datasets", outside / "datasets", ignore=shutil.ignore_patterns("inbox"))
    run_kokai(real, inside, "build", name)
    zipped = tmp_path / "登録用.zip"
    run_kokai(real, inside, "handover", name, "--catalogue", "hiroshima", "-o", str(zipped))
    said = json.loads(run_kokai(real, outside, "publish", str(zipped), "--catalogue", "ckan", "--yes", "--format", "json"))
    assert [(o["name"], o["event"], o["error"]) for o in said["outcomes"]] == [(name, "published", None)]
    public = inside / "var" / "packages" / name / "public"
    served = served_bytes(real, name)
    assert served == {p: (public / p).read_bytes() for p in served} and len(served) == 2
    again = json.loads(run_kokai(real, outside, "publish", str(zipped), "--catalogue", "ckan", "--yes", "--format", "json"))
    assert (again["outcomes"], again["line"]["writes"]) == ([], 0)
