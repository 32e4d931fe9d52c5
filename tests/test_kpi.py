"""Counting: every setting has an effect, and the same day gives the same number."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines.declare import Baseline, Counting, ListItem, NamedList, Plan, Target
from publish.cli import main
from publish.kpi import changes_between, count, is_stale, measure_plan, progress_dict
from publish.ledger import ENTRIES

BODY = "352136"
DAY = date(2026, 3, 31)


def frame(*rows: dict[str, Any]) -> pl.DataFrame:
    full = []
    for i, row in enumerate(rows, start=1):
        base = {"seq": i, "at": "2025-06-01T09:00:00+09:00", "event": "published", "body": BODY, "dataset": "aed",
                "catalogue": "yamaguchi", "rows": 10, "files": 2, "periods": 1, "formats": 2, "frequency": "annual",
                "hosted": True, "generated": False, "sample": False, "sha256": "0" * 64}
        merged = {**base, **row}
        merged.setdefault("name", f"{BODY}_{merged['dataset']}")
        merged.setdefault("kind", merged["dataset"])
        full.append({k: merged.get(k) for k in ENTRIES})
    return pl.DataFrame(full, schema=ENTRIES)


def kinds(entries: pl.DataFrame, day: date = DAY, **settings: Any) -> int:
    return count(entries, BODY, day, counts_in=["yamaguchi", "hiroshima", "embedded"], **settings).value


def test_the_four_numbers_stand_side_by_side() -> None:
    c = count(frame({}, {"dataset": "shelter", "rows": 5, "files": 1}), BODY, DAY, counts_in=["yamaguchi"])
    assert (c.kinds, c.packages, c.files, c.records) == (2, 2, 3, 15)


def test_what_was_published_later_does_not_count_and_the_deadline_day_does() -> None:
    entries = frame({"at": "2026-03-31T23:59:59+09:00"}, {"dataset": "shelter", "at": "2026-04-01T00:00:00+09:00"})
    assert kinds(entries) == 1
    assert kinds(entries, date(2026, 4, 1)) == 2


def test_withdrawn_counts_only_where_the_plan_says_so_and_only_from_that_day() -> None:
    entries = frame({}, {"event": "withdrawn", "at": "2026-01-10T09:00:00+09:00"})
    assert kinds(entries, date(2026, 1, 9)) == 1
    assert kinds(entries) == 0
    assert kinds(entries, counting=Counting(withdrawn=True)) == 1


def test_published_again_after_a_withdrawal_counts_again() -> None:
    entries = frame({}, {"event": "withdrawn", "at": "2026-01-10T09:00:00+09:00"},
                    {"event": "published", "at": "2026-02-01T09:00:00+09:00"})
    assert kinds(entries) == 1


def test_an_approval_alone_does_not_count() -> None:
    assert kinds(frame({"event": "approved"})) == 0


@pytest.mark.parametrize(("setting", "folded", "apart"), [("fold_editions", 1, 3), ("fold_formats", 1, 2)])
def test_yearly_files_and_formats_fold_into_one(setting: str, folded: int, apart: int) -> None:
    entries = frame({"periods": 3, "files": 6})
    assert kinds(entries) == folded
    assert kinds(entries, counting=Counting(**{setting: False})) == apart


def test_two_catalogues_fold_into_one() -> None:
    entries = frame({}, {"catalogue": "hiroshima"})
    assert kinds(entries) == 1
    assert kinds(entries, counting=Counting(fold_catalogues=False)) == 2


def test_a_catalogue_that_the_plan_does_not_name_does_not_count() -> None:
    assert count(frame({"catalogue": "other"}), BODY, DAY, counts_in=["yamaguchi"]).value == 0


def test_the_embedded_catalogue_counts_only_in_a_sample_workspace() -> None:
    entries = frame({"catalogue": "embedded", "sample": True})
    assert kinds(entries) == 0
    c = count(entries, BODY, DAY, counts_in=["yamaguchi"], sample_workspace=True)
    assert c.value == 1 and c.sample


def test_linked_only_data_does_not_count_by_default() -> None:
    entries = frame({"hosted": False})
    assert kinds(entries) == 0
    assert kinds(entries, counting=Counting(linked_only=True)) == 1


def test_the_generated_list_counts_where_the_plan_lists_it_or_says_so() -> None:
    entries = frame({"dataset": "opendata_list", "generated": True})
    assert kinds(entries) == 0
    assert kinds(entries, listed=["opendata_list"]) == 1
    assert kinds(entries, counting=Counting(generated_lists=True)) == 1


def test_stale_counts_and_is_flagged_or_is_skipped() -> None:
    entries = frame({"at": "2023-06-01T09:00:00+09:00"})
    c = count(entries, BODY, DAY, counts_in=["yamaguchi"])
    assert c.value == 1 and c.evidence["stale"].to_list() == [True]
    assert kinds(entries, counting=Counting(stale="skip")) == 0


@pytest.mark.parametrize(("frequency", "stale"), [("annual", True), ("as-needed", False), ("never", False),
                                                 ("monthly", True), (None, False)])
def test_freshness_follows_the_declared_frequency(frequency: str | None, stale: bool) -> None:
    assert is_stale(date(2024, 1, 1), frequency, date(2026, 3, 31)) is stale


def test_another_bodys_entries_do_not_count() -> None:
    assert kinds(frame({"body": "352128"})) == 0


PLAN = Plan(
    id="mine-dx", body=BODY, title="美祢市DX推進計画", section="⑩", source="美祢市DX推進計画", period_start="2021-04-01",
    period_end="2026-03-31", unit="種類", baseline=Baseline(14, "件"), counts_in=("yamaguchi",),
    target=Target(50, "種類", "2026-03-31", "50件とします"),
)


def test_progress_says_what_is_missing_now_and_what_stood_at_the_deadline() -> None:
    entries = frame({}, {"dataset": "shelter", "at": "2026-05-01T09:00:00+09:00"})
    p = measure_plan(entries, PLAN, date(2026, 11, 21), basic_kinds=["aed", "shelter", "event"])
    assert (p.now.value, p.missing, p.rate) == (2, 48, 4.0)
    assert p.at_deadline is not None and p.at_deadline.value == 1
    assert p.basic_missing == ("event",)
    assert progress_dict(p)["missing"] == 48


def test_a_plan_without_a_number_gets_none_invented() -> None:
    p = measure_plan(frame({}), replace(PLAN, target=None), DAY, basic_kinds=["aed"])
    assert p.missing is None and p.rate is None and p.at_deadline is None


def test_a_plan_that_lists_the_generated_list_counts_it() -> None:
    plan = replace(PLAN, lists=(NamedList("14", (ListItem("オープンデータ一覧", "opendata_list"),)),))
    p = measure_plan(frame({"dataset": "opendata_list", "generated": True}), plan, DAY, basic_kinds=[])
    assert p.now.value == 1


def test_the_same_day_gives_the_same_number_after_later_entries() -> None:
    before = frame({}, {"dataset": "shelter"})
    after = frame({}, {"dataset": "shelter"}, {"dataset": "event", "at": "2026-09-01T09:00:00+09:00"},
                  {"dataset": "aed", "event": "withdrawn", "at": "2026-09-02T09:00:00+09:00"})
    assert progress_dict(measure_plan(before, PLAN, DAY, basic_kinds=["aed"])) == progress_dict(
        measure_plan(after, PLAN, DAY, basic_kinds=["aed"]))


def test_a_second_catalogue_makes_nothing_new_and_the_last_one_withdraws() -> None:
    days = [f"2025-0{m}-01T09:00:00+09:00" for m in range(1, 8)]
    entries = frame({"at": days[0]}, {"at": days[1], "catalogue": "hiroshima"}, {"at": days[2], "event": "updated"},
                    {"at": days[3], "event": "withdrawn"}, {"at": days[4], "event": "withdrawn", "catalogue": "hiroshima"},
                    {"at": days[5]})
    told = changes_between(entries, BODY, date(2025, 1, 1), date(2025, 12, 31), catalogues=["yamaguchi", "hiroshima"])
    assert told["change"].to_list() == ["new", "added", "updated", "dropped", "withdrawn", "again"]
    counts = [kinds(entries, date(2025, m, 2)) for m in range(1, 7)]
    assert counts == [1, 1, 1, 1, 0, 1]  # new, again and withdrawn are what moves the count


def test_the_pc_on_the_internet_counts_without_the_sections_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(Path(__file__).parents[1] / "datasets", tmp_path / "datasets", ignore=shutil.ignore_patterns("inbox"))
    assert main(["ledger", "import", str(tmp_path / "datasets" / "sample_history.csv"), "--workspace", str(tmp_path)]) == 0
    assert main(["kpi", "--as-of", "2026-03-31", "--workspace", str(tmp_path)]) == 0
    assert main(["report", "--fiscal-year", "令和7", "--workspace", str(tmp_path)]) == 0
    assert "実績・評価.md" in capsys.readouterr().out
