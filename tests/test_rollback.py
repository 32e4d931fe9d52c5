"""Going back to an earlier edition: a new time, said in the ledger, and not undone by the next run."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from publish.cli import main
from publish.ledger import append_entries, read_ledger, return_words, undone_editions
from publish.ledger.entries import ENTRIES
from publish.push.publishing import last_events
from publish.run import withdrawn_names

ROOT = Path(__file__).parents[1]
NAME = "352136_public_toilet"


def entries(*lines: tuple[str, str, str, str]) -> pl.DataFrame:
    rows = [{"name": NAME, "event": e, "catalogue": c, "sha256": s, "reason": r} for e, c, s, r in lines]
    return pl.DataFrame(rows, schema={k: v for k, v in ENTRIES.items() if k in ("name", "event", "catalogue", "sha256", "reason")})


ONE, TWO, THREE = (("updated", "ckan", n, "") for n in ("1", "2", "3"))


def back(sha: str, catalogue: str = "ckan") -> list[tuple[str, str, str, str]]:
    return [("updated", catalogue, sha, ""), ("noted", catalogue, sha, return_words(int(sha), "誤り"))]


@pytest.mark.parametrize(("lines", "undone"), [
    ([ONE, TWO], {}),
    ([ONE, TWO, *back("1")], {NAME: {"2"}}),
    ([ONE, TWO, THREE, *back("2"), *back("1")], {NAME: {"2", "3"}}),
    ([ONE, TWO, *back("1"), *back("2")], {NAME: {"1"}}),
    ([ONE, TWO, *back("1"), ("approved", "", "", "確認")], {}),
    ([ONE, TWO, *back("1"), THREE], {NAME: {"2"}}),
    ([ONE, TWO, ("noted", "ckan", "1", "第1版のメモ")], {}),
    ([ONE, TWO, ("updated", "embedded", "1", ""), ("updated", "embedded", "2", ""), *back("1", "embedded")], {}),
])
def test_the_editions_that_were_left_stay_out_until_approved(lines: list[Any], undone: dict[str, set[str]]) -> None:
    assert undone_editions(entries(*lines), "ckan") == undone


@pytest.fixture
def place(tmp_path: Path) -> Path:
    body = tmp_path / "datasets" / "352136_mine"
    shutil.copytree(ROOT / "datasets" / "352136_mine", body)
    shutil.copy(ROOT / "datasets" / "catalogues.yml", body.parent)
    return tmp_path


def kokai(place: Path, *words: str) -> int:
    return main([*words, "--workspace", str(place)])


def shown(place: Path) -> dict[str, Any]:
    path = place / "var" / "catalogue" / "current" / "api" / "3" / "action" / "package_show" / NAME
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["result"]
    return found


def test_a_return_has_a_new_time_and_is_not_undone_by_the_next_run(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def day(n: int) -> None:
        monkeypatch.setenv("SOURCE_DATE_EPOCH", str(1_800_000_000 + n * 86_400))

    yml = place / "datasets" / "352136_mine" / "toilet.yml"
    day(0)
    assert kokai(place, "build", "toilet", "--quiet") == 0 and kokai(place, "publish", "toilet") == 0
    first = shown(place)
    yml.write_text(yml.read_text(encoding="utf-8").replace("title: 【見本】", "title: 【見本】誤った"), encoding="utf-8")
    day(1)
    assert kokai(place, "build", "toilet", "--quiet") == 0 and kokai(place, "publish", "toilet") == 0
    assert "誤った" in shown(place)["title"]
    day(2)
    assert kokai(place, "rollback", "toilet") == 2  # who, and why
    assert kokai(place, "rollback", "toilet", "--by", "係長", "--reason", "題名の誤り") == 0
    assert shown(place)["title"] == first["title"]
    assert shown(place)["metadata_modified"] > first["metadata_modified"]
    day(3)
    capsys.readouterr()
    assert kokai(place, "publish", "toilet") == 0 and f"kokai approve {NAME}" in capsys.readouterr().out
    assert shown(place)["title"] == first["title"]
    assert kokai(place, "plan", "--catalogue", "embedded", "--exit-code") == 0
    assert kokai(place, "approve", "toilet", "--by", "係長", "--reason", "これでよい") == 0
    assert kokai(place, "publish", "toilet") == 0 and "誤った" in shown(place)["title"]
    events = read_ledger(place / "ledger", "352136")["event"].to_list()
    assert events == ["published", "updated", "updated", "noted", "approved", "updated"]


def test_what_is_withdrawn_does_not_come_back_by_a_return_or_a_note(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert kokai(place, "build", "toilet", "--quiet") == 0 and kokai(place, "publish", "toilet") == 0
    signed = ["--by", "係長", "--reason", "誤り"]
    assert kokai(place, "withdraw", "toilet", *signed) == 0
    assert kokai(place, "rollback", "toilet", "--to", "1", *signed) == 2
    assert "rollback-withdrawn" in capsys.readouterr().err
    assert read_ledger(place / "ledger", "352136")["event"].to_list() == ["published", "withdrawn"]
    append_entries(place / "ledger", "352136", [{
        "at": "2027-01-01T00:00:00+09:00", "event": "noted", "body": "352136", "dataset": "toilet", "name": NAME,
        "catalogue": "embedded", "by": "係長", "reason": "第1版に戻す: 誤り"}])
    assert kokai(place, "publish", "toilet") == 0
    assert shown(place)["resources"] == [] and NAME in withdrawn_names(read_ledger(place / "ledger", "352136"))
    assert last_events(read_ledger(place / "ledger", "352136"), "embedded") == {NAME: "withdrawn"}


def test_a_return_to_what_is_public_now_says_so_and_notes_nothing(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert kokai(place, "build", "toilet", "--quiet") == 0 and kokai(place, "publish", "toilet") == 0
    assert kokai(place, "rollback", "toilet", "--to", "1", "--by", "係長", "--reason", "誤り") == 2
    assert "rollback-same" in capsys.readouterr().err
    assert read_ledger(place / "ledger", "352136")["event"].to_list() == ["published"]


def test_a_handover_takes_nothing_that_was_withdrawn_or_left(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    zipped = str(place / "x.zip")
    signed = ["--by", "係長", "--reason", "誤り"]
    assert kokai(place, "build", "toilet", "--quiet") == 0 and kokai(place, "publish", "toilet") == 0
    yml = place / "datasets" / "352136_mine" / "toilet.yml"
    yml.write_text(yml.read_text(encoding="utf-8").replace("title: 【見本】", "title: 【見本】誤った"), encoding="utf-8")
    assert kokai(place, "build", "toilet", "--quiet") == 0
    assert kokai(place, "handover", "toilet", "-o", zipped) == 0 and "に1件を入れました" in capsys.readouterr().out
    assert kokai(place, "publish", "toilet") == 0 and kokai(place, "rollback", "toilet", *signed) == 0
    assert kokai(place, "handover", "toilet", "-o", zipped) == 0
    told = capsys.readouterr().out
    assert "に0件を入れました" in told and f"戻したまま {NAME}" in told
    assert kokai(place, "withdraw", "toilet", *signed) == 0 and kokai(place, "handover", "toilet", "-o", zipped) == 0
    told = capsys.readouterr().out
    assert "に0件を入れました" in told and f"取下げ済み {NAME}" in told
    assert kokai(place, "approve", "toilet", *signed) == 0 and kokai(place, "handover", "toilet", "-o", zipped) == 0
    assert "に1件を入れました" in capsys.readouterr().out
