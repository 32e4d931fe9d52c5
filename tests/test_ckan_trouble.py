"""Publishing on a bad day: foreign pages, two machines at once, full disks, clocks that jump, groups that are not ours."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipelines.errors import CatalogueError
from publish.ckan.doctor import examine
from publish.ledger import ledger_path, read_ledger, verify_ledger
from publish.push import Connection, plan_packages, publish_changes
from publish.push.planning import Planned
from publish.run import Place
from tests.fake_ckan import EDITOR, FakeCkan, fake_ckan
from tests.fake_packages import AED_ROWS
from tests.fault_proxy import fault_proxy
from tests.test_ckan import BODY, NOW, check_whole, connection, errors, packages, plan, publish


@pytest.fixture
def ckan() -> Iterator[tuple[FakeCkan, str]]:
    with fake_ckan() as made:
        yield made


@pytest.mark.parametrize("status", ["401", "403"])
def test_a_web_server_in_front_that_denies_is_told_as_a_denial(ckan: tuple[FakeCkan, str], tmp_path: Path, status: str) -> None:
    with fault_proxy(ckan[1]) as (faults, proxy):
        faults.choose = lambda r: status
        with pytest.raises(CatalogueError) as stop:
            plan(connection(proxy, tmp_path), packages(tmp_path / "p"))
        assert (stop.value.code, faults.count) == ("portal-denied", 1)


def test_a_page_of_html_with_status_200_is_no_success(ckan: tuple[FakeCkan, str], tmp_path: Path) -> None:
    """A maintenance page in place of the answer to a write: nothing is taken for done."""
    state, address = ckan
    with fault_proxy(address) as (faults, proxy):
        faults.choose = lambda r: "200" if r.action == "package_revise" else ""
        link = connection(proxy, tmp_path)
        assert errors(publish(link, tmp_path, plan(link, packages(tmp_path / "p")))) == ["portal-answer"] * 2
    assert all(d["private"] for d in state.datasets.values())
    assert read_ledger(tmp_path / "ledger", BODY.code).is_empty()


def test_a_login_page_in_the_middle_of_a_run_stops_that_run_and_the_next_ends_it(
    ckan: tuple[FakeCkan, str], tmp_path: Path
) -> None:
    state, address = ckan
    made = packages(tmp_path / "p")
    with fault_proxy(address) as (faults, proxy):
        faults.choose = lambda r: "login" if r.number > 8 else ""
        link = connection(proxy, tmp_path)
        assert set(errors(publish(link, tmp_path, plan(link, made)))) == {"portal-login"}
    link = connection(address, tmp_path)
    assert errors(publish(link, tmp_path, plan(link, made))) == []
    check_whole(state, made)
    assert len(state.datasets) == 2


def test_two_machines_at_once_make_each_dataset_once(ckan: tuple[FakeCkan, str], tmp_path: Path) -> None:
    """Each has a lock of its own; the portal's is the optimistic one. Who comes second finds it done, or a stale plan."""
    state, address = ckan
    made = packages(tmp_path / "p")
    state.organizations[BODY.organization_id] = {"id": "o1", "name": BODY.organization_id, "title": BODY.name}
    links = [connection(address, tmp_path / f"pc{n}") for n in range(4)]
    plans = [plan(link, made) for link in links]
    with ThreadPoolExecutor(4) as pool:
        runs = list(pool.map(lambda n: errors(publish(links[n], tmp_path / f"pc{n}", plans[n])), range(4)))
    assert {e for run in runs for e in run} <= {"plan-stale"}
    for n in range(4):
        link = connection(address, tmp_path / f"pc{n}")
        assert errors(publish(link, tmp_path / f"pc{n}", plan(link, made))) == []
    assert sorted(d["name"] for d in state.datasets.values()) == ["352136_aed", "352136_public_toilet"]
    check_whole(state, made)


