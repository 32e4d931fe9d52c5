"""Tables on their way into a DataStore: xloader's word is weighed, a dead worker replaced, nothing doubled or dropped."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from pipelines.errors import CatalogueError
from publish.ckan import datastore, loading
from publish.ckan.datastore import IDS_AT_ONCE, Note, absent_tables, fill_table, missing_tables, short_tables, tabulate
from publish.ckan.loading import await_tables
from publish.ckan.token import Token
from publish.ckan.trouble import Later, Refused
from publish.plan import Wanted, WantedFile

ROWS = ["352136,庁舎,34.1", "352136,公園,", "352136,広場,34.3"]
HEAD = ["コード", "名称", "緯度"]
COLUMNS = ({"name": "コード", "type": "string"}, {"name": "名称", "type": "string", "title": "施設の名称"},
           {"name": "緯度", "type": "number"})


class Desk:
    """A DataStore with one table and an xloader that does what `jobs` says; time stands still but for sleeps."""

    def __init__(self) -> None:
        self.token = Token("", "none")
        self.tries = 3
        self.now = 0.0
        self.columns: list[tuple[str, str]] | None = None
        self.rows: list[dict[str, Any]] = []
        self.calls: list[str] = []
        self.counted: list[object] = []
        self.submitted: list[float] = []
        self.status: Callable[[Desk], dict[str, Any]] = lambda desk: {"status": "pending", "job_id": "1", "task_info": None}
        self.before: Callable[[str], None] = lambda action: None
        self.after: Callable[[str], None] = lambda action: None

    def read(self, action: str, data: Mapping[str, Any] | None = None, *, where: str = "") -> Any:
        self.before(action)
        if action == "xloader_status":
            return self.status(self)
        assert action == "datastore_info"
        if self.columns is None:
            raise Refused(404, "Not Found Error", {})
        return {"fields": [{"id": "_id", "type": "int"}, *({"id": n, "type": t} for n, t in self.columns)],
                "meta": {"count": len(self.rows)}}

    def write(self, action: str, data: Mapping[str, Any], files: object = None) -> Any:
        self.before(action)
        self.calls.append(action + (":rows" if "filters" in data else ""))
        self.counted.append(data.get("calculate_record_count"))
        if action == "xloader_submit":
            self.submitted.append(self.now)
        elif action == "datastore_delete":
            self.rows = []
            self.columns = self.columns if "filters" in data else None
        elif action == "datastore_create" and self.columns is None:
            self.columns = [(f["id"], f["type"]) for f in data["fields"]]
        if data.get("records"):
            assert self.columns is not None
            numbers = [n for n, t in self.columns if t == "numeric"]
            if any(r[n] is not None and not str(r[n]).replace(".", "").isdigit() for r in data["records"] for n in numbers):
                self.columns = None if action == "datastore_create" else self.columns  # one transaction
                raise Refused(409, "Validation Error", {"records": ["invalid input syntax"]})
            self.rows += data["records"]
        self.after(action)

    def pause(self, n: int, later: Later) -> None:
        self.now += 1


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    made = Desk()

    def sleep(seconds: float) -> None:
        made.now += seconds

    monkeypatch.setattr(time, "monotonic", lambda: made.now)
    monkeypatch.setattr(time, "sleep", sleep)
    return made


def table(folder: Path, rows: list[str] | None = None) -> WantedFile:
    path = folder / "t.csv"
    path.write_bytes(("\ufeff" + "\r\n".join([",".join(HEAD), *(rows or ROWS)]) + "\r\n").encode())
    return WantedFile("r1", "t.csv", "0" * 64, path.stat().st_size, {"format": "CSV"}, path, len(rows or ROWS), columns=COLUMNS)


def begun(desk: Desk, folder: Path, rows: list[str] | None = None) -> WantedFile:
    made = table(folder, rows)
    assert fill_table(desk, "r1", made, ours=False, fresh=True) == ([], True)  # type: ignore[arg-type]
    return made


def wait(desk: Desk, made: WantedFile, wait_s: float = 60.0) -> list[Note]:
    return await_tables(desk, {"r1": made}, wait_s=wait_s)  # type: ignore[arg-type]


def loaded(desk: Desk, *, rows: int = 3) -> None:
    desk.rows = [{} for _ in range(rows)]


def test_a_resource_that_comes_back_finds_its_old_table_and_no_row_is_doubled(desk: Desk, tmp_path: Path) -> None:
    """Withdrawn, approved and published again: the table of the same id is still there (seen on 2.12.0: 24 of 12 rows)."""
    made = table(tmp_path)
    desk.columns = [("コード", "text"), ("名称", "text"), ("緯度", "numeric")]
    loaded(desk)
    assert fill_table(desk, "r1", made, ours=True, fresh=True) == ([], False)  # type: ignore[arg-type]
    assert len(desk.rows) == 3


@pytest.mark.parametrize(("rows", "state", "short"), [
    (3, "complete", []), (2, "complete", ["2 / 3 rows"]), (6, "complete", ["6 / 3 rows"]), (None, "", ["0 / 3 rows"]),
    (0, "running", []),
])
def test_a_table_that_is_not_whole_is_told_every_time_but_for_one_in_work(
    desk: Desk, tmp_path: Path, rows: int | None, state: str, short: list[str]
) -> None:
    made = table(tmp_path)
    desk.columns = None if rows is None else [("コード", "text")]
    loaded(desk, rows=rows or 0)
    desk.status = lambda d: {"status": state}
    wanted = Wanted("352136_x", "1", "352136", "x", {}, (), {}, (made,), "")
    held = {"resources": [{"id": "r1", "url": "https://x.invalid/t.csv"}]}
    assert [said for _, said in short_tables(desk, wanted, held)] == short  # type: ignore[arg-type]
    assert missing_tables(wanted, held) == ("t.csv",)
    assert missing_tables(wanted, {"resources": [{**held["resources"][0], "datastore_active": True}]}) == ()


def test_a_pending_that_was_written_over_the_end_is_not_believed(desk: Desk, tmp_path: Path) -> None:
    made = begun(desk, tmp_path)
    loaded(desk)
    desk.status = lambda d: {"status": "pending", "job_id": "1", "task_info": {"job_id": "1", "status": "complete"}}
    assert (wait(desk, made), desk.now, desk.submitted) == ([], 1, [0])


def test_the_end_of_another_job_is_not_ours(desk: Desk, tmp_path: Path) -> None:
    made = begun(desk, tmp_path)
    loaded(desk, rows=1)

    def status(d: Desk) -> dict[str, Any]:
        if d.now >= 5:
            loaded(d)
        other = {"job_id": "1", "status": "complete"}
        return {"status": "complete" if d.now >= 5 else "pending", "job_id": "2", "task_info": other}

    desk.status = status
    assert (wait(desk, made), desk.now) == ([], 6)


def test_an_end_without_all_rows_is_waited_for(desk: Desk, tmp_path: Path) -> None:
    """The end of an earlier job, while the one of this file still empties and fills the table."""
    made = begun(desk, tmp_path)

    def status(d: Desk) -> dict[str, Any]:
        if d.now >= 7:
            loaded(d)
        return {"status": "complete", "job_id": "1", "task_info": None}

    desk.status = status
    assert (wait(desk, made), desk.now, desk.submitted) == ([], 7, [0])


def test_a_job_that_does_not_move_is_submitted_again(desk: Desk, tmp_path: Path) -> None:
    made = begun(desk, tmp_path)

    def status(d: Desk) -> dict[str, Any]:
        if len(d.submitted) == 2:
            loaded(d)
            return {"status": "complete", "job_id": "2", "task_info": {"job_id": "2", "status": "complete"}}
        return {"status": "pending", "job_id": "1", "task_info": None}

    desk.status = status
    assert wait(desk, made) == []
    assert desk.submitted == [0, loading.AGAIN_S + 1]


@pytest.mark.parametrize("state", ["pending", ""])
def test_a_dead_worker_is_replaced_by_us_and_that_is_said(desk: Desk, tmp_path: Path, state: str) -> None:
    made = begun(desk, tmp_path)
    desk.rows = [{"コード": "left by a job that died"}]
    desk.status = lambda d: {"status": state, "job_id": "1", "task_info": None}
    (note,) = wait(desk, made)
    assert (note.path, note.failed) == ("t.csv", False)
    assert "Kokai が DataStore に入れました" in note.ja
    assert [r["名称"] for r in desk.rows] == ["庁舎", "公園", "広場"]
    assert [r["緯度"] for r in desk.rows] == ["34.1", None, "34.3"]
    assert desk.now == loading.STILL_S + 1
    assert "datastore_delete" not in desk.calls


def test_a_job_that_runs_is_never_disturbed_and_named_in_the_end(desk: Desk, tmp_path: Path) -> None:
    """A call of the DataStore that meets xloader's job locks both for ever (CKAN 2.12.0, seen in pg_stat_activity)."""
    made = begun(desk, tmp_path)
    desk.calls = []
    desk.status = lambda d: {"status": "running", "job_id": "1", "task_info": None}
    desk.before = lambda action: pytest.fail(action) if action.startswith("datastore") else None
    (note,) = wait(desk, made)
    assert note.failed and "まだ終わっていません" in note.ja
    assert (desk.calls, desk.now) == ([], 60)


