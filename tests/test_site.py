"""Releases of the embedded catalogue: nothing half done, nothing lost, nothing changed without a reason."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from pipelines.errors import CatalogueError
from pipelines.model import Municipality, Package
from pipelines.package import ResourceData
from publish.site import Release, current_release, publish_release, read_state, released_files
from tests.fake_packages import make_body, make_dataset, make_package, make_standard, make_table

JST = timezone(timedelta(hours=9))
DAY_1 = datetime(2026, 11, 21, 9, 0, tzinfo=JST)
DAY_2, DAY_3 = DAY_1 + timedelta(days=1), DAY_1 + timedelta(days=2)
BASE = "https://data.example.lg.jp/"
BODY = make_body()
BODIES = {BODY.code: BODY}


def toilet(folder: Path, **more: Any) -> Package:
    dataset = make_dataset(BODY, id="toilet", kind="toilet", title="公衆トイレ一覧", **more)
    return make_package(folder, dataset, make_standard("toilet", "公衆トイレ一覧", "public_toilet"))


def aed(folder: Path, **more: Any) -> Package:
    return make_package(folder, make_dataset(BODY, **more))


def publish(root: Path, packages: list[Package], now: datetime = DAY_1, **more: Any) -> Release:
    bodies: dict[str, Municipality] = more.pop("bodies", BODIES)
    return publish_release(root, packages, bodies, now=now, **({"base_url": BASE} | more))


def tree(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def shown(root: Path) -> dict[str, bytes]:
    """What a reader sees now."""
    folder = current_release(root)
    assert folder is not None
    return tree(folder)


def search(root: Path) -> list[dict[str, Any]]:
    text = (root / "current" / "api" / "3" / "action" / "package_search").read_text("utf-8")
    found = json.loads(text)
    assert found["success"] is True and found["result"]["count"] == len(found["result"]["results"])
    results: list[dict[str, Any]] = found["result"]["results"]
    return results


def test_a_first_release_has_every_page_feed_and_file(tmp_path: Path) -> None:
    root = tmp_path / "cat"
    release = publish(root, [aed(tmp_path), toilet(tmp_path)])
    assert release.number == 1 and release.changes == {"352136_aed": "created", "352136_public_toilet": "created"}
    assert release.index == root / "current" / "index.html" and release.index.exists()
    there = set(shown(root))
    assert there >= {
        "index.html", "style.css", "search.js", "sitemap.xml", "robots.txt", "catalog.ttl", "catalog.jsonld",
        "catalog.rdf", "datapackage.json", "open_data_list.csv", "open_data_list_recommended.csv",
        "api/3/action/package_search", "api/3/action/package_list", "api/3/action/package_show/352136_aed",
        "datasets/352136_aed/index.html", "datasets/352136_aed/352136_aed.csv", "datasets/352136_aed/352136_aed.fgb",
        "datasets/352136_aed/datapackage.json", "datasets/352136_aed/SHA256SUMS",
    }
    assert not [name for name in there if "record" in name or "manifest" in name or "findings" in name]


def test_nothing_changed_keeps_the_release(tmp_path: Path) -> None:
    root = tmp_path / "cat"
    publish(root, [aed(tmp_path), toilet(tmp_path)])
    before = shown(root)
    release = publish(root, [aed(tmp_path), toilet(tmp_path)], DAY_2)
    assert release.number == 1 and set(release.changes.values()) == {"kept"}
    assert shown(root) == before
    assert [p.name for p in (root / "releases").iterdir()] == ["1"]


def test_nothing_changed_is_known_without_making_the_release_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """2,000 unchanged datasets are compared, not written anew."""
    root = tmp_path / "cat"
    publish(root, [aed(tmp_path), toilet(tmp_path)])
    monkeypatch.setattr("publish.site.publish._stage", lambda *_, **__: pytest.fail("made again"))
    assert publish(root, [aed(tmp_path)], DAY_2).number == 1


def test_a_page_touched_by_hand_is_made_again(tmp_path: Path) -> None:
    root = tmp_path / "cat"
    publish(root, [aed(tmp_path)])
    before = shown(root)
    (root / "current" / "index.html").write_text("changed")
    assert publish(root, [aed(tmp_path)], DAY_2).number == 2 and shown(root)["index.html"] == before["index.html"]


@pytest.mark.parametrize("change", ["tel", "area"])
def test_what_only_the_pages_show_makes_a_release_too(tmp_path: Path, change: str) -> None:
    """A telephone number and the outline stand in no CKAN field."""
    root = tmp_path / "cat"
    body = replace(BODY, folder=tmp_path)
    publish(root, [aed(tmp_path)], bodies={BODY.code: body})
    if change == "tel":
        body = replace(body, contact=replace(body.contact, tel="(0837)52-9999"))
    else:
        ring = [[131.0, 34.0], [131.5, 34.0], [131.5, 34.5], [131.0, 34.0]]
        (tmp_path / "area.geojson").write_text(json.dumps({"type": "Polygon", "coordinates": [ring]}))
    release = publish(root, [aed(tmp_path)], DAY_2, bodies={BODY.code: body})
    assert release.number == 2 and release.changes == {"352136_aed": "kept"}


def test_metadata_modified_changes_only_for_the_dataset_that_changed(tmp_path: Path) -> None:
    root = tmp_path / "cat"
    publish(root, [aed(tmp_path), toilet(tmp_path)])
    release = publish(root, [aed(tmp_path, as_of="2026-04-01"), toilet(tmp_path)], DAY_2)
    assert release.number == 2
    assert release.changes == {"352136_aed": "updated", "352136_public_toilet": "kept"}
    moved = {d["name"]: (d["metadata_created"][:10], d["metadata_modified"][:10]) for d in search(root)}
    assert moved == {"352136_aed": ("2026-11-21", "2026-11-22"), "352136_public_toilet": ("2026-11-21", "2026-11-21")}


def test_a_changed_contact_reaches_harvesters_too(tmp_path: Path) -> None:
    root = tmp_path / "cat"
    publish(root, [aed(tmp_path)])
    other = replace(BODY, contact=replace(BODY.contact, email="other@city.example.lg.jp"))
    release = publish(root, [aed(tmp_path)], DAY_2, bodies={BODY.code: other})
    assert release.changes == {"352136_aed": "updated"}
    assert search(root)[0]["metadata_modified"].startswith("2026-11-22")


def test_a_dataset_that_is_held_back_or_not_built_stays_public_as_it_was(tmp_path: Path) -> None:
    root = tmp_path / "cat"
    publish(root, [aed(tmp_path), toilet(tmp_path)])
    before = (root / "current" / "datasets" / "352136_aed" / "352136_aed.csv").read_bytes()
    held = make_package(tmp_path / "held", make_dataset(BODY, as_of="2026-04-01"), status="held")
    for packages in ([toilet(tmp_path)], [held, toilet(tmp_path)]):
        release = publish(root, packages, DAY_2)
        assert release.number == 1
        assert release.changes == {"352136_aed": "carried", "352136_public_toilet": "kept"}
        assert (root / "current" / "datasets" / "352136_aed" / "352136_aed.csv").read_bytes() == before


def test_carried_over_datasets_go_along_into_a_new_release(tmp_path: Path) -> None:
    root = tmp_path / "cat"
    publish(root, [aed(tmp_path), toilet(tmp_path)])
    release = publish(root, [toilet(tmp_path, as_of="2026-04-01")], DAY_2)
    assert release.number == 2 and release.changes["352136_aed"] == "carried"
    assert len(search(root)) == 2 and b"352136_aed" in shown(root)["catalog.ttl"]


def test_an_address_declared_after_the_first_release_is_taken(tmp_path: Path) -> None:
    """The first release is made for loopback; `base_url` comes when the place of publication is known."""
    packages = [aed(tmp_path / "p")]
    publish_release(tmp_path / "cat", packages, {BODY.code: BODY}, now=DAY_1)
    body = replace(BODY, base_url="https://data.city.example.lg.jp/od")
    release = publish_release(tmp_path / "cat", packages, {BODY.code: body}, now=DAY_2)
    assert release.changes == {"352136_aed": "updated"} and read_state(release.folder)["base_url"] == body.base_url + "/"
    made = [p.read_bytes() for p in release.folder.rglob("*") if p.suffix in ("", ".html", ".ttl", ".xml", ".jsonld", ".rdf")
            and p.is_file()]
    assert not [text for text in made if b"127.0.0.1" in text]


def test_a_held_package_is_never_published(tmp_path: Path) -> None:
    held = make_package(tmp_path, make_dataset(BODY), status="held")
    release = publish(tmp_path / "cat", [held])
    assert release.number == 0 and release.changes == {} and not (tmp_path / "cat" / "releases").exists()


def test_no_packages_at_all_never_empties_the_catalogue(tmp_path: Path) -> None:
    """A harvester deletes what is missing from a feed; a valid but empty feed would delete everything."""
    root = tmp_path / "cat"
    publish(root, [aed(tmp_path)])
    before = shown(root)
    assert publish(root, [], DAY_2).changes == {"352136_aed": "carried"}
    assert shown(root) == before


def test_a_withdrawal_by_name_leaves_a_tombstone_and_no_file(tmp_path: Path) -> None:
    root = tmp_path / "cat"
    publish(root, [aed(tmp_path), toilet(tmp_path)])
    release = publish(root, [], DAY_2, withdraw=["352136_aed"], base_url="")
    assert release.changes == {"352136_aed": "withdrawn", "352136_public_toilet": "carried"}
    stone = next(d for d in search(root) if d["name"] == "352136_aed")
    assert stone["resources"] == [] and stone["title"].startswith("【取下げ】")
    assert stone["metadata_modified"].startswith("2026-11-22")
    files = shown(root)
    assert [n for n in files if n.startswith("datasets/352136_aed/")] == ["datasets/352136_aed/index.html"]
    assert "取り下げられました" in files["datasets/352136_aed/index.html"].decode()
    assert b"352136_aed" not in files["catalog.ttl"] and b"352136_aed" not in files["index.html"]
    assert released_files(root, "352136_aed") is None
    later = publish(root, [toilet(tmp_path)], DAY_3)
    assert later.number == 2 and later.changes == {"352136_public_toilet": "kept"}, "the tombstone stays as it is"


def test_a_withdrawn_dataset_can_be_published_again(tmp_path: Path) -> None:
    root = tmp_path / "cat"
    publish(root, [aed(tmp_path), toilet(tmp_path)])
    publish(root, [], DAY_2, withdraw=["352136_aed"])
    assert publish(root, [aed(tmp_path)], DAY_3).changes["352136_aed"] == "created"
    assert search(root)[0]["resources"] or search(root)[1]["resources"]


@pytest.mark.parametrize("name", ["352136_aed ", "352136_wifi"])
def test_only_what_is_public_can_be_withdrawn(tmp_path: Path, name: str) -> None:
    root = tmp_path / "cat"
    publish(root, [aed(tmp_path)])
    with pytest.raises(CatalogueError, match="withdraw-unknown"):
        publish(root, [], DAY_2, withdraw=[name])


def test_losing_a_dataset_without_a_named_withdrawal_is_refused(tmp_path: Path) -> None:
    root = tmp_path / "cat"
    publish(root, [aed(tmp_path), toilet(tmp_path)])
    shutil.rmtree(root / "current" / "datasets" / "352136_aed")
    with pytest.raises(CatalogueError, match="release-damaged"):
        publish(root, [toilet(tmp_path, as_of="2026-04-01")], DAY_2)
    assert read_state(root / "current")["number"] == 1


def test_a_released_file_changed_by_hand_is_not_carried_over(tmp_path: Path) -> None:
    root = tmp_path / "cat"
    publish(root, [aed(tmp_path), toilet(tmp_path)])
    (root / "current" / "datasets" / "352136_aed" / "352136_aed.csv").write_text("changed")
    with pytest.raises(CatalogueError, match="files-damaged"):
        publish(root, [toilet(tmp_path, as_of="2026-04-01")], DAY_2)


def test_a_package_changed_after_its_build_is_refused(tmp_path: Path) -> None:
    package = aed(tmp_path)
    (package.public / "352136_aed.csv").write_text("changed")
    with pytest.raises(CatalogueError, match="files-damaged"):
        publish(tmp_path / "cat", [package])


def test_a_file_beside_the_listed_ones_does_not_leave(tmp_path: Path) -> None:
    package = aed(tmp_path)
    (package.public / "職員メモ.txt").write_text("internal")
    publish(tmp_path / "cat", [package])
    assert not [n for n in shown(tmp_path / "cat") if "メモ" in n]


def test_a_pointer_that_leads_nowhere_stops_the_run(tmp_path: Path) -> None:
    root = tmp_path / "cat"
    publish(root, [aed(tmp_path)])
    shutil.rmtree(root / "releases" / "1")
    with pytest.raises(CatalogueError, match="release-missing"):
        publish(root, [aed(tmp_path)], DAY_2)


def test_only_the_newest_releases_are_kept(tmp_path: Path) -> None:
    root = tmp_path / "cat"
    for n in range(1, 6):
        publish(root, [aed(tmp_path, as_of=f"2026-0{n}-01")], DAY_1 + timedelta(days=n), keep=2)
    assert sorted(p.name for p in (root / "releases").iterdir()) == ["4", "5"]


def test_where_links_are_impossible_a_text_file_points_to_the_release(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(*_: Any, **__: Any) -> None:
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "symlink_to", no_links)
    root = tmp_path / "cat"
    publish(root, [aed(tmp_path)])
    release = publish(root, [aed(tmp_path, as_of="2026-04-01")], DAY_2)
    assert (root / "current").read_text() == "releases/2\n" and current_release(root) == root / "releases" / "2"
    assert release.index == root / "releases" / "2" / "index.html"
    assert released_files(root, "352136_aed") == root / "releases" / "2" / "datasets" / "352136_aed"


def test_two_runs_at_the_same_time_do_not_mix(tmp_path: Path) -> None:
    fcntl = pytest.importorskip("fcntl")
    root = tmp_path / "cat"
    root.mkdir()
    with (root / ".lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        with pytest.raises(CatalogueError, match="catalogue-locked"):
            publish(root, [aed(tmp_path)])
    assert publish(root, [aed(tmp_path)]).number == 1


class Cut(RuntimeError):
    """The run ends here, as if the machine had been switched off."""


STEPS: list[tuple[str, Any, str]] = [
    ("file copied", shutil, "copyfile"),
    ("file shared", os, "link"),
    ("bytes written", Path, "write_bytes"),
    ("folder made", Path, "mkdir"),
    ("flushed", os, "fsync"),
    ("release named", Path, "rename"),
    ("link made", Path, "symlink_to"),
    ("pointer switched", os, "replace"),
    ("old release pruned", shutil, "rmtree"),
]


def cut_at(monkeypatch: pytest.MonkeyPatch, where: Any, name: str, nth: int, *, after: bool) -> Callable[[], bool]:
    """Let the nth call of a function end the run, before or after it did its work; tells whether it came so far."""
    real = getattr(where, name)
    calls = {"n": 0}

    def cutting(*args: Any, **kwargs: Any) -> Any:
        calls["n"] += 1
        if calls["n"] == nth:
            if after:
                real(*args, **kwargs)
            raise Cut(name)
        return real(*args, **kwargs)

    monkeypatch.setattr(where, name, cutting)
    return lambda: calls["n"] >= nth


@pytest.fixture(scope="module")
def two_states(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, list[Package]]]:
    """A catalogue with one release, and packages that make the next one."""
    folder = tmp_path_factory.mktemp("crash")
    one = [ResourceData(None, make_table([]), "2025-04-01")]  # CSV only: fewer files, more steps a second

    def made(name: str, as_of: str) -> list[Package]:
        small = make_package(folder / name, make_dataset(BODY, as_of=as_of), resources=one)
        kept = make_package(folder / name, make_dataset(BODY, id="w", kind="w"), make_standard("w", "w", "w"), one)
        return [small, kept]

    publish(folder / "cat", made("old", "2025-04-01"))
    yield folder / "cat", made("new", "2026-04-01")


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(("step", "where", "name"), STEPS, ids=[s[0] for s in STEPS])
def test_a_crash_at_any_step_shows_the_old_or_the_new_release_whole(
    tmp_path: Path, two_states: tuple[Path, list[Package]], monkeypatch: pytest.MonkeyPatch,
    step: str, where: Any, name: str, after: bool,
) -> None:
    start, packages = two_states
    goal = tmp_path / "goal"
    shutil.copytree(start, goal, symlinks=True)
    publish(goal, packages, DAY_2, keep=1)
    old, new = shown(start), shown(goal)
    for nth in (1, 5):
        root = tmp_path / f"{nth}"
        shutil.copytree(start, root, symlinks=True)
        with monkeypatch.context() as patch:
            reached = cut_at(patch, where, name, nth, after=after)
            try:
                publish(root, packages, DAY_2, keep=1)
            except Cut:
                assert shown(root) in (old, new), (step, nth)
            else:
                assert not reached()
        again = publish(root, packages, DAY_2, keep=1)
        assert shown(root) == new, "the next run ends where a whole one would have"
        assert again.number == 2
        assert sorted(p.name for p in (root / "releases").iterdir()) in (["2"], ["1", "2"])
