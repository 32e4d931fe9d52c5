"""Fiscal years, target lines, grades, pace, forecast, plans that include or follow others, and the count by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines.declare import (
    Baseline,
    Counting,
    GradeStep,
    Grading,
    ListItem,
    NamedList,
    Plan,
    Target,
    load_plans,
    load_workspace,
)
from pipelines.model import Municipality
from publish.cli import main
from publish.kpi import (
    SCALES,
    changes_between,
    count,
    day_name,
    due_day,
    fiscal_year_end,
    fiscal_year_of,
    fiscal_year_start,
    forecast,
    freshness,
    measure_plan,
    measure_plans,
    needed_pace,
    parse_fiscal_year,
    plan_years,
    propose_grade,
    resolve_plan,
    target_line,
    year_name,
    year_short,
)
from publish.kpi.progress import plan_request
from publish.ledger import ENTRIES, append_entries, read_ledgers

BODY = "352136"
PLAN = Plan(
    id="mine_dx", body=BODY, title="美祢市DX推進計画", section="⑩", source="美祢市DX推進計画", period_start="2021-04-01",
    period_end="2026-03-31", unit="種類", baseline=Baseline(14, "件"), counts_in=("yamaguchi",),
    target=Target(50, "種類", "2026-03-31", "50件とします"),
)


def frame(*rows: dict[str, Any]) -> pl.DataFrame:
    full = []
    for i, row in enumerate(rows, start=1):
        base = {"seq": i, "at": "2023-04-01T00:00:00+09:00", "event": "published", "body": BODY, "dataset": "aed",
                "catalogue": "yamaguchi", "rows": 10, "files": 2, "periods": 1, "formats": 2, "hosted": True,
                "generated": False, "sample": False}
        merged = {**base, **row}
        full.append({k: merged.get(k, merged["dataset"] if k in ("name", "kind") else None) for k in ENTRIES})
    return pl.DataFrame(full, schema=ENTRIES)


def grown(*per_year: int) -> pl.DataFrame:
    """So many new datasets in each fiscal year from 令和5 on."""
    rows, n = [], 0
    for year, new in enumerate(per_year, start=2023):
        for _ in range(new):
            n += 1
            rows.append({"dataset": f"d{n}", "at": f"{year}-06-01T00:00:00+09:00"})
    return frame(*rows)


@pytest.mark.parametrize(("text", "year"), [
    ("令和7", 2025), ("令和7年度", 2025), ("R7", 2025), ("r7", 2025), ("令和元", 2019), ("令和元年度", 2019), ("2025", 2025),
    ("2025年度", 2025), ("令和７年度", 2025), ("平成31", 2019), ("平成30年度", 2018), ("H30", 2018), ("令和 7 年度", 2025),
    ("平成32", None), ("令和0", None), ("7", None), ("来年度", None), ("", None),
])
def test_fiscal_years_are_read_as_people_write_them(text: str, year: int | None) -> None:
    assert parse_fiscal_year(text) == year


def test_a_fiscal_year_runs_from_april_to_march_and_has_its_japanese_name() -> None:
    assert fiscal_year_of(date(2026, 3, 31)) == 2025 and fiscal_year_of(date(2026, 4, 1)) == 2026
    assert fiscal_year_end(2025) == date(2026, 3, 31)
    assert [year_name(y) for y in (2018, 2019, 2025)] == ["平成30年度", "令和元年度", "令和7年度"]
    assert [year_short(y) for y in (2018, 2019, 2025)] == ["H30", "R元", "R7"]
    assert [day_name(d) for d in (date(2019, 4, 30), date(2019, 5, 1), date(2026, 3, 31))] == [
        "平成31年4月30日", "令和元年5月1日", "令和8年3月31日"]


def test_the_target_line_runs_straight_from_the_baseline_to_the_target() -> None:
    assert target_line(PLAN, date(2021, 4, 1)) == 14 and target_line(PLAN, date(2026, 3, 31)) == 50
    assert target_line(PLAN, date(2024, 3, 31)) == pytest.approx(35.6)
    assert target_line(PLAN, date(2030, 3, 31)) == 50
    dated = replace(PLAN, baseline=Baseline(14, "件", as_of="2024-03-31"))
    assert target_line(dated, date(2024, 3, 31)) == 14 and target_line(dated, date(2023, 3, 31)) is None


def test_no_line_is_invented_without_target_or_start() -> None:
    assert target_line(replace(PLAN, target=None), date(2024, 3, 31)) is None
    without = replace(PLAN, baseline=None)
    assert target_line(without, date(2024, 3, 31)) is None and target_line(without, date(2026, 3, 31)) == 50
    assert target_line(replace(PLAN, period_start=None), date(2024, 3, 31)) is None


def test_the_plans_own_yearly_numbers_make_the_line() -> None:
    plan = replace(PLAN, target=Target(50, "種類", "2026-03-31", "", yearly={"2023": 20, "2024": 30}))
    assert [target_line(plan, fiscal_year_end(y)) for y in (2023, 2024, 2025)] == [20, 30, 50]


@pytest.mark.parametrize(("scale", "actual", "mark"), [
    ("sabc", 40, "S"), ("sabc", 36, "A"), ("sabc", 34, "A"), ("sabc", 30, "B"), ("sabc", 14, "C"),
    ("achieved", 50, "達成"), ("achieved", 15, "一部達成"), ("achieved", 14, "未達成"),
    ("marks", 36, "○"), ("marks", 20, "△"), ("marks", 10, "×"),
])
def test_grades_are_proposed_by_the_chosen_scale(scale: str, actual: int, mark: str) -> None:
    assert propose_grade(SCALES[scale], actual, line=35.6, target=50, start=14) == mark


def test_a_plan_without_a_number_gets_no_grade() -> None:
    assert propose_grade(SCALES["sabc"], 20, line=None, target=None, start=14) is None


def test_a_plan_may_have_steps_of_its_own() -> None:
    own = Grading(steps=(GradeStep("優", "", 100, "target"), GradeStep("良", "", 50, "target"), GradeStep("可")))
    plan = replace(PLAN, grades=own)
    assert measure_plan(grown(30), plan, date(2024, 3, 31), basic_kinds=[]).grade == "良"
    assert measure_plan(grown(3), plan, date(2024, 3, 31), basic_kinds=[]).grade == "可"


def test_scale_and_yearly_numbers_are_read_from_plan_yml(tmp_path: Path) -> None:
    text = (Path(__file__).parents[1] / "datasets" / "352136_mine" / "plan.yml").read_text(encoding="utf-8")
    steps = "[{mark: ○, words: よい, min_percent: 90, of: target}, {mark: ×}]"
    text = text.replace("    counts_in: [yamaguchi] ", f"    grades: {{steps: {steps}}}\n    counts_in: [yamaguchi] ", 1)
    text = text.replace("      deadline: 2026-03-31\n", '      deadline: 2026-03-31\n      yearly: {"2023": 26}\n', 1)
    (tmp_path / "plan.yml").write_text(text, encoding="utf-8")
    body = next(b for b in load_workspace(Path(__file__).parents[1]).bodies if b.code == BODY)
    plan = load_plans(_at(body, tmp_path))[0]
    assert plan.grades.steps[0] == GradeStep("○", "よい", 90, "target") and plan.grades.steps[1].min_percent is None
    assert plan.target is not None and plan.target.by_year() == {2023: 26}


def _at(body: Municipality, folder: Path) -> Municipality:
    return replace(body, folder=folder)


def years_of(entries: pl.DataFrame, plan: Plan, day: date, until: int | None = None) -> list[tuple[str, str, int | None]]:
    found = plan_years(entries, plan, day, plan_request(plan, day, sample_workspace=False), until=until)
    return [(year_short(y.year), y.state, y.value) for y in found]


def test_years_before_the_ledger_are_unrecorded_not_zero() -> None:
    assert years_of(grown(18, 5, 8), PLAN, date(2026, 3, 31)) == [
        ("R3", "unrecorded", None), ("R4", "unrecorded", None), ("R5", "done", 18), ("R6", "done", 23), ("R7", "done", 31)]


def test_the_running_year_is_counted_on_the_day_and_later_years_lie_ahead() -> None:
    plan = replace(PLAN, period_start="2023-04-01", period_end="2028-03-31", target=None)
    assert years_of(grown(13, 1, 2), plan, date(2025, 7, 1)) == [
        ("R5", "done", 13), ("R6", "done", 14), ("R7", "running", 16), ("R8", "ahead", None), ("R9", "ahead", None)]


def test_a_plan_that_ended_shows_its_years_and_the_year_of_the_report() -> None:
    plan = replace(PLAN, period_start="2023-04-01", period_end="2024-03-31", target=None)
    assert [y for y, _, _ in years_of(grown(3, 2, 1, 1), plan, date(2026, 11, 21), until=2026)] == ["R5", "R8"]


def test_change_and_difference_are_against_the_year_before_and_the_line() -> None:
    entries = grown(18, 5, 8)
    found = plan_years(entries, PLAN, date(2026, 3, 31), plan_request(PLAN, date(2026, 3, 31), sample_workspace=False))
    assert [y.change for y in found] == [None, None, None, 5, 8]
    assert [y.difference for y in found][2:] == [-17.6, -19.8, -19.0]
    assert [y.grade for y in found] == [None, None, "C", "C", "B"]


def test_the_pace_needed_ends_with_the_deadline_and_with_the_target() -> None:
    assert needed_pace(PLAN, 30, date(2025, 3, 31)) == pytest.approx(20.0, abs=0.1)
    assert needed_pace(PLAN, 30, date(2026, 4, 1)) is None
    assert needed_pace(PLAN, 50, date(2025, 3, 31)) is None
    assert needed_pace(replace(PLAN, target=None), 30, date(2025, 3, 31)) is None


def test_the_forecast_states_what_it_rests_on_and_is_silent_without_two_changes() -> None:
    plan = replace(PLAN, period_end="2028-03-31", target=Target(50, "種類", "2028-03-31", ""))
    day = date(2026, 3, 31)

    def told(*per_year: int) -> Any:
        entries = grown(*per_year)
        years = plan_years(entries, plan, day, plan_request(plan, day, sample_workspace=False))
        return forecast(years, plan, measure_plan(entries, plan, day, basic_kinds=[]).now)

    found = told(18, 5, 8)
    assert (found.low, found.high, found.years) == (41, 47, 2)
    assert "+5〜+8" in found.words("令和10年3月31日") and "外れることがあります" in found.words("令和10年3月31日")
    assert told(18, 0, 0).low == 18
    only = grown(18)
    request = plan_request(plan, date(2024, 3, 31), sample_workspace=False)
    years = plan_years(only, plan, date(2024, 3, 31), request)
    assert forecast(years, plan, measure_plan(only, plan, date(2024, 3, 31), basic_kinds=[]).now) is None
    assert forecast(years, PLAN, measure_plan(only, PLAN, date(2026, 4, 1), basic_kinds=[]).now) is None


def test_a_plan_that_includes_another_counts_its_catalogues_and_lists_too_and_nothing_twice() -> None:
    inner = replace(PLAN, id="inner", counts_in=("hiroshima",), includes=("mine_dx",),
                    lists=(NamedList("14", (ListItem("オープンデータ一覧", "opendata_list"),)),))
    outer = replace(PLAN, includes=("inner",))
    assert resolve_plan(outer, [outer, inner]).counts_in == ("yamaguchi", "hiroshima")
    entries = frame({}, {"catalogue": "hiroshima"}, {"dataset": "shelter", "catalogue": "hiroshima"},
                    {"dataset": "opendata_list", "generated": True})
    alone, both = (measure_plans(entries, [p], date(2024, 3, 31), basic_kinds=[], plans=[outer, inner])[0]
                   for p in (PLAN, outer))
    assert (alone.now.value, both.now.value) == (1, 3)


def test_a_deadline_before_the_ledger_is_unknown_not_zero() -> None:
    plan = replace(PLAN, target=None, period_end="2022-03-31")
    told = measure_plan(grown(3), plan, date(2024, 3, 31), basic_kinds=[])
    assert told.passed and told.at_deadline is None and told.now.value == 3


def test_a_deadline_before_the_first_record_in_the_plans_own_catalogues_is_unknown_not_zero() -> None:
    entries = frame({"catalogue": "hiroshima", "at": "2020-04-01T09:00:00+09:00"}, {"at": "2024-01-01T09:00:00+09:00"})
    plan = replace(PLAN, target=None, period_end="2022-03-31")
    told = measure_plan(entries, plan, date(2024, 3, 31), basic_kinds=[])
    assert told.at_deadline is None and told.last_year is None and told.now.value == 1


def test_the_share_of_the_standard_tells_what_is_public_whatever_the_plan_counts() -> None:
    entries = frame({}, {"dataset": "opendata_list", "generated": True}, {"dataset": "gone"},
                    {"dataset": "gone", "event": "withdrawn"}, {"dataset": "linked", "hosted": False})
    told = measure_plan(entries, PLAN, date(2026, 3, 31), basic_kinds=["aed", "opendata_list", "gone", "linked"])
    assert (told.now.value, told.basic_done) == (1, ("aed", "opendata_list"))


@pytest.mark.parametrize(("days", "state"), [(30, "fresh"), (31, "due"), (44, "due"), (45, "overdue"), (60, "overdue"),
                                             (61, "delinquent")])
def test_monthly_data_is_due_overdue_and_delinquent_by_the_thresholds(days: int, state: str) -> None:
    last = date(2026, 1, 1)
    assert freshness(last, "monthly", date.fromordinal(last.toordinal() + days)) == state
    assert due_day(last, "monthly") == date(2026, 1, 31) and due_day(last, "as-needed") is None


# Counted by hand from datasets/sample_history.csv: see datasets/sample_history.md, which writes out every step.
BY_HAND = {
    "mine_dx": {2023: 18, 2024: 23, 2025: 31}, "yanai_dx": {2023: 14, 2024: 16, 2025: 18},
    "shimonoseki_dx": {2023: 8, 2024: 10, 2025: 12}, "hirao_dx": {2023: 13, 2024: 14, 2025: 15},
}


def test_the_count_agrees_with_the_one_made_by_hand_over_three_years_and_four_bodies(history_source: Path) -> None:
    workspace, entries = load_workspace(history_source), read_ledgers(history_source / "ledger")
    for year in (2023, 2024, 2025):
        told = measure_plans(entries, workspace.plans, fiscal_year_end(year), basic_kinds=[],
                             sample_bodies=[b.code for b in workspace.bodies])
        found = {p.plan.id: p.now.value for p in told if p.plan.id in BY_HAND}
        assert found == {plan: numbers[year] for plan, numbers in BY_HAND.items()}


@pytest.mark.parametrize(("body", "catalogues", "settings", "by_hand"), [
    ("352136", ["yamaguchi"], {"fold_editions": False}, 33), ("352136", ["yamaguchi"], {"fold_formats": False}, 62),
    ("352136", ["yamaguchi"], {"generated_lists": True}, 32), ("352136", ["yamaguchi"], {"stale": "skip"}, 26),
    ("352128", ["yamaguchi", "hiroshima"], {"generated_lists": True, "fold_catalogues": False}, 22),
    ("352128", ["yamaguchi"], {"generated_lists": True}, 17), ("352128", ["hiroshima"], {}, 5),
    ("352128", ["yamaguchi", "hiroshima"], {"generated_lists": True, "withdrawn": True}, 19),
    ("352012", ["yamaguchi"], {"linked_only": True}, 13), ("352012", ["yamaguchi"], {"withdrawn": True}, 13),
    ("353442", ["yamaguchi", "hiroshima"], {"withdrawn": True}, 16),
])
def test_every_setting_moves_the_sample_count_as_by_hand(
    history_source: Path, body: str, catalogues: list[str], settings: dict[str, Any], by_hand: int
) -> None:
    entries = read_ledgers(history_source / "ledger")
    assert count(entries, body, date(2026, 3, 31), counts_in=catalogues, counting=Counting(**settings)).value == by_hand


def test_the_command_prints_the_same_on_a_later_day_with_a_longer_ledger(
    history_workspace: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["kpi", "--as-of", "2026-03-31", "--workspace", str(history_workspace)]
    assert main(words) == 0 and main([*words, "--format", "json"]) == 0
    before = capsys.readouterr().out
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1950000000")
    append_entries(history_workspace / "ledger", BODY, [{
        "at": "2026-06-01T09:00:00+09:00", "event": "withdrawn", "body": BODY, "dataset": "aed", "catalogue": "yamaguchi"}])
    assert main(words) == 0 and main([*words, "--format", "json"]) == 0
    assert capsys.readouterr().out == before
    told = json.loads(before.splitlines()[-1])
    assert [p["value"] for p in told["plans"] if p["plan"] == "mine_dx"] == [31]
    assert all(p["sample"] for p in told["plans"])


def test_what_came_and_went_explains_every_change_of_the_sample_count(history_source: Path) -> None:
    workspace, entries = load_workspace(history_source), read_ledgers(history_source / "ledger")
    everything = Counting(generated_lists=True, linked_only=True)
    for body in workspace.bodies:
        places = sorted({c for plan in workspace.plans_of(body.code) for c in plan.counts_in})

        def kinds(year: int, code: str = body.code, places: list[str] = places) -> int:
            return count(entries, code, fiscal_year_end(year), counts_in=places, counting=everything).kinds

        for year in (2023, 2024, 2025):
            told = changes_between(entries, body.code, fiscal_year_start(year), fiscal_year_end(year), catalogues=places)
            came, went = (int(told["change"].is_in(words).sum()) for words in (["new", "again"], ["withdrawn"]))
            assert kinds(year) - kinds(year - 1) == came - went, (body.name, year)
