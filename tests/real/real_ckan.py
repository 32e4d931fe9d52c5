"""A real CKAN for the tests: started, with an editor; packages for it, and what it serves looked at without our comparison."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
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
from publish.push import Connection, plan_packages, publish_changes
from publish.push.planning import Planned
from publish.run import Place
from tests.fake_packages import make_body, make_dataset, make_package, make_standard, make_table

ROOT = Path(__file__).parents[2]
SHARED = Path(os.environ.get("KOKAI_SHARED", ROOT.parent / "shared"))
UP = SHARED / "ckan" / "up.sh"
PORTS = {name: os.environ.get(name, usual) for name, usual in (
    ("CKAN_PORT", "5110"), ("CKAN_SOLR_PORT", "8994"), ("CKAN_PG_PORT", "5534"), ("CKAN_REDIS_PORT", "6481"))}
NOW = datetime(2026, 4, 1, 9, 0, tzinfo=timezone(timedelta(hours=9)))
MARKS = [
    pytest.mark.ckan, pytest.mark.shared,
    pytest.mark.skipif(not UP.exists(), reason=f"no real CKAN to start: {UP} is missing"),
]


@dataclass(frozen=True)
class Real:
    """A running CKAN: its address, a sysadmin's and an editor's token, its folder."""

    address: str
    admin: str
    editor: str
    folder: Path = Path()


@contextmanager
def running_ckan() -> Iterator[Real]:
    """A fresh one on loopback, taken down in the end. Environment: CKAN_VERSION, CKAN_VENV, the ports."""
    run = Path(tempfile.mkdtemp(prefix="kokai-ckan-", dir="/var/tmp"))
    run.chmod(0o755)  # PostgreSQL runs as another user and must reach its folder
    environ = {**os.environ, **PORTS, "CKAN_RUN": str(run / "run"), "FRESH": "1"}
    made = subprocess.run([str(UP)], env=environ, capture_output=True, text=True, timeout=600, check=False)
    try:
        assert made.returncode == 0, made.stdout + made.stderr
        admin = (run / "run" / "token").read_text().strip()
        address = f"http://127.0.0.1:{PORTS['CKAN_PORT']}"
        yield Real(address, admin, make_editor(address, admin), run / "run")
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


def run_kokai(real: Real, workspace: Path, *words: str) -> str:
    """One command in its own process, with a sysadmin's token in the environment; it must end with 0."""
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "KOKAI_CKAN_URL": real.address, "KOKAI_CKAN_TOKEN": real.admin,
               "KOKAI_DEBUG": "1"}
    done = subprocess.run([sys.executable, "-m", "publish.cli", *words, "--workspace", str(workspace)], env=environ,
                          capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def served_bytes(real: Real, name: str) -> dict[str, bytes]:
    portal = Portal(real.address, Token("", "none"))
    held = portal.show(name)
    assert held is not None and held["private"] is False
    served = {}
    for r in held["resources"]:
        with portal.download(f"{real.address}/dataset/{held['id']}/resource/{r['id']}/download/{r['source_file']}") as pieces:
            served[r["source_file"]] = b"".join(pieces)
    return served