def test_a_table_that_does_not_take_the_types_is_loaded_as_text(desk: Desk, tmp_path: Path) -> None:
    made = begun(desk, tmp_path)

    def status(d: Desk) -> dict[str, Any]:
        if len(d.submitted) == 2:
            loaded(d)
        return {"status": "complete" if len(d.submitted) == 2 else "error", "job_id": "1", "task_info": None}

    desk.status = status
    assert wait(desk, made) == []
    assert len(desk.submitted) == 2


def test_without_xloader_we_fill_and_a_wrong_number_makes_all_columns_text(desk: Desk, tmp_path: Path) -> None:
    made = table(tmp_path, [*ROWS, "352136,橋,北緯34度"])
    assert fill_table(desk, "r1", made, ours=True, fresh=True) == ([], False)  # type: ignore[arg-type]
    assert len(desk.rows) == 4
    assert desk.columns == [(n, "text") for n in HEAD]


def test_many_rows_go_in_blocks_and_are_counted_with_the_last(desk: Desk, tmp_path: Path) -> None:
    made = table(tmp_path, [f"352136,施設{n},34.{n}" for n in range(2 * datastore.CHUNK_ROWS + 1)])
    assert fill_table(desk, "r1", made, ours=True, fresh=True) == ([], False)  # type: ignore[arg-type]
    assert desk.calls == ["datastore_create", "datastore_upsert", "datastore_upsert"]
    assert desk.counted == [False, False, True]
    assert [r["名称"] for r in desk.rows] == [f"施設{n}" for n in range(made.rows or 0)]


