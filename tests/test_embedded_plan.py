"""The embedded catalogue planned and verified as a CKAN is: rows, reasons, a stale plan, files changed by hand, what is served."""

from __future__ import annotations

import hashlib
import http.server
import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pipelines.declare import Catalogue
from pipelines.errors import CatalogueError
from pipelines.model import Package
from pipelines.package import ResourceData
from publish.cli import main
from publish.plan import Plan
from publish.push import release_check
from publish.push.embedded import plan_embedded, refuse_moved_release
from publish.push.release_check import verify_release
from publish.report.approval import sheet_facts
from publish.site import publish_release
from tests.fake_packages import AED_ROWS, make_body, make_dataset, make_package, make_table

NOW = datetime(2026, 11, 21, tzinfo=UTC)
BODY = make_body()
BODIES = {BODY.code: BODY}
CATALOGUE = Catalogue("embedded", "embedded", "埋め込みカタログ")
ROOT = Path(__file__).parents[1]


def aed(folder: Path, rows: list[list[str | None]] | None = None, **more: Any) -> Package:
    return make_package(folder, make_dataset(BODY, **more), resources=[ResourceData(None, make_table(rows), "2025-04-01")])


def plan(root: Path, packages: list[Package], **more: Any) -> Plan:
    return plan_embedded(root, CATALOGUE, packages, BODIES, now=NOW, by="試験", **more).plan


def test_what_a_release_would_change_is_planned_row_by_row(tmp_path: Path) -> None:
    root, first = tmp_path / "cat", aed(tmp_path / "one")
    assert [(c.action, c.reason) for c in plan(root, [first]).changes] == [("create", "absent")]
    publish_release(root, [first], BODIES, now=NOW)
    assert [c.action for c in plan(root, [first]).changes] == ["keep"]
    rows = [list(r) for r in AED_ROWS]
    rows[0][4] = "34.167700"
    second = aed(tmp_path / "two", [*rows[:2], ["352136", "0009", "新しい公園", "山口県美祢市", *[None] * 4]])
    made = plan(root, [second])
    change = made.changes[0]
    csv = next(f for f in change.files if f.path.endswith(".csv"))
    assert (change.action, change.reason, csv.action) == ("update", "files-differ", "upload")
    assert [csv.rows[k] for k in ("added", "changed", "removed", "moved")] == [1, 1, 1, 1]
    assert made.portal["release"] == 1 and {f.path.rsplit(".", 1)[1] for f in change.files} >= {"csv", "geojson", "parquet", "fgb"}


def test_a_field_that_changes_is_named_and_a_held_package_is_no_stranger(tmp_path: Path) -> None:
    root = tmp_path / "cat"
    publish_release(root, [aed(tmp_path / "one")], BODIES, now=NOW)
    change = plan(root, [aed(tmp_path / "two", section="新しい課")]).changes[0]
    assert "author" in {f.field for f in change.fields}
    held = replace(aed(tmp_path / "three"), manifest={"status": "held"})
    assert plan(root, [held]).unknown == () and plan(root, []).unknown == ("352136_aed",)


def test_the_sheets_map_shows_the_points_that_are_public_now(tmp_path: Path) -> None:
    root, first = tmp_path / "cat", aed(tmp_path / "one")
    release = publish_release(root, [first], BODIES, now=NOW).folder / "datasets" / "352136_aed"
    before = Package(release, json.loads((release / "datapackage.json").read_text(encoding="utf-8")), {})
    second = aed(tmp_path / "two", [list(r) for r in AED_ROWS][:1])
    facts = sheet_facts(plan(root, [second]), {second.name: second}, title="試験", before={second.name: before})
    assert (len(facts["maps"][0]["before"]), len(facts["maps"][0]["after"])) == (2, 1)


def test_a_plan_against_an_older_release_is_refused(tmp_path: Path) -> None:
    root = tmp_path / "cat"
    made = plan(root, [aed(tmp_path / "one")])
    refuse_moved_release(root, made)
    publish_release(root, [aed(tmp_path / "one")], BODIES, now=NOW)
    with pytest.raises(CatalogueError) as stop:
        refuse_moved_release(root, made)
    assert stop.value.code == "plan-stale"