def test_a_full_disk_at_each_write_is_named_and_the_next_run_ends_it(
    ckan: tuple[FakeCkan, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every flush to disk in turn (journal, ledger, its head) says that no space is left."""
    state, address = ckan
    made = packages(tmp_path / "p")[:1]
    flush = os.fsync
    for strike in range(1, 40):
        state.datasets.clear()
        state.files.clear()
        folder, flushed = tmp_path / str(strike), 0

        def full(descriptor: int, n: int = strike) -> None:
            nonlocal flushed
            flushed += 1
            if flushed == n:
                raise OSError(errno.ENOSPC, "No space left on device")
            flush(descriptor)

        link = connection(address, folder)
        planned = plan(link, made)
        monkeypatch.setattr(os, "fsync", full)
        try:
            said = errors(publish(link, folder, planned))
        except CatalogueError as stop:
            said = [stop.code]
        monkeypatch.setattr(os, "fsync", flush)
        assert said == (["disk-write"] if flushed >= strike else []), strike
        again = connection(address, folder)
        assert errors(publish(again, folder, plan(again, made))) == []
        assert [d["name"] for d in state.datasets.values()] == ["352136_aed"]
        check_whole(state, made)
        entries = read_ledger(folder / "ledger", BODY.code)
        assert entries["name"].to_list() == ["352136_aed"], strike
        assert verify_ledger(ledger_path(folder / "ledger", BODY.code)) is None
        if flushed < strike:
            return
    raise AssertionError("never ended")


def test_no_room_for_the_kept_edition_is_named(
    ckan: tuple[FakeCkan, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: Any, **more: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    link = connection(ckan[1], tmp_path)
    planned = plan(link, packages(tmp_path / "p"))
    monkeypatch.setattr("shutil.copytree", full)
    with pytest.raises(CatalogueError) as stop:
        publish(link, tmp_path, planned)
    assert stop.value.code == "disk-write" and "No space left" in stop.value.ja


@pytest.mark.parametrize(("hours", "refused"), [(-1, True), (-0.1, False), (0, False), (24 * 400, False)])
def test_a_clock_that_stands_before_the_plan_is_refused(
    ckan: tuple[FakeCkan, str], tmp_path: Path, hours: float, refused: bool
) -> None:
    state, address = ckan
    link = connection(address, tmp_path)
    made = packages(tmp_path / "p")
    check_clock(link, tmp_path, plan(link, made), NOW + timedelta(hours=hours), refused)
    assert bool(state.datasets) is not refused


def check_clock(link: Connection, folder: Path, planned: Planned, now: datetime, refused: bool) -> None:
    try:
        publish_changes(link, Place(folder), planned.plan, planned.wanted, planned.packages, {BODY.code: BODY}, now=now, by="試験")
        said = ""
    except CatalogueError as stop:
        said = stop.code
    assert said == ("clock-behind" if refused else "")


def test_a_clock_that_stands_before_the_ledger_writes_nothing(ckan: tuple[FakeCkan, str], tmp_path: Path) -> None:
    """A line dated before its forerunner would be counted for another day."""
    state, address = ckan
    link = connection(address, tmp_path)
    publish(link, tmp_path, plan(link, packages(tmp_path / "p")))
    earlier = NOW - timedelta(days=30)
    made = packages(tmp_path / "p2", [list(r) for r in AED_ROWS][:-1])
    planned = plan_packages(link, made, {BODY.code: BODY}, now=earlier, by="試験")
    state.log.clear()
    check_clock(link, tmp_path, planned, earlier, refused=True)
    assert state.writes == []
    check_clock(link, tmp_path, planned, NOW + timedelta(days=30), refused=False)
    assert read_ledger(tmp_path / "ledger", BODY.code)["at"].is_sorted()


GROUPS = {"aed": "bosai", "*": "gyosei"}


def test_a_dataset_goes_into_the_group_of_its_kind_and_what_a_person_added_stays(
    ckan: tuple[FakeCkan, str], tmp_path: Path
) -> None:
    state, address = ckan
    state.groups = {"bosai": {"editor"}, "gyosei": {"editor"}, "other": set()}
    state.organizations[BODY.organization_id] = {"id": "o1", "name": BODY.organization_id, "title": BODY.name}
    link = connection(address, tmp_path, EDITOR, groups=GROUPS)
    made = packages(tmp_path / "p")
    assert errors(publish(link, tmp_path, plan(link, made))) == []
    assert {d["name"]: [g["name"] for g in d["groups"]] for d in state.datasets.values()} == {
        "352136_aed": ["bosai"], "352136_public_toilet": ["bosai"]}
    assert {c.action for c in plan(link, made).plan.changes} == {"keep"}
    held = state.find("352136_aed")
    held["groups"], held["metadata_modified"] = [{"name": "other"}], state.now()
    planned = plan(link, made)
    change = next(c for c in planned.plan.changes if c.name == "352136_aed")
    assert [(f.field, f.before, f.after) for f in change.fields] == [("groups", "other", "bosai、other")]
    state.groups["other"].add("editor")
    assert errors(publish(link, tmp_path, planned)) == []
    assert [g["name"] for g in state.find("352136_aed")["groups"]] == ["other", "bosai"]


@pytest.mark.parametrize("groups", [{}, {"bosai": set()}])
def test_a_group_that_is_missing_or_not_ours_is_named(
    ckan: tuple[FakeCkan, str], tmp_path: Path, groups: dict[str, set[str]]
) -> None:
    state, address = ckan
    state.groups = groups
    state.organizations[BODY.organization_id] = {"id": "o1", "name": BODY.organization_id, "title": BODY.name}
    link = connection(address, tmp_path, EDITOR, groups={"aed": "bosai"})
    outcomes = publish(link, tmp_path, plan(link, packages(tmp_path / "p")[:1]))
    assert errors(outcomes) == ["portal-group"]
    assert not state.datasets
    wanted = list(plan(link, packages(tmp_path / "p")[:1]).wanted.values())
    checks = examine(link.portal, wanted, may_create=False, limit_bytes=None, now=NOW)
    assert {c.code for c in checks if c.state == "bad"} == {"group"}


@pytest.mark.parametrize(("minutes", "state"), [(0, "ok"), (9, "ok"), (-90, "careful"), (60 * 24 * 365, "careful")])
def test_the_doctor_compares_the_clocks(ckan: tuple[FakeCkan, str], tmp_path: Path, minutes: int, state: str) -> None:
    """A clock that is ahead would date the ledger's lines, and with them the count."""
    link = connection(ckan[1], tmp_path)
    now = datetime.now(NOW.tzinfo) + timedelta(minutes=minutes)
    checks = examine(link.portal, [], may_create=True, limit_bytes=None, now=now)
    assert [c.state for c in checks if c.code == "clock"] == [state]
