"""The consumers' own code takes our catalogue: ckanext-dcat's parser, ckanext-harvest's gathering, whole harvests into a CKAN.

Needs ../shared/ckan (root, PostgreSQL, Redis; it installs what is missing) and, the first time, the package registry:
CKAN's own Python environment is kept in KOKAI_HARVEST_FOLDER (default /var/tmp/kokai-harvest).
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from publish.cli import main
from publish.metadata import ckan_time
from publish.site import current_release, read_state
from publish.site.serving import make_server, served_address

ROOT = Path(__file__).parents[2]
SHARED = Path(os.environ.get("KOKAI_SHARED", ROOT.parent / "shared"))
UP = SHARED / "ckan" / "up.sh"
FOLDER = Path(os.environ.get("KOKAI_HARVEST_FOLDER", "/var/tmp/kokai-harvest"))
SIDE = Path(__file__).with_name("ckan_side.py")
PINNED = ["ckan[requirements]==2.12.0", "gunicorn==27.0.1", "ckanapi==4.11", "snowballstemmer==3.1.1",
          "ckanext-dcat==2.4.4", "ckanext-scheming==3.1.0", "ckanext-harvest==1.6.3"]
LATER = ["ckanext-xloader==2.6.0"]  # asks for newer parts than CKAN pins, so it cannot be resolved together with it
pytestmark = [
    pytest.mark.ckan,
    pytest.mark.shared,
    pytest.mark.skipif(not UP.exists(), reason="the shared CKAN is not here (KOKAI_SHARED)"),
]
FORMATS = {"CSV", "GeoJSON", "GeoParquet", "FlatGeobuf"}
STAYS = "352136_aed"
CHANGES = "352136_public_toilet"
GOES = "352136_hospital"


@pytest.fixture(scope="module")
def their_python() -> Path:
    """A Python with CKAN, ckanext-dcat and ckanext-harvest, installed once and kept."""
    venv = FOLDER / "venv"
    python = venv / "bin" / "python"
    wanted = "import ckan, gunicorn, ckanext.dcat, ckanext.scheming, ckanext.xloader, ckanext.harvest"
    if python.exists() and subprocess.run([python, "-c", wanted], capture_output=True).returncode == 0:
        return python
    FOLDER.mkdir(parents=True, exist_ok=True)
    FOLDER.chmod(0o755)  # PostgreSQL's own user has to reach the run folder inside
    quiet: dict[str, Any] = {"capture_output": True, "text": True, "timeout": 900}
    made = subprocess.run([sys.executable, "-m", "venv", "--clear", venv], **quiet)
    for packages in (PINNED, LATER):
        if made.returncode == 0:
            made = subprocess.run([python, "-m", "pip", "install", "-q", *packages], **quiet)
    if made.returncode != 0:
        pytest.skip(f"CKAN could not be installed: {made.stderr[-300:]}")
    return python


def theirs(python: Path, *arguments: str, environ: dict[str, str] | None = None) -> Any:
    """What ckan_side.py answers."""
    done = subprocess.run([python, str(SIDE), *arguments], capture_output=True, text=True, timeout=240,
                          env=os.environ | (environ or {}), cwd=FOLDER)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped samples, built and published into an embedded catalogue."""
    folder = tmp_path_factory.mktemp("workspace")
    shutil.copytree(ROOT / "datasets", folder / "datasets")
    assert main(["run", "--workspace", str(folder), "--quiet"]) == 0
    return folder


def release_of(workspace: Path) -> Path:
    folder = current_release(workspace / "var" / "catalogue")
    assert folder is not None
    return folder


def ours(workspace: Path, address: str = "") -> dict[str, dict[str, Any]]:
    """Our datasets by name, as the feed has them; with `address`, as `kokai serve` gives them out there."""
    text = (release_of(workspace) / "api" / "3" / "action" / "package_search").read_text("utf-8")
    text = text.replace(read_state(release_of(workspace))["base_url"], address) if address else text
    return {d["name"]: d for d in json.loads(text)["result"]["results"]}


