"""History from before Kokai comes into the ledger marked as imported, row by row, with nothing guessed."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest

from pipelines.errors import SourceError
from publish.cli import main
from publish.commands.clock import JST
from publish.commands.ledger import plain_title
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


def test_a_catalogues_times_are_japanese_days_and_its_newest_file_is_an_update(tmp_path: Path) -> None:
    path = tmp_path / "search.json"
    path.write_text(json.dumps({"result": {"results": [
        {"name": "352128-tourism", "title": "【柳井市】観光施設一覧(令和2年3月11日時点)",
         "metadata_created": "2026-03-31T15:30:00.123456",  # UTC: the morning after the deadline in Japan
         "resources": [{"format": "XLSX", "last_modified": "2026-04-05T16:00:00"}, {"format": "XLSX"}]}]}}))
    assert [(r.values["day"], r.values.get("event", "")) for r in read_history(path)] == [
        ("2026-04-01", ""), ("2026-04-06", "更新")]


@pytest.mark.parametrize(("title", "plain"), [
    ("【柳井市】観光施設一覧(令和2年3月11日時点)", "観光施設一覧"), ("公共施設一覧（公民館）", "公共施設一覧（公民館）"),
    ("AED設置場所一覧 （xlsx）（令和3年5月24日現在）", "AED設置場所一覧"), ("【見本】【下関市】文化財一覧", "文化財一覧"),
    ("地域・年齢別人口(令和7年度)", "地域・年齢別人口")])
def test_a_title_is_known_without_what_people_write_around_it(title: str, plain: str) -> None:
    assert plain_title(title) == plain


@pytest.mark.parametrize(("head", "rows"), [
    ("データセット_ID,全国地方公共団体コード,データセット_タイトル,データセット_公開日,データセット_最終更新日,データセット_更新頻度,ファイル形式\n",
     "352136_aed,352136,【美祢市】AED設置箇所一覧,2024-04-01,2025-06-01,1年ごと,CSV\n"
     "352136_aed,352136,【美祢市】AED設置箇所一覧,2024-04-01,2025-06-01,1年ごと,GeoJSON\n"),
    ("都道府県コード又は市区町村コード,NO,データ名称,データ形式,更新頻度,登録日,最終更新日\n",
     "352136,1,AED設置箇所一覧,CSV;GeoJSON,1年1回,令和6年4月1日,2025/6/1\n")])
def test_an_open_data_list_of_either_edition_is_read_one_history_a_dataset(tmp_path: Path, head: str, rows: str) -> None:
    path = tmp_path / "list.csv"
    path.write_text(head + rows, encoding="cp932")
    found = history_entries(read_history(path), file=path.name, source_sha256="0" * 64, now=NOW, by="広報課",
                            catalogue="yamaguchi", dataset_of=lambda body, text: ("aed", "aed"))
    assert [(str(e["at"])[:10], e["event"], e["formats"], e["frequency"]) for e in found] == [
        ("2024-04-01", "imported", 2, "annual"), ("2025-06-01", "updated", 2, "annual")]


def test_a_list_that_does_not_say_since_when_counts_from_its_last_update(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("団体コード,データ名称,登録日,最終更新日\n352136,オープンデータ一覧,,2025-06-01\n", encoding="utf-8")
    (found,) = history_entries(read_history(path), file=path.name, source_sha256="0" * 64, now=NOW, by="x",
                               catalogue="yamaguchi", dataset_of=lambda body, text: ("opendata_list", "opendata_list"))
    assert (str(found["at"])[:10], found["generated"]) == ("2025-06-01", True)


def test_all_unknown_datasets_are_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as stop:
        entries(tmp_path, "352136,熊の出没,2024-04-01,公開,yamaguchi,1,1,毎年\n352136,aed,2024-04-01,公開,yamaguchi,1,1,毎年\n"
                          "352136,花火,2024-04-01,公開,yamaguchi,1,1,毎年\n")
    assert "2行目「熊の出没」" in stop.value.ja and "4行目「花火」" in stop.value.ja


def test_an_approval_names_one_dataset(history_workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--by", "課長", "--reason", "統廃合", "--workspace", str(history_workspace)]
    before = read_ledgers(history_workspace / "ledger").height
    assert main(["approve", "aed", *words]) == 2  # four bodies have one
    assert "352136_aed" in capsys.readouterr().err and read_ledgers(history_workspace / "ledger").height == before
    assert main(["approve", "352136_aed", *words]) == 0
    assert read_ledgers(history_workspace / "ledger").height == before + 1
