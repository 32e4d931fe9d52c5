"""History from before Kokai comes into the ledger marked as imported, row by row, with nothing guessed."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest

from pipelines.errors import SourceError
from publish.cli import main
from publish.commands.clock import JST
from publish.ledger import history_entries, read_history, read_ledgers

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=JST)
HEAD = "団体コード,データセット,日付,できごと,カタログ,件数,ファイル数,更新頻度\n"


def entries(tmp_path: Path, rows: str, *, head: str = HEAD, encoding: str = "utf-8", **more: str) -> list[dict[str, object]]:
    path = tmp_path / "history.csv"
    path.write_text(head + rows, encoding=encoding)
    return history_entries(read_history(path), file=path.name, source_sha256="0" * 64, now=NOW, by="広報課",
                           dataset_of=lambda body, text: ("aed", "aed") if text in ("aed", "AED設置箇所一覧") else None, **more)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
def test_a_row_becomes_an_entry_that_says_when_it_was_recorded_and_from_where(tmp_path: Path, encoding: str) -> None:
    (found,) = entries(tmp_path, "352136,aed,令和5年4月1日,公開,yamaguchi,\"1,234\",2,毎年\n", encoding=encoding)
    assert (found["at"], found["event"], found["rows"]) == ("2023-04-01T00:00:00+09:00", "imported", 1234)
    assert found["recorded"] == "2026-11-21T09:00:00+09:00" and "history.csv(2行目" in str(found["reason"])
    assert (found["frequency"], found["kind"], found["hosted"]) == ("annual", "aed", True)


def test_rows_are_put_in_order_of_time_and_events_told_apart(tmp_path: Path) -> None:
    found = entries(tmp_path, "352136,aed,2024-05-01,取下げ,y,,,\n352136,aed,2023/4/1,公開,y,,,\n352136,aed,R5.12.1,更新,y,,,\n")
    assert [e["event"] for e in found] == ["imported", "updated", "withdrawn"]


@pytest.mark.parametrize(("row", "named"), [
    ("352137,aed,2024-04-01,公開,y,,,", "団体コード"), ("352136,nope,2024-04-01,公開,y,,,", "nope"),
    ("352136,aed,2024-13-01,公開,y,,,", "2024-13-01"), ("352136,aed,2024-04-01,増えた,y,,,", "増えた"),
    ("352136,aed,2024-04-01,公開,,,,", "カタログ"), ("352136,aed,2024-04-01,公開,y,たくさん,,", "たくさん"),
    ("352136,aed,2024-04-01,公開,y,1,1,ときどき", "ときどき"),
])
def test_a_row_that_cannot_be_read_stops_the_import_and_is_named(tmp_path: Path, row: str, named: str) -> None:
    with pytest.raises(SourceError) as stop:
        entries(tmp_path, "352136,aed,2024-04-01,公開,y,,,\n" + row + "\n")
    assert named in stop.value.ja and "3行目" in stop.value.where and stop.value.todo_ja


def test_a_list_without_days_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="日付"):
        entries(tmp_path, "352136,aed\n", head="団体コード,データセット\n")


def test_a_catalogues_own_list_is_read(tmp_path: Path) -> None:
    path = tmp_path / "search.json"
    path.write_text(json.dumps({"result": {"results": [
        {"name": "352136_aed", "title": "AED設置箇所一覧", "metadata_created": "2024-05-01T01:02:03", "license_id": "cc-by",
         "resources": [{"format": "CSV"}, {"format": "XLSX"}]}]}}))
    (found,) = history_entries(read_history(path), file=path.name, source_sha256="0" * 64, now=NOW, by="x", body="352136",
                               catalogue="yamaguchi", dataset_of=lambda b, t: ("aed", "aed"))
    assert (found["at"][:10], found["files"], found["formats"], found["name"]) == ("2024-05-01", 2, 2, "352136_aed")
    path.write_text("[]")
    with pytest.raises(SourceError):
        read_history(path)


def test_importing_the_same_list_twice_adds_nothing(history_workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ledger = history_workspace / "ledger"
    before = read_ledgers(ledger)
    assert before["recorded"].is_not_null().all() and before["sample"].all()
    file = str(history_workspace / "datasets" / "sample_history.csv")
    assert main(["ledger", "import", file, "--workspace", str(history_workspace)]) == 0
    assert read_ledgers(ledger).equals(before)
    assert "すでに台帳にある" in capsys.readouterr().out
