"""Publishing to a real CKAN: twice with an editor's token, faults at every call, SIGKILL at every request, DataStore, tombstone."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from pipelines.declare import Catalogue
from pipelines.model import Package
from pipelines.package import ResourceData
from publish.ckan.portal import Portal
from publish.ckan.token import Token
from publish.ckan.verifying import verify_portal
from publish.ledger import read_ledger
from publish.push import Connection, plan_packages, plan_withdrawals, publish_changes
from publish.push.planning import Planned
from publish.run import Place
from tests.fake_packages import AED_ROWS, make_body, make_dataset, make_package, make_standard, make_table
from tests.fault_proxy import KINDS, Request, fault_proxy

ROOT = Path(__file__).parents[2]
SHARED = Path(os.environ.get("KOKAI_SHARED", ROOT.parent / "shared"))
UP = SHARED / "ckan" / "up.sh"
PORTS = {"CKAN_PORT": "5110", "CKAN_SOLR_PORT": "8994", "CKAN_PG_PORT": "5534", "CKAN_REDIS_PORT": "6481"}
NOW = datetime(2026, 4, 1, 9, 0, tzinfo=timezone(timedelta(hours=9)))
FAULTS = int(os.environ.get("KOKAI_FAULTS", "120"))

pytestmark = [
    pytest.mark.ckan, pytest.mark.shared,
    pytest.mark.skipif(not UP.exists(), reason=f"no real CKAN to start: {UP} is missing"),
]


@dataclass(frozen=True)
class Real:
    """A running CKAN: its address, a sysadmin's and an editor's token."""

    address: str
    admin: str
    editor: str


@pytest.fixture(scope="session")
def real() -> Iterator[Real]:
    run = Path(tempfile.mkdtemp(prefix="kokai-ckan-", dir="/var/tmp"))
    run.chmod(0o755)  # PostgreSQL runs as another user and must reach its folder
    environ = {**os.environ, **PORTS, "CKAN_RUN": str(run / "run"), "FRESH": "1"}
    made = subprocess.run([str(UP)], env=environ, capture_output=True, text=True, timeout=600, check=False)
    try:
        assert made.returncode == 0, made.stdout + made.stderr
        admin = (run / "run" / "token").read_text().strip()
        address = f"http://127.0.0.1:{PORTS['CKAN_PORT']}"
        yield Real(address, admin, make_editor(address, admin))
    finally:
        subprocess.run([str(SHARED / "ckan" / "down.sh")], env=environ, capture_output=True, timeout=120, check=False)
        shutil.rmtree(run, ignore_errors=True)


def make_editor(address: str, admin: str) -> str:
    portal = Portal(address, Token(admin, "test"))
    body = make_body()
    portal.write("organization_create", {"name": body.organization_id, "title": body.name})
    portal.write("user_create", {"name": "editor1", "email": "e@example.invalid", "password": "correct-horse-2"})
    portal.write("organization_member_create", {"id": body.organization_id, "username": "editor1", "role": "editor"})
    return str(portal.write("api_token_create", {"user": "editor1", "name": "x"})["token"])


CATALOGUE = Catalogue("ckan", "ckan", "試験", url_env="KOKAI_CKAN_URL", token_env="KOKAI_CKAN_TOKEN", parallel=2,
                      create_organization=False, licence_ids={"CC-BY-4.0": "CC-BY-4.0"})
BODY = make_body()


def link(address: str, token: str, folder: Path, **more: Any) -> Connection:
    portal = Portal(address, Token(token, "test"), timeout_s=more.pop("timeout_s", 60), sleep=lambda s: time.sleep(min(s, 0.2)))
    return Connection(replace(CATALOGUE, **more), portal, folder / "var" / "publish" / "ckan")


def package(folder: Path, name: str, rows: list[list[str | None]] | None = None) -> Package:
    standard = replace(make_standard(), file_slug=name)
    dataset = make_dataset(id=name, title=f"一覧 {name}")
    return make_package(folder, dataset, standard, [ResourceData(None, make_table(rows), "2025-04-01")])


def plan(to: Connection, made: list[Package]) -> Planned:
    return plan_packages(to, made, {BODY.code: BODY}, now=NOW, by="試験", everything=False)


def publish(to: Connection, folder: Path, planned: Planned, wait_s: float = 0.0) -> list[Any]:
    return publish_changes(to, Place(folder), planned.plan, planned.wanted, planned.packages, {BODY.code: BODY}, now=NOW,
                           by="試験", wait_s=wait_s)


def errors(outcomes: list[Any]) -> list[str]:
    return [f"{o.error.code} {o.error}" for o in outcomes if o.error]


def sent(p: Package) -> list[dict[str, Any]]:
    """The resources that the catalogue takes."""
    return [r for r in p.descriptor["resources"] if r["format"] in ("csv", "geojson")]


def check_whole(real: Real, made: list[Package]) -> None:
    """Each dataset once, public, every file's bytes equal: looked at without our own comparison."""
    portal = Portal(real.address, Token("", "none"))
    names = portal.read("package_list")
    for p in made:
        assert names.count(p.name) == 1
        held = portal.show(p.name)
        assert held is not None and held["private"] is False
        wanted = {r["path"]: (p.public / r["path"]).read_bytes() for r in sent(p)}
        served = {}
        for r in held["resources"]:
            with portal.download(r["url"].replace(r["url"].split("/dataset/")[0], real.address)) as pieces:
                served[r["source_file"]] = b"".join(pieces)
        assert served == wanted


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


def test_the_datastore_gets_types_and_japanese_labels(real: Real, tmp_path: Path) -> None:
    made = package(tmp_path / "p", "typed")
    to = link(real.address, real.editor, tmp_path)
    outcomes = publish(to, tmp_path, plan(to, [made]), wait_s=300)
    assert outcomes[0].notes == ()
    csv = next(r for r in made.descriptor["resources"] if r["format"] == "csv")
    found = to.portal.read("datastore_search", {"resource_id": csv["id"], "limit": 100})
    assert found["total"] == csv["rows"]
    kinds = {f["id"]: f["type"] for f in found["fields"]}
    for f in csv["schema"]["fields"]:
        assert kinds[f["name"]] == ("numeric" if f["type"] in ("number", "integer") else kinds[f["name"]])
        if f["type"] == "string":
            assert kinds[f["name"]] == "text"
    views = to.portal.read("resource_view_list", {"id": csv["id"]})
    assert [v["view_type"] for v in views] == ["datatables_view"]


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
        assert set(read_ledger(folder / "ledger", BODY.code)["name"].to_list()) == {p.name for p in made}
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