def test_tables_that_a_purged_dataset_left_are_found_by_one_question(tmp_path: Path) -> None:
    asked: list[dict[str, Any]] = []

    class Portal:
        def read(self, action: str, data: dict[str, Any]) -> dict[str, Any]:
            asked.append(data)
            return {"records": [{"name": n} for n in data["filters"]["name"] if n == "r7"]}

    found = absent_tables(Portal(), [f"r{n}" for n in range(IDS_AT_ONCE + 1)])  # type: ignore[arg-type]
    assert len(asked) == 2 and all(d["resource_id"] == "_table_metadata" for d in asked)
    assert "r7" not in found and len(found) == IDS_AT_ONCE


def test_where_the_portal_does_not_list_its_tables_each_is_looked_at() -> None:
    class Portal:
        def read(self, action: str, data: dict[str, Any]) -> dict[str, Any]:
            raise Refused(403, "Authorization Error", {})

    assert absent_tables(Portal(), ["r1"]) == frozenset()  # type: ignore[arg-type]


@pytest.mark.parametrize("absent", [True, False])
def test_a_table_is_emptied_first_unless_it_is_known_to_be_absent(desk: Desk, tmp_path: Path, absent: bool) -> None:
    looks: list[str] = []
    desk.before = looks.append
    if not absent:
        desk.columns, desk.rows = [("コード", "text"), ("名称", "text"), ("緯度", "numeric")], [{"コード": "1"}]
    assert fill_table(desk, "r1", table(tmp_path), ours=True, fresh=True, absent=absent) == ([], False)  # type: ignore[arg-type]
    assert len(desk.rows) == 3
    assert ("datastore_info" in looks) is not absent


