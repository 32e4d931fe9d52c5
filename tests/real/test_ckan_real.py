"""Publishing to a real CKAN: twice with an editor's token, faults at every call, SIGKILL at every request, DataStore, tombstone."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipelines.model import Package
from publish.ckan import datastore, loading
from publish.ckan.portal import Portal
from publish.ckan.token import Token
from publish.ckan.verifying import verify_portal
from publish.ledger import read_ledger
from publish.push import Connection, plan_withdrawals, publish_changes
from publish.run import Place
from tests.fake_packages import AED_ROWS
from tests.fault_proxy import KINDS, Request, fault_proxy
from tests.real.real_ckan import (
    BODY,
    MARKS,
    NOW,
    ROOT,
    Real,
    check_whole,
    errors,
    link,
    package,
    plan,
    publish,
    sent,
)

pytestmark = MARKS
FAULTS = int(os.environ.get("KOKAI_FAULTS", "120"))


def test_an_editor_publishes_twice_and_the_second_run_writes_nothing(real: Real, tmp_path: Path) -> None:
    made = [package(tmp_path / "p", f"twice_{n}") for n in range(3)]
    to = link(real.address, real.editor, tmp_path)
    assert errors(publish(to, tmp_path, plan(to, made), wait_s=60)) == []
    check_whole(real, made)
    before = {r["id"] for p in made for r in (to.portal.show(p.name) or {})["resources"]}
    assert before == {r["id"] for p in made for r in sent(p)}
    again = link(real.address, real.editor, tmp_path)
    planned = plan(again, made)
    assert {c.action for c in planned.plan.changes} == {"keep"}
    publish(again, tmp_path, planned)
    assert (again.portal.count.writes, again.portal.count.upload_bytes) == (0, 0)
    found = verify_portal(again.portal, Portal(real.address, Token("", "none")), dict(planned.wanted), [])
    assert (found.drifts, found.files) == ((), 6)


def test_one_changed_table_is_one_dataset_updated_and_the_ids_stay(real: Real, tmp_path: Path) -> None:
    made = [package(tmp_path / "p", f"one_{n}") for n in range(2)]
    to = link(real.address, real.editor, tmp_path)
    publish(to, tmp_path, plan(to, made))
    rows = [list(r) for r in AED_ROWS]
    name = next(i for i, v in enumerate(rows[0]) if v and len(v) > 3 and not v.isascii())
    rows[0][name] = "改名した施設"
    changed = [package(tmp_path / "p2", "one_0", rows), made[1]]
    planned = plan(to, changed)
    assert sorted(c.action for c in planned.plan.changes) == ["keep", "update"]
    assert errors(publish(to, tmp_path, planned)) == []
    check_whole(real, changed)
    held = to.portal.show(changed[0].name)
    assert held is not None
    assert {r["id"] for r in held["resources"]} == {r["id"] for r in sent(made[0])}


@pytest.mark.parametrize("by", ["kokai", "xloader"])
def test_the_datastore_gets_types_and_japanese_labels(
    real: Real, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    """A small table goes along with its dictionary; a large one is xloader's."""
    if by == "xloader":
        monkeypatch.setattr(datastore, "SMALL_BYTES", 0)
    made = package(tmp_path / "p", f"typed_{by}")
    to = link(real.address, real.editor, tmp_path)
    outcomes = publish(to, tmp_path, plan(to, [made]), wait_s=120)
    assert [n for n in outcomes[0].notes if n.failed] == []
    assert (len(outcomes[0].loading) == 1) == (by == "xloader")
    check_table(to, made)
    csv = next(r for r in made.descriptor["resources"] if r["format"] == "csv")
    views = to.portal.read("resource_view_list", {"id": csv["id"]})
    assert [v["view_type"] for v in views] == ["datatables_view"]


def check_table(to: Connection, made: Package) -> None:
    """Every row once, each column with its type, its Japanese label and what the standard says of it."""
    csv = next(r for r in made.descriptor["resources"] if r["format"] == "csv")
    found = to.portal.read("datastore_info", {"id": csv["id"]})
    assert found["meta"]["count"] == csv["rows"] == 3
    columns = {f["id"]: f for f in found["fields"] if f["id"] != "_id"}
    assert list(columns) == [f["name"] for f in csv["schema"]["fields"]]
    assert {n for n, f in columns.items() if f["type"] == "numeric"} == {"緯度", "経度", "台数"}
    assert {f["type"] for n, f in columns.items() if n not in ("緯度", "経度", "台数")} == {"text"}
    assert [f["info"]["label"] for f in columns.values()] == [f.get("title") or f["name"] for f in csv["schema"]["fields"]]
    assert "6桁の団体コード" in columns["全国地方公共団体コード"]["info"]["notes"]
    rows = to.portal.read("datastore_search", {"resource_id": csv["id"], "limit": 100, "sort": "ID"})["records"]
    assert [(r["全国地方公共団体コード"], r["ID"], r["緯度"]) for r in rows][:2] == [
        ("352136", "0001", 34.1667), ("352136", "0002", 34.228)]
    assert rows[2]["緯度"] is None and rows[1]["備考"] == "1階\nロビー"


