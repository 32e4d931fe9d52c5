"""Publishing to a CKAN: ids kept, only changes sent, nothing half public, stale plans refused, every fault survived."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from pipelines.declare import Catalogue
from pipelines.errors import CatalogueError
from pipelines.model import Package
from publish.ckan.portal import Portal
from publish.ckan.token import Token
from publish.ckan.trouble import Refused
from publish.ledger import append_entries, read_ledger
from publish.metadata import STANDARD_TAGS
from publish.plan import Plan, read_plan, write_plan
from publish.push import Connection, kept_packages, plan_packages, plan_withdrawals, publish_changes
from publish.push.planning import Planned, still_valid
from publish.run import Place
from tests.fake_ckan import EDITOR, SYSADMIN, FakeCkan, fake_ckan
from tests.fake_packages import AED_ROWS, make_body, make_dataset, make_package, make_standard, make_table
from tests.fault_proxy import KINDS, Request, fault_proxy

NOW = datetime(2026, 4, 1, 9, 0, tzinfo=timezone(timedelta(hours=9)))
CATALOGUE = Catalogue("ckan", "ckan", "試験", url_env="KOKAI_CKAN_URL", token_env="KOKAI_CKAN_TOKEN", parallel=2,
                      create_organization=True)
BODY = make_body()


@pytest.fixture
def ckan() -> Iterator[tuple[FakeCkan, str]]:
    with fake_ckan() as made:
        yield made


def connection(address: str, folder: Path, token: str = SYSADMIN, **more: Any) -> Connection:
    portal = Portal(address, Token(token, "test"), timeout_s=more.pop("timeout_s", 20), sleep=lambda s: None)
    return Connection(replace(CATALOGUE, **more), portal, folder / "var" / "publish" / "ckan")


def packages(folder: Path, rows: list[list[str | None]] | None = None) -> list[Package]:
    from pipelines.package import ResourceData

    standard = make_standard()
    toilet = make_dataset(id="toilet", title="公衆トイレ一覧")
    return [
        make_package(folder, resources=[ResourceData(None, make_table(rows), "2025-04-01")]),
        make_package(folder, toilet, replace(standard, file_slug="public_toilet")),
    ]


def plan(link: Connection, made: list[Package], **more: Any) -> Planned:
    return plan_packages(link, made, {BODY.code: BODY}, now=NOW, by="試験", **more)


def publish(link: Connection, folder: Path, planned: Planned, saved: Plan | None = None) -> list[Any]:
    return publish_changes(link, Place(folder), saved or planned.plan, planned.wanted, planned.packages,
                           {BODY.code: BODY}, now=NOW, by="試験")


def errors(outcomes: list[Any]) -> list[str]:
    return [o.error.code for o in outcomes if o.error]


def test_second_publish_writes_nothing_and_keeps_every_id(ckan: tuple[FakeCkan, str], tmp_path: Path) -> None:
    state, address = ckan
    made = packages(tmp_path / "p")
    assert errors(publish(connection(address, tmp_path), tmp_path, plan(connection(address, tmp_path), made))) == []
    ids = {r["id"] for d in state.datasets.values() for r in d["resources"]}
    assert ids == {r["id"] for p in made for r in p.descriptor["resources"] if r["format"] in ("csv", "geojson")}
    state.log.clear()
    link = connection(address, tmp_path)
    again = plan(link, made)
    assert [c.action for c in again.plan.changes] == ["keep", "keep"]
    publish(link, tmp_path, again)
    assert state.writes == []
    assert read_ledger(tmp_path / "ledger", BODY.code)["event"].to_list() == ["published", "published"]


def test_one_changed_row_is_one_update_with_its_rows(ckan: tuple[FakeCkan, str], tmp_path: Path) -> None:
    state, address = ckan
    link = connection(address, tmp_path)
    publish(link, tmp_path, plan(link, packages(tmp_path / "p")))
    rows = [list(r) for r in AED_ROWS]
    name = next(i for i, v in enumerate(rows[0]) if v and len(v) > 3 and not v.isascii())
    rows[0][name] = "改名した施設"
    made = packages(tmp_path / "p2", rows)
    planned = plan(link, made)
    change = next(c for c in planned.plan.changes if c.name == "352136_aed")
    assert change.action == "update"
    assert {f.path for f in change.uploads} <= {"352136_aed.csv", "352136_aed.geojson"}
    csv = next(f for f in change.uploads if f.path.endswith(".csv"))
    assert (csv.rows["added"], csv.rows["changed"], csv.rows["removed"]) == (0, 1, 0)
    state.log.clear()
    publish(link, tmp_path, planned)
    assert state.writes == ["package_revise"]
    assert read_ledger(tmp_path / "ledger", BODY.code)["event"].to_list() == ["published", "published", "updated"]


def test_an_editor_may_do_all_of_it_but_make_an_organisation(ckan: tuple[FakeCkan, str], tmp_path: Path) -> None:
    state, address = ckan
    link = connection(address, tmp_path, EDITOR)
    made = packages(tmp_path / "p")
    with pytest.raises(CatalogueError) as stop:
        publish(link, tmp_path, plan(link, made))
    assert stop.value.code == "portal-denied"
    state.organizations[BODY.organization_id] = {"id": "o1", "name": BODY.organization_id, "title": BODY.name}
    assert errors(publish(link, tmp_path, plan(link, made))) == []
    assert [c.action for c in plan(link, made).plan.changes] == ["keep", "keep"]


def test_a_missing_organisation_is_made_only_where_the_declaration_allows(ckan: tuple[FakeCkan, str], tmp_path: Path) -> None:
    link = connection(ckan[1], tmp_path, create_organization=False)
    with pytest.raises(CatalogueError) as stop:
        publish(link, tmp_path, plan(link, packages(tmp_path / "p")))
    assert stop.value.code == "organization-missing"
    assert not ckan[0].datasets


def test_a_plan_gone_stale_is_refused_and_nothing_is_written(ckan: tuple[FakeCkan, str], tmp_path: Path) -> None:
    state, address = ckan
    link = connection(address, tmp_path)
    publish(link, tmp_path, plan(link, packages(tmp_path / "p")))
    rows = [list(r) for r in AED_ROWS][:-1]
    planned = plan(link, packages(tmp_path / "p2", rows))
    write_plan(tmp_path / "plan.json", planned.plan)
    held = next(d for d in state.datasets.values() if d["name"] == "352136_aed")
    held["title"], held["metadata_modified"] = "手で直した題名", state.now()
    before = json.dumps(held, sort_keys=True)
    outcomes = publish(link, tmp_path, planned, read_plan(tmp_path / "plan.json"))
    assert errors(outcomes) == ["plan-stale"]
    assert json.dumps(state.find("352136_aed"), sort_keys=True) == before


def test_a_saved_plan_gone_stale_in_one_place_is_not_carried_out_at_all(ckan: tuple[FakeCkan, str], tmp_path: Path) -> None:
    """It was read and approved as a whole."""
    state, address = ckan
    link = connection(address, tmp_path)
    planned = plan(link, packages(tmp_path / "p"))
    by_hand(state, "352136_public_toilet", "手で作った")
    before = len(state.writes)
    with pytest.raises(CatalogueError) as stop:
        still_valid(link, planned, planned.plan)
    assert stop.value.code == "plan-stale" and "352136_public_toilet" in stop.value.ja and "352136_aed" not in stop.value.ja
    assert len(state.writes) == before


def test_a_saved_plan_that_was_carried_out_in_part_is_carried_on(ckan: tuple[FakeCkan, str], tmp_path: Path) -> None:
    _, address = ckan
    link = connection(address, tmp_path)
    made = packages(tmp_path / "p")
    planned = plan(link, made)
    first = replace(planned.plan, changes=planned.plan.changes[:1])
    assert not errors(publish(link, tmp_path, planned, first))
    left = still_valid(link, planned, planned.plan)
    assert [c.action for c in left.changes] == ["keep", "create"]
    assert not errors(publish(link, tmp_path, planned, left))
    done = still_valid(link, planned, planned.plan)
    assert not done.active
    assert read_ledger(tmp_path / "ledger", BODY.code)["event"].to_list() == ["published", "published"]


def test_a_change_that_touches_nothing_of_ours_does_not_make_a_plan_stale(ckan: tuple[FakeCkan, str], tmp_path: Path) -> None:
    """xloader writes `hash` and `datastore_active` after every upload; seen on 2.12.0."""
    state, address = ckan
    link = connection(address, tmp_path)
    publish(link, tmp_path, plan(link, packages(tmp_path / "p")))
    planned = plan(link, packages(tmp_path / "p2", [list(r) for r in AED_ROWS][:-1]))
    held = state.find("352136_aed")
    held["resources"][0]["hash"], held["metadata_modified"] = "0123", state.now()
    assert errors(publish(link, tmp_path, planned)) == []
    assert state.find("352136_aed")["resources"][0]["hash"] == "0123"


def test_a_package_built_anew_after_the_plan_is_refused(ckan: tuple[FakeCkan, str], tmp_path: Path) -> None:
    link = connection(ckan[1], tmp_path)
    planned = plan(link, packages(tmp_path / "p"))
    other = plan(link, packages(tmp_path / "p2", [list(r) for r in AED_ROWS][:-1]))
    with pytest.raises(CatalogueError) as stop:
        publish(link, tmp_path, other, planned.plan)
    assert stop.value.code == "plan-other-package"


def test_a_plan_changed_by_hand_is_not_read(tmp_path: Path) -> None:
    write_plan(tmp_path / "p.json", Plan("ckan", "https://x.invalid", "t", "b", {}, ()))
    text = (tmp_path / "p.json").read_text().replace("x.invalid", "y.invalid")
    (tmp_path / "p.json").write_text(text)
    with pytest.raises(CatalogueError) as stop:
        read_plan(tmp_path / "p.json")
    assert stop.value.code == "plan-unreadable"


def test_a_new_dataset_is_private_until_its_bytes_are_verified(ckan: tuple[FakeCkan, str], tmp_path: Path) -> None:
    state, address = ckan
    state.spoil = ["352136_aed.csv"] * 99
    link = connection(address, tmp_path)
    outcomes = publish(link, tmp_path, plan(link, packages(tmp_path / "p")))
    assert errors(outcomes) == ["portal-unreachable"]
    assert state.find("352136_aed")["private"] is True
    assert state.find("352136_public_toilet")["private"] is False
    state.spoil = []
    link = connection(address, tmp_path)
    assert errors(publish(link, tmp_path, plan(link, packages(tmp_path / "p")))) == []
    assert state.find("352136_aed")["private"] is False
    assert len(state.datasets) == 2


def test_bytes_spoiled_on_the_way_are_sent_again(ckan: tuple[FakeCkan, str], tmp_path: Path) -> None:
    state, address = ckan
    state.spoil = ["352136_aed.csv"]
    made = packages(tmp_path / "p")
    link = connection(address, tmp_path)
    assert errors(publish(link, tmp_path, plan(link, made))) == []
    held = state.find("352136_aed")
    csv = next(r for r in held["resources"] if r["format"] == "CSV")
    assert state.files[csv["id"]] == (made[0].public / "352136_aed.csv").read_bytes()


@pytest.mark.parametrize("step", ["creating", "opening"])
@pytest.mark.parametrize(("collisions", "left"), [(3, []), (4, ["portal-refused", "portal-refused"])])
def test_datasets_that_collide_over_a_new_tag_are_sent_again_a_few_times(
        ckan: tuple[FakeCkan, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, collisions: int, left: list[str], step: str,
) -> None:
    state, address = ckan
    tried: dict[str, int] = {}
    write = Portal.write

    def collide(portal: Portal, action: str, data: Any, files: Any = None) -> Any:
        opening = action == "package_revise" and '"private": false' in data.get("update", "")
        if opening if step == "opening" else action == "package_create":
            name = data.get("name") or data["match__id"]
            tried[name] = tried.get(name, 0) + 1
            if tried[name] <= collisions:
                raise Refused(500, "", {"message": "Internal Server Error"})
        return write(portal, action, data, files)

    monkeypatch.setattr(Portal, "write", collide)
    link = connection(address, tmp_path)
    assert errors(publish(link, tmp_path, plan(link, packages(tmp_path / "p")))) == left
    assert len(tried) == 2
    public = [d for d in state.datasets.values() if not d["private"]]
    assert len(public) == (0 if left else 2)


def test_a_new_dataset_gets_its_tags_with_the_write_that_opens_it(ckan: tuple[FakeCkan, str], tmp_path: Path) -> None:
    state, address = ckan
    link = connection(address, tmp_path)
    planned = plan(link, packages(tmp_path / "p"))
    seen: list[tuple[str, bool]] = []
    act = state.act

    def watch(action: str, data: dict[str, Any], files: dict[str, bytes], user: str) -> Any:
        made = act(action, data, files, user)
        if action in ("package_create", "package_revise"):
            seen.extend((action, bool(d["tags"])) for d in state.datasets.values() if d["private"])
        return made

    state.act = watch  # type: ignore[method-assign]
    assert errors(publish(link, tmp_path, planned)) == []
    assert not any(tagged for _, tagged in seen)
    for name, wanted in planned.wanted.items():
        assert {t["name"] for t in state.find(name)["tags"]} == set(wanted.tags)


def test_a_portal_that_wants_tags_at_once_gets_them_with_the_creation(ckan: tuple[FakeCkan, str], tmp_path: Path) -> None:
    state, address = ckan
    state.wants_tags = True
    link = connection(address, tmp_path, EDITOR, create_organization=False)
    state.organizations[BODY.organization_id] = {"id": "o1", "name": BODY.organization_id, "title": BODY.name}
    assert errors(publish(link, tmp_path, plan(link, packages(tmp_path / "p")))) == []
    assert all(d["tags"] and not d["private"] for d in state.datasets.values())


def test_a_withdrawal_leaves_a_tombstone_and_stays_out(ckan: tuple[FakeCkan, str], tmp_path: Path) -> None:
    state, address = ckan
    link = connection(address, tmp_path)
    publish(link, tmp_path, plan(link, packages(tmp_path / "p")))
    grave = plan_withdrawals(link, {"352136_aed": (BODY.code, "aed")}, now=NOW, by="担当", why="誤り")
    publish_changes(link, Place(tmp_path), grave, {}, {}, {}, now=NOW, by="担当")
    held = state.find("352136_aed")
    assert held["resources"] == [] and held["title"].startswith("【取下げ】")
    assert [t["name"] for t in held["tags"] if t["name"] in ("取下げ", *STANDARD_TAGS)] == ["取下げ"]
    last = read_ledger(tmp_path / "ledger", BODY.code).row(-1, named=True)
    assert (last["event"], last["by"], last["reason"]) == ("withdrawn", "担当", "誤り")
    state.log.clear()
    publish_changes(link, Place(tmp_path), grave, {}, {}, {}, now=NOW, by="担当")
    assert state.writes == []
    again = plan(link, packages(tmp_path / "p"))
    assert publish(link, tmp_path, again)[0].event == "published"
    held = state.find("352136_aed")
    assert "取下げ" not in (tags := [t["name"] for t in held["tags"]]) and set(STANDARD_TAGS) <= set(tags)
    assert len(held["resources"]) == 2


def test_what_a_person_added_on_the_portal_stays(ckan: tuple[FakeCkan, str], tmp_path: Path) -> None:
    state, address = ckan
    link = connection(address, tmp_path)
    publish(link, tmp_path, plan(link, packages(tmp_path / "p")))
    held = state.find("352136_aed")
    held["tags"].append({"name": "手で足した"})
    held["extras"].append({"key": "memo", "value": "1"})
    held["resources"].append({"id": "f" * 36, "name": "手で足した", "url": "https://x.invalid/a.pdf", "format": "PDF"})
    held["title"], held["metadata_modified"] = "手で直した", state.now()
    planned = plan(link, packages(tmp_path / "p"))
    change = next(c for c in planned.plan.changes if c.name == "352136_aed")
    assert [f.field for f in change.fields] == ["title"]
    publish(link, tmp_path, planned)
    held = state.find("352136_aed")
    assert held["title"].endswith("AED設置箇所一覧")
    assert "手で足した" in [t["name"] for t in held["tags"]] and any(e["key"] == "memo" for e in held["extras"])
    assert len(held["resources"]) == 3


@pytest.mark.parametrize("how", ["name", "title"])
def test_what_a_person_published_before_is_adopted_never_doubled(ckan: tuple[FakeCkan, str], tmp_path: Path, how: str) -> None:
    state, address = ckan
    state.organizations[BODY.organization_id] = {"id": "o1", "name": BODY.organization_id, "title": BODY.name}
    made = packages(tmp_path / "p")
    title = made[0].descriptor["title"]
    state.act("package_create", {"name": "352136_aed" if how == "name" else "aed-list", "title": title, "tags": [],
                                 "owner_org": BODY.organization_id, "private": False, "extras": []}, {}, "sysadmin")
    held = next(iter(state.datasets.values()))
    held["resources"] = [{"id": "a" * 36, "format": "CSV", "name": "AED", "url": "https://city.invalid/aed.csv"}]
    link = connection(address, tmp_path)
    planned = plan(link, made)
    change = next(c for c in planned.plan.changes if c.name == "352136_aed")
    assert (change.action, change.reason) == ("adopt", f"adopt-{how}")
    publish(link, tmp_path, planned)
    assert len(state.datasets) == 2
    assert "a" * 36 in {r["id"] for r in state.find("352136_aed")["resources"]}
    assert "adopted" in read_ledger(tmp_path / "ledger", BODY.code)["event"].to_list()


def test_a_dataset_held_back_is_not_called_a_stranger_that_could_be_withdrawn(ckan: tuple[FakeCkan, str], tmp_path: Path) -> None:
    _, address = ckan
    link, made = connection(address, tmp_path), packages(tmp_path / "p")
    assert not errors(publish(link, tmp_path, plan(link, made)))
    held = replace(made[0], manifest={**made[0].manifest, "status": "held"})
    assert plan(link, [held, made[1]]).plan.unknown == ()
    assert plan(link, made[1:]).plan.unknown == ("352136_aed",)


def test_an_approval_of_what_is_public_and_unchanged_is_no_new_publication(ckan: tuple[FakeCkan, str], tmp_path: Path) -> None:
    _, address = ckan
    link, made = connection(address, tmp_path), packages(tmp_path / "p")
    publish(link, tmp_path, plan(link, made))
    append_entries(tmp_path / "ledger", BODY.code, [{
        "at": "2026-04-01T09:00:00+09:00", "event": "approved", "body": BODY.code, "dataset": "aed", "name": "352136_aed",
        "by": "係長", "reason": "確認"}])
    publish(link, tmp_path, plan(link, made))
    assert read_ledger(tmp_path / "ledger", BODY.code)["event"].to_list() == ["published", "published", "approved"]


def by_hand(state: FakeCkan, name: str, title: str, **extras: str) -> None:
    state.organizations.setdefault(BODY.organization_id, {"id": "o1", "name": BODY.organization_id, "title": BODY.name})
    state.act("package_create", {"name": name, "title": title, "tags": [], "owner_org": BODY.organization_id, "private": False,
                                 "extras": [{"key": k, "value": v} for k, v in extras.items()]}, {}, "sysadmin")


@pytest.mark.parametrize("title", [
    "【美祢市】AED設置箇所一覧", "AED設置箇所一覧", "美祢市ＡＥＤ設置箇所一覧", "美祢市の AED 設置箇所一覧",
    "【山口県美祢市】AED設置箇所一覧",
])
def test_a_title_typed_by_a_person_is_known_whatever_the_width_and_the_bodys_name(
    ckan: tuple[FakeCkan, str], tmp_path: Path, title: str
) -> None:
    state, address = ckan
    by_hand(state, "aed-list", title)
    changes = {c.name: c for c in plan(connection(address, tmp_path), packages(tmp_path / "p")).plan.changes}
    assert (changes["352136_aed"].action, changes["352136_aed"].reason) == ("adopt", "adopt-title")
    assert changes["352136_public_toilet"].action == "create"


@pytest.mark.parametrize("title", ["【萩市】AED設置箇所一覧", "AED設置箇所一覧(旧)", "公衆便所一覧"])
def test_another_title_is_another_dataset(ckan: tuple[FakeCkan, str], tmp_path: Path, title: str) -> None:
    state, address = ckan
    by_hand(state, "aed-list", title)
    assert {c.action for c in plan(connection(address, tmp_path), packages(tmp_path / "p")).plan.changes} == {"create"}


def test_of_two_with_one_title_a_person_chooses_and_none_is_made_beside_them(ckan: tuple[FakeCkan, str], tmp_path: Path) -> None:
    state, address = ckan
    made = packages(tmp_path / "p")
    by_hand(state, "aed-2024", "AED設置箇所一覧")
    by_hand(state, "aed-2025", "【美祢市】AED設置箇所一覧")
    with pytest.raises(CatalogueError) as stop:
        plan(connection(address, tmp_path), made)
    assert stop.value.code == "portal-title-twice" and "aed-2024、aed-2025" in stop.value.ja
    chosen = next(d for d in state.datasets.values() if d["name"] == "aed-2025")
    chosen["extras"].append({"key": "source_id", "value": f"{BODY.code}:aed"})  # what the message tells to do
    change = next(c for c in plan(connection(address, tmp_path), made).plan.changes if c.name == "352136_aed")
    assert (change.action, change.id) == ("adopt", chosen["id"])


def test_one_dataset_of_the_portal_is_never_taken_for_two_packages(ckan: tuple[FakeCkan, str], tmp_path: Path) -> None:
    """A dataset that is found by its name is not offered to another package of the same title."""
    state, address = ckan
    by_hand(state, "352136_public_toilet", "AED設置箇所一覧")
    changes = {c.name: c for c in plan(connection(address, tmp_path), packages(tmp_path / "p")).plan.changes}
    assert changes["352136_public_toilet"].reason == "adopt-name" and changes["352136_aed"].action == "create"


@pytest.mark.parametrize("kind", KINDS)
def test_each_fault_at_each_request_ends_whole_and_once(ckan: tuple[FakeCkan, str], tmp_path: Path, kind: str) -> None:
    """The fault strikes request 1, 2, 3 … in turn until a run needs fewer requests; each run starts on an empty portal."""
    state, address = ckan
    made = packages(tmp_path / "p")[:1]
    for strike in range(1, 40):
        state.datasets.clear()
        state.organizations.clear()
        state.files.clear()
        folder = tmp_path / str(strike)
        with fault_proxy(address, hang_s=0.3) as (faults, proxy):
            faults.choose = lambda r, n=strike: kind if r.number == n and (kind != "cut-upload" or r.upload) else ""  # type: ignore[misc]
            link = connection(proxy, folder, timeout_s=0.2 if kind == "hang" else 20)
            assert errors(publish(link, folder, plan(link, made))) == [], (kind, strike)
            total = faults.count
        assert [d["name"] for d in state.datasets.values()] == ["352136_aed"]
        check_whole(state, made)
        assert [c.action for c in plan(connection(address, folder), made).plan.changes] == ["keep"]
        assert read_ledger(folder / "ledger", BODY.code)["name"].to_list() == ["352136_aed"]
        if strike > total:
            return
    raise AssertionError("never ended")


def check_whole(state: FakeCkan, made: list[Package]) -> None:
    for p in made:
        held = state.find(p.name)
        assert held["private"] is False
        wanted = {r["path"]: (p.public / r["path"]).read_bytes() for r in p.descriptor["resources"]
                  if r["format"] in ("csv", "geojson")}
        assert {r["source_file"]: state.files[r["id"]] for r in held["resources"]} == wanted


@pytest.mark.parametrize(("fault", "code"), [("login", "portal-login"), ("moved", "portal-moved"), ("413", "portal-too-large"),
                                             ("404", "portal-not-ckan"), ("418", "portal-answer")])
def test_answers_that_will_not_get_better_stop_with_a_clear_word(
    ckan: tuple[FakeCkan, str], tmp_path: Path, fault: str, code: str
) -> None:
    with fault_proxy(ckan[1]) as (faults, proxy):
        faults.choose = lambda r: fault
        with pytest.raises(CatalogueError) as stop:
            plan(connection(proxy, tmp_path), packages(tmp_path / "p"))
        assert stop.value.code == code
        assert stop.value.todo_ja and stop.value.todo_en
        assert faults.count == 1


def test_a_portal_that_stays_away_is_named_after_bounded_tries(ckan: tuple[FakeCkan, str], tmp_path: Path) -> None:
    with fault_proxy(ckan[1]) as (faults, proxy):
        faults.choose = lambda r: "503"
        with pytest.raises(CatalogueError) as stop:
            plan(connection(proxy, tmp_path), packages(tmp_path / "p"))
        assert stop.value.code == "portal-unreachable"
        assert faults.count == 6


def test_retry_after_is_respected(ckan: tuple[FakeCkan, str], tmp_path: Path) -> None:
    slept: list[float] = []
    with fault_proxy(ckan[1]) as (faults, proxy):
        faults.choose = lambda r: "429" if r.number == 1 else ""
        portal = Portal(proxy, Token(SYSADMIN, "t"), sleep=slept.append)
        portal.read("status_show")
    assert slept == [0.0]


def test_an_expired_token_is_explained(ckan: tuple[FakeCkan, str], tmp_path: Path) -> None:
    state, address = ckan
    state.organizations[BODY.organization_id] = {"id": "o1", "name": BODY.organization_id, "title": BODY.name}
    link = connection(address, tmp_path, "expired-token-00000000")
    outcomes = publish(link, tmp_path, plan(link, packages(tmp_path / "p")))
    assert errors(outcomes) == ["portal-denied"] * 2


def test_two_runs_at_once_are_refused(ckan: tuple[FakeCkan, str], tmp_path: Path) -> None:
    from publish.ckan.journal import locked

    link = connection(ckan[1], tmp_path)
    planned = plan(link, packages(tmp_path / "p"))
    with locked(link.lock), pytest.raises(CatalogueError) as stop:
        publish(link, tmp_path, planned)
    assert stop.value.code == "catalogue-locked"
    assert errors(publish(link, tmp_path, planned)) == []


def test_what_was_published_is_kept_for_going_back(ckan: tuple[FakeCkan, str], tmp_path: Path) -> None:
    link = connection(ckan[1], tmp_path)
    for n in range(7):
        rows = [list(r) for r in AED_ROWS]
        rows[0][next(i for i, v in enumerate(rows[0]) if v and len(v) > 3 and not v.isascii())] = f"施設{n}"
        publish(link, tmp_path, plan(link, packages(tmp_path / str(n), rows)))
    assert [k.number for k in kept_packages(link.folder, "352136_aed")] == [3, 4, 5, 6, 7]


def test_a_request_names_us_and_carries_the_token_in_a_header_only(ckan: tuple[FakeCkan, str], tmp_path: Path) -> None:
    state, address = ckan
    plan(connection(address, tmp_path), packages(tmp_path / "p"))
    assert all(h["User-Agent"].startswith("kokai/") and h["Authorization"] == SYSADMIN for h in state.headers)


def test_faults_know_their_request() -> None:
    assert Request(1, "POST", "/api/3/action/package_show?x=1", False).action == "package_show"