def run_in_thread(server: ThreadingHTTPServer) -> Iterator[str]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield served_address(server)
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def served(workspace: Path) -> Iterator[str]:
    """The catalogue as `kokai serve` shows it."""
    yield from run_in_thread(make_server(workspace / "var" / "catalogue", port=0))


@pytest.fixture(scope="module")
def static(workspace: Path) -> Iterator[str]:
    """The release folder on a plain web server that knows nothing of CKAN."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            return

    handler = functools.partial(Quiet, directory=str(release_of(workspace)))
    yield from run_in_thread(ThreadingHTTPServer(("127.0.0.1", 0), handler))


# --- ckanext-dcat's parser ----------------------------------------------------------------------------------------

FORMS = {"ttl": "turtle", "rdf": "xml", "jsonld": "json-ld"}


@pytest.fixture(scope="module", params=sorted(FORMS))
def parsed(request: pytest.FixtureRequest, their_python: Path, workspace: Path) -> list[dict[str, Any]]:
    """What ckanext-dcat reads from catalog.ttl, .rdf and .jsonld."""
    file = release_of(workspace) / f"catalog.{request.param}"
    found: list[dict[str, Any]] = theirs(their_python, "parse", str(file), FORMS[request.param])
    return found


def extras_of(dataset: dict[str, Any]) -> dict[str, str]:
    return {e["key"]: e["value"] for e in dataset["extras"]}


def test_dcat_parser_reads_every_dataset_with_its_address_and_id(
    parsed: list[dict[str, Any]], workspace: Path
) -> None:
    wanted = {(d["id"], d["url"].rstrip("/")) for d in ours(workspace).values()}
    assert {(extras_of(d)["identifier"], extras_of(d)["uri"]) for d in parsed} == wanted and len(wanted) >= 20


def test_dcat_parser_finds_the_licence(parsed: list[dict[str, Any]]) -> None:
    """A plain CKAN knows cc-by by its title; a portal with CC-BY-4.0 in its list matches the address."""
    assert {d["license_id"] for d in parsed} <= {"cc-by", "CC-BY-4.0"}


def test_dcat_parser_shows_short_formats_and_media_types(parsed: list[dict[str, Any]]) -> None:
    resources = [r for d in parsed for r in d["resources"]]
    assert {r["format"] for r in resources} - {"ZIP"} == FORMATS
    assert all(not r["mimetype"].startswith("http") for r in resources)


def test_dcat_parser_keeps_files_ids_sizes_and_hashes(parsed: list[dict[str, Any]], workspace: Path) -> None:
    wanted = {(r["id"], r["url"], r["size"], r["sha256"]) for d in ours(workspace).values() for r in d["resources"]}
    found = {(r["uri"].rpartition("#")[2], r["url"], int(r["size"]), r["hash"]) for d in parsed for r in d["resources"]}
    assert found == wanted


def test_dcat_parser_reads_tags_that_ckan_takes(parsed: list[dict[str, Any]], workspace: Path) -> None:
    known = ours(workspace)
    for d in parsed:
        name = extras_of(d)["uri"].rpartition("/")[2]
        assert {t["name"] for t in d["tags"]} == {t["name"] for t in known[name]["tags"]}


def test_dcat_parser_reads_publisher_contact_time_and_place(parsed: list[dict[str, Any]]) -> None:
    for told in map(extras_of, parsed):
        assert told["publisher_name"] and told["contact_name"] and told["temporal_end"] and told["frequency"]
    assert sum("spatial_bbox" in extras_of(d) for d in parsed) >= 20


@pytest.mark.parametrize(("form", "survives"), [("ttl", False), ("jsonld", False), ("rdf", True)])
def test_a_bom_would_stop_the_parser(
    their_python: Path, workspace: Path, tmp_path: Path, form: str, survives: bool
) -> None:
    """So metadata never have one; CSV files do."""
    data = (release_of(workspace) / f"catalog.{form}").read_bytes()
    assert not data.startswith(b"\xef\xbb\xbf")
    marked = tmp_path / f"catalog.{form}"
    marked.write_bytes(b"\xef\xbb\xbf" + data)
    assert (theirs(their_python, "refused", str(marked), FORMS[form]) == "") is survives


# --- ckanext-harvest's gathering ----------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["served", "static"])
def test_ckan_harvester_gathers_every_dataset_once(
    host: str, their_python: Path, workspace: Path, request: pytest.FixtureRequest
) -> None:
    address = request.getfixturevalue(host)
    assert sorted(theirs(their_python, "search", address, "")) == sorted(ours(workspace))


def test_ckan_harvester_asks_kokai_serve_for_changes_only(their_python: Path, served: str, workspace: Path) -> None:
    later = (datetime.now(UTC) + timedelta(hours=1)).replace(tzinfo=None).isoformat()
    earlier = (datetime.now(UTC) - timedelta(hours=1)).replace(tzinfo=None).isoformat()
    assert theirs(their_python, "search", served, later) == []
    assert len(theirs(their_python, "search", served, earlier)) == len(ours(workspace))


def test_kokai_serve_would_also_satisfy_a_paging_guard(served: str) -> None:
    """ckanext-harvest 1.6.3 means to stop when two pages are equal, and never does; ours differ anyway."""
    pages = [urllib.request.urlopen(f"{served}api/3/action/package_search?rows=100&start={s}&sort=id+asc").read()
             for s in (0, 100)]
    assert pages[0] != pages[1] and json.loads(pages[1])["result"]["results"] == []


# --- whole harvests into a real CKAN ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Portal:
    """A running CKAN and the Python that runs it."""

    address: str
    python: Path
    environ: dict[str, str]

    def harvest(self, address: str, kind: str, source: str) -> dict[str, str]:
        """guid -> added, updated, deleted or not modified; no error on the way."""
        told = theirs(self.python, "harvest", address, kind, source, environ=self.environ)
        assert told["errors"] == []
        status: dict[str, str] = told["status"]
        return status

    def datasets(self, source: str) -> dict[str, dict[str, Any]]:
        url = f"{self.address}/api/3/action/package_search?rows=500&fq=organization:{source}+dataset_type:dataset"
        found = json.load(urllib.request.urlopen(url, timeout=60))["result"]["results"]
        return {d["name"]: d for d in found}


def free_ports(number: int) -> list[str]:
    sockets = [socket.socket() for _ in range(number)]
    for s in sockets:
        s.bind(("127.0.0.1", 0))
    ports = [str(s.getsockname()[1]) for s in sockets]
    for s in sockets:
        s.close()
    return ports


@pytest.fixture(scope="module")
def portal(their_python: Path) -> Iterator[Portal]:
    """An empty CKAN with the harvesters, for these tests only."""
    run = FOLDER / f"run-{os.getpid()}"
    web, solr, postgres, redis = free_ports(4)
    environ = {
        "CKAN_RUN": str(run), "CKAN_VENV": str(their_python.parents[1]), "CKAN_PORT": web, "CKAN_SOLR_PORT": solr,
        "CKAN_PG_PORT": postgres, "CKAN_REDIS_PORT": redis, "CKAN_INI": str(run / "ckan.ini"),
        "CKAN_PLUGINS": "activity dcat structured_data harvest ckan_harvester dcat_rdf_harvester datastore",
    }
    started = subprocess.run([UP], env=os.environ | environ, capture_output=True, text=True, timeout=600)
    try:
        if started.returncode != 0:
            pytest.skip(f"CKAN did not start: {started.stderr[-300:]}")
        yield Portal(f"http://127.0.0.1:{web}", their_python, environ)
    finally:
        subprocess.run([UP.with_name("down.sh")], env=os.environ | environ, capture_output=True, timeout=120)
        shutil.rmtree(run, ignore_errors=True)


def assert_same(there: dict[str, Any], here: dict[str, Any]) -> None:
    """A harvested dataset says what ours says."""
    for key in ("id", "name", "title", "notes", "license_id", "author", "maintainer", "version", "url"):
        assert there[key] == here[key], (here["name"], key)
    assert there["isopen"] is True
    assert {t["name"] for t in there["tags"]} == {t["name"] for t in here["tags"]}
    assert extras_of(here).items() <= extras_of(there).items()
    told = [{k: r.get(k) for k in ("id", "name", "description", "format", "mimetype", "size", "sha256")}
            for r in there["resources"]]
    assert told == [{k: r[k] for k in told[0]} for r in here["resources"]] if told else here["resources"] == []


def assert_files(datasets: dict[str, dict[str, Any]]) -> int:
    """Every file that the harvested datasets name is there, with its hash; gives how many."""
    number = 0
    for r in (r for d in datasets.values() for r in d["resources"]):
        data = urllib.request.urlopen(r["url"], timeout=20).read()
        assert hashlib.sha256(data).hexdigest() == r.get("sha256", r.get("hash"))
        number += 1
    return number


def test_a_real_ckan_harvests_changes_and_withdrawals(workspace: Path, served: str, portal: Portal) -> None:
    first = portal.harvest(served, "ckan", "kokai")
    here = ours(workspace, served)
    assert sorted(first) == sorted(d["id"] for d in here.values()) and set(first.values()) == {"added"}
    there = portal.datasets("kokai")
    assert sorted(there) == sorted(here)
    for name, dataset in here.items():
        assert_same(there[name], dataset)
    assert assert_files(there) >= 60

    assert set(portal.harvest(served, "ckan", "kokai").values()) <= {"not modified"}

    declared = workspace / "datasets" / "352136_mine" / "toilet.yml"
    declared.write_text(declared.read_text("utf-8").replace("as_of: 2026-04-01", "as_of: 2026-10-01"), "utf-8")
    assert main(["run", CHANGES, "--workspace", str(workspace), "--quiet"]) == 0
    moved = portal.harvest(served, "ckan", "kokai")
    assert {i for i, s in moved.items() if s == "updated"} == {here[CHANGES]["id"]}
    changed = portal.datasets("kokai")[CHANGES]
    assert extras_of(changed)["as_of"] == "2026-10-01"
    assert_same(changed, ours(workspace, served)[CHANGES])

    signed = ["--by", "試験", "--reason", "統合のため", "--workspace", str(workspace)]
    assert main(["withdraw", GOES, *signed]) == 0
    gone = portal.harvest(served, "ckan", "kokai")
    assert {i for i, s in gone.items() if s == "updated"} == {here[GOES]["id"]}
    stone = portal.datasets("kokai")[GOES]
    assert stone["title"].startswith("【取下げ】") and stone["resources"] == []
    assert "取下げ" in {t["name"] for t in stone["tags"]}
    assert_same(stone, ours(workspace, served)[GOES])
    assert ckan_time(datetime.now(UTC)) > stone["metadata_modified"]


def test_a_real_ckan_harvests_the_dcat_file(workspace: Path, served: str, portal: Portal) -> None:
    """Names come from the titles there: without our suffix 12 of 14 Japanese titles become `__`, `__1`, …"""
    known = {n: d for n, d in ours(workspace).items() if d["resources"]}
    first = portal.harvest(served + "catalog.ttl", "dcat_rdf", "dcat")
    assert len(first) == len(known) and set(first.values()) == {"added"}
    there = portal.datasets("dcat")
    by_name = {extras_of(d)["uri"].rpartition("/")[2]: d for d in there.values()}
    assert sorted(by_name) == sorted(known)
    for name, dataset in by_name.items():
        assert name in dataset["name"], "the address of the page tells which dataset it is"
        assert dataset["license_id"] and dataset["isopen"]
        shown = {"ZIP" if r["format"] == "GTFS" else r["format"] for r in known[name]["resources"]}  # by its media type
        assert {r["format"] for r in dataset["resources"]} == shown
    assert assert_files(there) >= 60
    signed = ["--by", "試験", "--reason", "統合のため", "--workspace", str(workspace)]
    assert main(["withdraw", STAYS, *signed]) == 0
    gone = portal.harvest(served + "catalog.ttl", "dcat_rdf", "dcat")
    assert [g.rpartition("/")[2] for g, s in gone.items() if s == "deleted"] == [STAYS]
    assert len(portal.datasets("dcat")) == len(known) - 1