def test_a_worker_that_hangs_leaves_a_full_table_and_doubles_nothing_when_it_is_back(
    real: Real, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The portal's job worker is stopped (SIGSTOP), so that xloader never begins; later it goes on."""
    monkeypatch.setattr(datastore, "SMALL_BYTES", 0)
    monkeypatch.setattr(loading, "AGAIN_S", 4.0)
    monkeypatch.setattr(loading, "STILL_S", 10.0)
    made = package(tmp_path / "p", "hung")
    to = link(real.address, real.editor, tmp_path)
    worker = int((real.folder / "pid" / "worker.pid").read_text())
    csv = next(r for r in made.descriptor["resources"] if r["format"] == "csv")
    os.kill(worker, signal.SIGSTOP)
    try:
        outcomes = publish(to, tmp_path, plan(to, [made]), wait_s=60)
        assert [(n.path, n.failed) for n in outcomes[0].notes] == [(csv["path"], False)]
        assert errors(outcomes) == []
        check_table(to, made)
    finally:
        os.kill(worker, signal.SIGCONT)
    for _ in range(90):
        if datastore.job_state(to.portal, csv["id"]) == "complete":
            break
        time.sleep(1)
    else:
        raise AssertionError("the worker never came back")
    check_table(to, made)


@pytest.mark.parametrize(("first", "second"), [("kokai", "kokai"), ("xloader", "xloader"), ("xloader", "kokai")])
def test_an_update_right_after_the_first_publication_ends_with_the_new_rows(
    real: Real, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: str, second: str
) -> None:
    """xloader's job for the first edition may still be waiting, running or done when the table of the second is made."""
    small = {"xloader": 0, "kokai": datastore.SMALL_BYTES}
    monkeypatch.setattr(datastore, "SMALL_BYTES", small[first])
    to = link(real.address, real.editor, tmp_path)
    publish(to, tmp_path, plan(to, [package(tmp_path / "p", f"quick_{first}_{second}")]))
    monkeypatch.setattr(datastore, "SMALL_BYTES", small[second])
    made = package(tmp_path / "p2", f"quick_{first}_{second}", AED_ROWS[:2])
    outcomes = publish(to, tmp_path, plan(to, [made]), wait_s=120)
    assert [n for n in outcomes[0].notes if n.failed] == []
    csv = next(r for r in made.descriptor["resources"] if r["format"] == "csv")
    held = datastore.standing(to.portal, csv["id"])
    assert held is not None and held.rows == 2
    time.sleep(5)
    assert datastore.standing(to.portal, csv["id"]) == held
    assert dict(held.columns)["緯度"] == "numeric"


def test_a_withdrawal_is_a_tombstone_and_a_new_publication_undoes_it(real: Real, tmp_path: Path) -> None:
    made = package(tmp_path / "p", "grave")
    to = link(real.address, real.editor, tmp_path)
    publish(to, tmp_path, plan(to, [made]))
    grave = plan_withdrawals(to, {made.name: (BODY.code, "grave")}, now=NOW, by="担当", why="誤り")
    assert errors(publish_changes(to, Place(tmp_path), grave, {}, {}, {}, now=NOW, by="担当")) == []
    held = Portal(real.address, Token("", "none")).show(made.name)
    assert held is not None and held["resources"] == [] and held["title"].startswith("【取下げ】")
    assert errors(publish(to, tmp_path, plan(to, [made]))) == []
    check_whole(real, [made])


def test_a_plan_gone_stale_is_refused(real: Real, tmp_path: Path) -> None:
    made = package(tmp_path / "p", "stale")
    to = link(real.address, real.editor, tmp_path)
    publish(to, tmp_path, plan(to, [made]))
    planned = plan(to, [package(tmp_path / "p2", "stale", [list(r) for r in AED_ROWS][:-1])])
    to.portal.write("package_patch", {"id": made.name, "title": "手で直した題名"})
    assert [o.error.code for o in publish(to, tmp_path, planned)] == ["plan-stale"]
    held = to.portal.show(made.name)
    assert held is not None and held["title"] == "手で直した題名"
    found = verify_portal(to.portal, to.portal, {made.name: plan(to, [made]).wanted[made.name]}, [])
    assert {d.code for d in found.drifts} == {"field-differs"}


def test_faults_at_every_call_end_complete_and_without_doubles(real: Real, tmp_path: Path) -> None:
    """KOKAI_FAULTS faults (120; the bench injects 500 and more), each kind in turn at a random call, several in one run."""
    chance = random.Random(5)
    injected = runs = 0
    while injected < FAULTS and runs < 200:
        runs += 1
        folder = tmp_path / str(runs)
        rows = [list(r) for r in AED_ROWS]
        name = next(i for i, v in enumerate(rows[0]) if v and len(v) > 3 and not v.isascii())
        rows[0][name] = f"施設{runs}"
        made = [package(folder, f"fault_{n}", rows) for n in range(3)]
        with fault_proxy(real.address, hang_s=1.2) as (faults, proxy):

            def choose(r: Request, done: list[tuple[str, str]] = faults.done) -> str:
                kind = KINDS[len(done) % len(KINDS)] if chance.random() < 0.25 else ""
                return "" if kind == "cut-upload" and not r.upload else kind

            faults.choose = choose
            to = link(proxy, real.editor, folder, timeout_s=1.0)
            for _ in range(6):  # a run that gave up is run again, as a scheduler would
                try:
                    if not errors(publish(to, folder, plan(to, made))):
                        break
                except Exception as error:  # noqa: BLE001 - any stop of a run; the next one must mend it
                    assert "code" in vars(error), error
            faults.choose = lambda r: ""
            assert errors(publish(to, folder, plan(to, made))) == []
            injected += len(faults.done)
        check_whole(real, made)
    assert injected >= FAULTS


SCRIPT = """
import sys
from pathlib import Path
sys.path.insert(0, {root!r})
from tests.real import test_ckan_real as t
folder = Path({folder!r})
made = [t.package(folder / "packages", f"{mark}_{{n}}") for n in range(2)]
to = t.link({proxy!r}, {token!r}, folder)
print(t.errors(t.publish(to, folder, t.plan(to, made))))
"""


@pytest.mark.parametrize("moment", ["kill-before", "kill-after"])
def test_a_run_killed_at_any_request_is_finished_by_the_next(real: Real, tmp_path: Path, moment: str) -> None:
    for strike in range(2, 40, int(os.environ.get("KOKAI_KILL_STEP", "3"))):
        folder, mark = tmp_path / str(strike), f"{moment.replace('-', '_')}_{strike}"
        with fault_proxy(real.address) as (faults, proxy):
            script = SCRIPT.format(root=str(ROOT), folder=str(folder), proxy=proxy, token=real.editor, mark=mark)
            child = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
            faults.on_kill = lambda c=child: os.kill(c.pid, signal.SIGKILL)  # type: ignore[misc]
            faults.choose = lambda r, n=strike: moment if r.number == n else ""  # type: ignore[misc]
            out, _ = child.communicate(timeout=300)
            killed = child.returncode == -signal.SIGKILL
        time.sleep(0.3)
        made = [package(folder / "again", f"{mark}_{n}") for n in range(2)]
        to = link(real.address, real.editor, folder)
        assert errors(publish(to, folder, plan(to, made))) == []
        check_whole(real, made)
        assert sorted(read_ledger(folder / "ledger", BODY.code)["name"].to_list()) == sorted(p.name for p in made)
        if not killed:
            assert out.strip() == "[]"
            return


def test_nothing_that_is_written_holds_the_token(real: Real, tmp_path: Path) -> None:
    """A canary: every file, both streams, argv and the portal's own answers are searched for the token."""
    workspace = tmp_path / "ws"
    shutil.copytree(ROOT / "datasets", workspace / "datasets")
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "KOKAI_CKAN_URL": real.address, "KOKAI_CKAN_TOKEN": real.admin,
               "KOKAI_DEBUG": "1"}
    said = []
    kokai = [sys.executable, "-m", "publish.cli"]
    for words in (["build", "352136_aed"], ["doctor"], ["plan", "352136_aed", "-o", str(tmp_path / "plan.json")],
                  ["publish", str(tmp_path / "plan.json"), "--catalogue", "ckan", "--yes"], ["verify", "--format", "json"]):
        done = subprocess.run([*kokai, *words, "--workspace", str(workspace)], env=environ, capture_output=True, text=True,
                              timeout=300, check=False)
        said.append(done.stdout + done.stderr)
        assert done.returncode == 0, said[-1]
    bad = subprocess.run([*kokai, "plan", "--workspace", str(workspace)], env={**environ, "KOKAI_CKAN_URL": "http://127.0.0.1:9"},
                         capture_output=True, text=True, timeout=300, check=False)
    said.append(bad.stdout + bad.stderr)
    assert bad.returncode != 0
    canary = real.admin
    assert not [s for s in said if canary in s]
    assert not [p for p in [*workspace.rglob("*"), tmp_path / "plan.json"] if p.is_file() and canary.encode() in p.read_bytes()]
    assert json.loads(said[4])["findings"] == []