def test_an_answer_lost_in_the_middle_doubles_no_row(desk: Desk, tmp_path: Path) -> None:
    lost = iter([True])

    def after(action: str) -> None:
        if action == "datastore_create" and next(lost, False):
            raise Later("cut")

    desk.after = after
    assert fill_table(desk, "r1", table(tmp_path), ours=True, fresh=True) == ([], False)  # type: ignore[arg-type]
    assert len(desk.rows) == 3
    assert "datastore_delete:rows" in desk.calls


@pytest.mark.parametrize("state", ["pending", "running", "running_but_viewable", "submitting"])
def test_a_table_whose_job_waits_or_runs_stays_untouched_with_xloader(desk: Desk, tmp_path: Path, state: str) -> None:
    desk.columns = [(n, "text") for n in HEAD]
    desk.status = lambda d: {"status": state, "job_id": "1", "task_info": None}
    desk.before = lambda action: pytest.fail(action) if action.startswith("datastore") else None
    assert fill_table(desk, "r1", table(tmp_path), ours=True, fresh=False) == ([], True)  # type: ignore[arg-type]
    assert (desk.calls, desk.now) == ([], datastore.SETTLE_STEPS)


def test_a_table_is_filled_once_two_looks_found_no_job(desk: Desk, tmp_path: Path) -> None:
    """The end of a job may start the next one: complete at 3 s, pending again at 4 s, over at 6 s."""
    desk.columns, desk.rows = [(n, "text") for n in HEAD], [{}]
    desk.status = lambda d: {"status": "complete" if d.now == 3 or d.now >= 6 else "pending", "job_id": "1", "task_info": None}
    touched: list[float] = []
    desk.before = lambda action: touched.append(desk.now) if action.startswith("datastore") else None
    assert fill_table(desk, "r1", table(tmp_path), ours=True, fresh=False) == ([], False)  # type: ignore[arg-type]
    assert (desk.calls, len(desk.rows), min(touched)) == (["datastore_delete", "datastore_create"], 3, 7)


def test_a_table_with_the_same_headings_is_never_dropped(desk: Desk, tmp_path: Path) -> None:
    """xloader's job for the edition before may be loading it; a job makes a table of its own where it finds none."""
    desk.columns = [(n, "text") for n in HEAD]
    tabulate(desk, "r1", table(tmp_path))  # type: ignore[arg-type]
    assert desk.calls == ["datastore_create"]


def test_a_table_with_other_headings_is_dropped(desk: Desk, tmp_path: Path) -> None:
    desk.columns = [("旧", "text")]
    tabulate(desk, "r1", table(tmp_path))  # type: ignore[arg-type]
    assert desk.calls == ["datastore_delete", "datastore_create"]
    assert [n for n, _ in desk.columns or []] == HEAD


def test_a_datastore_that_refuses_is_a_note_and_no_stop(desk: Desk, tmp_path: Path) -> None:
    made = begun(desk, tmp_path)

    def refuse(action: str) -> None:
        raise CatalogueError("portal-unreachable", "返事がありません。", "no answer")

    desk.before = refuse
    (note,) = wait(desk, made)
    assert note.failed and "ファイルは公開済み" in note.ja and "no answer" in note.en


def test_a_file_too_large_for_us_is_left_to_xloader(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datastore, "MAX_OWN_BYTES", 10)
    made = begun(desk, tmp_path)
    (note,) = wait(desk, made)
    assert note.failed and desk.rows == []


def test_no_waiting_asks_nothing(desk: Desk, tmp_path: Path) -> None:
    made = begun(desk, tmp_path)
    desk.before = lambda action: pytest.fail(action)
    assert wait(desk, made, wait_s=0) == []