def sha(package: Package) -> str:
    return hashlib.sha256((package.public / "datapackage.json").read_bytes()).hexdigest()


@pytest.fixture
def release(tmp_path: Path) -> Path:
    return publish_release(tmp_path / "cat", [aed(tmp_path / "one")], BODIES, now=NOW).folder


@pytest.mark.parametrize(("how", "code"), [
    ("", ""), ("file", "file-differs"), ("page", "page-differs"), ("ledger", "edition-differs"),
    ("withdrawn", "withdrawn-public"), ("gone", "dataset-gone"),
])
def test_each_difference_of_a_release_is_found(release: Path, tmp_path: Path, how: str, code: str) -> None:
    last = {"352136_aed": ("published", sha(aed(tmp_path / "one")))}
    if how in ("file", "page"):
        path = release / ("datasets/352136_aed/352136_aed.csv" if how == "file" else "index.html")
        path.write_bytes(path.read_bytes() + b"x")
    last |= {"ledger": {"352136_aed": ("published", "0" * 64)}, "withdrawn": {"352136_aed": ("withdrawn", "")},
             "gone": {"352136_toilet": ("published", "0" * 64)}}.get(how, {})
    assert [d.code for d in verify_release(release, last).drifts] == ([code] if code else [])


@contextmanager
def web(folder: Path) -> Iterator[str]:
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args: Any) -> None:
            return

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(("how", "codes"), [
    ("whole", []), ("old file", ["served-differs"]), ("not there", ["served-unreachable"]), ("no file", ["served-unreachable"]),
])
def test_what_is_served_is_fetched_and_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str, codes: list[str]
) -> None:
    """The folder was copied to the city's web server, whole or not."""
    monkeypatch.setattr(release_check, "is_loopback", lambda address: False)
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    (tmp_path / "www").mkdir()
    with web(tmp_path / "www") as address:
        folder = publish_release(tmp_path / "cat", [aed(tmp_path / "one")], BODIES, now=NOW, base_url=address).folder
        if how != "not there":
            shutil.copytree(folder, tmp_path / "www", dirs_exist_ok=True)
        served = tmp_path / "www" / "datasets" / "352136_aed" / "352136_aed.csv"
        if how == "old file":
            served.write_bytes(b"old")
        if how == "no file":
            served.unlink()
        last = {"352136_aed": ("published", sha(aed(tmp_path / "one")))}
        assert [d.code for d in verify_release(folder, last).drifts] == codes


def test_plan_publish_verify_of_the_embedded_catalogue_on_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    body = tmp_path / "ws" / "datasets" / "352136_mine"
    shutil.copytree(ROOT / "datasets" / "352136_mine", body)
    shutil.copy(ROOT / "datasets" / "catalogues.yml", body.parent)
    place = ["--workspace", str(tmp_path / "ws")]
    assert main(["build", "toilet", "--quiet", *place]) == 0
    words = ["plan", "--catalogue", "embedded", *place]
    assert main([*words, "-o", str(tmp_path / "plan.json"), "--sheet", str(tmp_path / "sheet.pdf"), "--exit-code"]) == 3
    assert main(["publish", str(tmp_path / "plan.json"), *place]) == 0
    assert main([*words, "--exit-code"]) == 0 and main(["verify", "--catalogue", "embedded", *place]) == 0
    assert main(["publish", str(tmp_path / "plan.json"), *place]) == 2
    assert "plan-stale" in capsys.readouterr().err
    (tmp_path / "ws" / "var" / "catalogue" / "current" / "sitemap.xml").write_text("x")
    assert main(["verify", "--catalogue", "embedded", *place]) == 1
    assert (tmp_path / "sheet.pdf").read_bytes().startswith(b"%PDF")


def test_a_second_publication_of_the_same_day_keeps_its_plan(tmp_path: Path) -> None:
    root, package = tmp_path / "cat", aed(tmp_path / "one")
    publish_release(root, [package], BODIES, now=NOW)
    publish_release(root, [package], BODIES, now=NOW + timedelta(hours=1))
    assert not plan(root, [package]).active
