"""The release gate: what great_expectations answers decides, and it is asked only where there is something to ask."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines.expect import ReleaseVerdict, asking, check_release
from pipelines.messages import level_of, load_messages
from pipelines.model import Field, Requirement, Standard, Table

ROOT = Path(__file__).parents[1]


def _field(name: str, type_: str = "string", rule: str | None = None) -> Field:
    return Field(name, type_, None, rule, Requirement("optional", "read"), (), {})


STANDARD = Standard(
    "aed", "recommended-v1", "AED設置箇所一覧", "AEDs", "01", "aed", False, "exact",
    (_field("ID"), _field("名称"), _field("緯度", "number", "lat"), _field("経度", "number", "lon"),
     _field("台数", "integer")), {"primaryKey": "ID"},
)
Change = Callable[[int, list[str | None]], list[str | None]]


def _rows(count: int, change: Change | None = None) -> Table:
    rows: list[list[str | None]] = [
        [f"A{i}", f"施設{i}", f"{34.1 + i * 0.001:.6f}", "131.200000", "3"] for i in range(count)]
    return Table.from_rows(STANDARD.names, [change(i, r) if change else r for i, r in enumerate(rows)])


def _ask(now: Table, last: Table | None, expect: Mapping[str, Any] | None = None) -> ReleaseVerdict:
    return check_release(now, last, standard=STANDARD, expect=expect or {}, dataset_name="352136_aed")


def _set(column: int, value: str | None, until: int) -> Change:
    return lambda i, row: [value if c == column and i < until else v for c, v in enumerate(row)]


def _shift(until: int) -> Change:
    return lambda i, row: [f"{float(v or 0) + 0.01:.6f}" if c == 2 and i < until else v for c, v in enumerate(row)]


def _renumber(until: int) -> Change:
    return lambda i, row: [f"B{i}", *row[1:]] if i < until else row


CASES = [
    # now, expect, codes
    (_rows(100), {}, []),
    (_rows(80), {}, []),
    (_rows(79), {}, ["release-shrank", "release-keys-lost"]),
    (_rows(79), {"rows": {"max_drop_percent": 50}, "keys": {"min_kept_share": 0.5}}, []),
    (_rows(0), {}, ["release-emptied"]),
    (_rows(201), {}, ["release-grew"]),
    (_rows(201), {"rows": {"max_growth_percent": 150}}, []),
    (_rows(100), {"rows": {"min": 150}}, ["release-shrank"]),
    (_rows(100, _set(4, None, 20)), {}, []),
    (_rows(100, _set(4, None, 21)), {}, ["release-fill-dropped"]),
    (_rows(100, _set(4, None, 21)), {"max_fill_drop_points": 30}, []),
    (_rows(100, _set(4, None, 21)), {"max_fill_drop_points": 30, "fill": {"台数": 0.9}}, ["release-fill-low"]),
    (_rows(100, _set(4, "30", 100)), {}, ["release-mean-shifted"]),  # a unit or a digit
    (_rows(100, _set(4, "4", 100)), {"mean": {"台数": {"max": 3.5}}}, ["release-mean-outside"]),
    (_rows(100, _shift(10)), {}, []),
    (_rows(100, _shift(30)), {}, ["release-points-moved"]),
    (_rows(100, _shift(30)), {"points": {"max_moved_share": 0.5}}, []),
    (_rows(100, _shift(30)), {"points": {"moved_m": 2000}}, []),
    (_rows(100, _renumber(40)), {}, ["release-keys-lost"]),
    (_rows(100, _renumber(40)), {"keys": {"columns": ["名称"]}}, []),
]


@pytest.mark.parametrize(("now", "expect", "codes"), CASES)
def test_each_way_of_going_wrong_is_held_and_the_bands_are_exact(
    now: Table, expect: dict[str, Any], codes: list[str]
) -> None:
    verdict = _ask(now, _rows(100), expect)
    assert verdict.findings["code"].to_list() == codes
    assert verdict.passed is (not codes)
    assert all(level_of(c) == "error" for c in codes)
    for code, params in verdict.findings.select("code", "params").rows():  # the numbers that the words need
        for key in ("now", "last", "percent", "min", "max"):
            if "{" + key + "}" in load_messages()["findings"][code]["ja"]:
                assert json.loads(params).get(key) is not None, (code, key)


def test_the_block_comes_from_great_expectations_own_result(monkeypatch: pytest.MonkeyPatch) -> None:
    verdict = _ask(_rows(70), _rows(100))
    assert verdict.result["great_expectations_version"]
    rows = verdict.result["results"][0]
    assert (rows["type"], rows["success"], rows["observed"]) == ("ExpectTableRowCountToBeBetween", False, 70)
    assert verdict.passed is verdict.result["success"] is False

    from great_expectations.datasource.fluent.interfaces import Batch

    asked: list[str] = []
    original = Batch.validate

    def watched(self: Any, suite: Any, **more: Any) -> Any:
        outcome = original(self, suite, **more)
        for one in outcome.results:
            asked.append(one.expectation_config.type)
            one.success = True  # whatever the data, the library's word decides
        return outcome

    monkeypatch.setattr(Batch, "validate", watched)
    assert _ask(_rows(70), _rows(100)).passed
    assert {"expect_table_row_count_to_be_between", "expect_column_values_to_not_be_null",
            "expect_column_mean_to_be_between", "expect_table_columns_to_match_set"} <= set(asked)


def test_nothing_to_compare_asks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: Any) -> dict[str, Any]:
        raise AssertionError("asked")

    monkeypatch.setattr("pipelines.expect.ask_great_expectations", never)
    verdict = _ask(_rows(3), None)
    assert verdict.passed and verdict.findings.is_empty() and verdict.result == {}


def test_declared_bounds_hold_for_a_first_release() -> None:
    assert _ask(_rows(3), None, {"rows": {"min": 5}}).findings["code"].to_list() == ["release-too-few"]
    assert _ask(_rows(9), None, {"rows": {"max": 5}}).findings["code"].to_list() == ["release-too-many"]
    assert _ask(_rows(0), None, {"rows": {"min": 1}}).findings["code"].to_list() == ["release-emptied"]
    assert _ask(_rows(5), None, {"rows": {"min": 5}, "fill": {"名称": 1.0}}).passed


def test_a_lost_column_is_held_and_a_new_one_is_told() -> None:
    full = _rows(30)
    less = Table(full.frame.drop("台数"))
    assert _ask(less, full).findings["code"].to_list() == ["release-column-lost"]
    assert _ask(less, full, {"columns": {"allow_lost": True}}).passed
    added = _ask(full, less)
    assert added.passed and added.findings["code"].to_list() == ["release-column-added"]
    assert _ask(full, less, {"columns": {"allow_new": False}}).findings["code"].to_list() == ["release-column-new"]


def test_small_tables_may_change_by_a_row_or_a_cell() -> None:
    assert _ask(_rows(3), _rows(4)).passed
    assert _ask(_rows(3, _set(4, None, 1)), _rows(3)).passed
    assert _ask(_rows(12), _rows(3)).passed
    assert not _ask(_rows(2), _rows(6)).passed


def test_renumbered_rows_do_not_make_points_move() -> None:
    def number(table: Table, first: int) -> Table:
        ids = [str(i + first) for i in range(table.rows)]
        return Table(table.frame.with_columns(ID=pl.Series(ids)))

    assert _ask(number(_rows(100), 2), number(_rows(100), 1)).passed


def test_the_result_is_the_same_twice_and_holds_no_cell() -> None:
    last, now = _rows(50), _rows(50, _set(1, "秘密の名前", 30))
    first, second = (json.dumps(_ask(now, last).result, ensure_ascii=False) for _ in range(2))
    assert first == second
    assert "秘密" not in first and "施設1" not in first


def test_it_opens_no_connection_writes_no_file_in_the_home_and_prints_nothing(tmp_path: Path) -> None:
    code = (
        "import socket, sys\n"
        "def no(*a, **k): raise OSError('network')\n"
        "socket.socket.connect = no; socket.create_connection = no; socket.getaddrinfo = no\n"
        "from pipelines import expect\n"
        "assert 'great_expectations' not in sys.modules and 'pandas' not in sys.modules\n"
        "from tests.test_expect import _rows, _ask\n"
        "assert not _ask(_rows(70), _rows(100)).passed\n"
    )
    home = tmp_path / "home"
    home.mkdir()
    temporary = tmp_path / "t"
    temporary.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
        env={"HOME": str(home), "PYTHONPATH": str(ROOT), "PATH": "", "TMPDIR": str(temporary)},
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not list(Path(tmp_path / "t").iterdir())
    assert list(home.iterdir()) == [] and sorted(p.name for p in tmp_path.iterdir()) == ["home", "t"]


def test_the_library_stays_out_of_the_way_of_the_callers_logging() -> None:
    import logging

    logger = logging.getLogger("great_expectations")
    before = logger.level
    with asking.quiet():
        assert logger.level == logging.CRITICAL
    assert logger.level == before


def test_two_checks_that_ask_the_same_thing_are_both_answered() -> None:
    """A fill share declared at the level that the last release had: great_expectations keeps one of the two."""
    table = Table.from_rows(["ID", "名称"], [[str(i), f"館{i}"] for i in range(10)])
    verdict = check_release(table, table, standard=STANDARD, expect={"fill": {"名称": 0.8}, "rows": {"min": 8}},
                            dataset_name="x")
    assert verdict.passed and all("success" in answer for answer in verdict.result["results"])
