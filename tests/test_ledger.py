"""The ledger: append-only, chained, and every change named by its line."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from publish.ledger import LedgerError, append_entries, ledger_path, read_ledger, read_ledgers, verify_ledger

CODE = "352136"


def entry(dataset: str, event: str = "published", at: str = "2026-04-01T09:00:00+09:00") -> dict[str, object]:
    return {"at": at, "event": event, "body": CODE, "dataset": dataset, "name": f"{CODE}_{dataset}", "kind": dataset,
            "catalogue": "yamaguchi", "rows": 3, "files": 2, "sha256": "0" * 64, "by": "広報課"}


def fill(root: Path, n: int = 5) -> Path:
    append_entries(root, CODE, [entry(f"d{i}") for i in range(n)])
    return ledger_path(root, CODE)


def test_what_is_appended_is_read_back_in_order(tmp_path: Path) -> None:
    fill(tmp_path, 3)
    append_entries(tmp_path, CODE, [entry("d3", "withdrawn")])
    frame = read_ledger(tmp_path, CODE)
    assert frame["dataset"].to_list() == ["d0", "d1", "d2", "d3"]
    assert frame["seq"].to_list() == [1, 2, 3, 4]
    assert frame["event"].to_list()[-1] == "withdrawn"


def test_an_intact_ledger_verifies_and_an_absent_one_is_empty(tmp_path: Path) -> None:
    assert verify_ledger(ledger_path(tmp_path, CODE)) is None
    assert read_ledger(tmp_path, CODE).height == 0
    assert verify_ledger(fill(tmp_path)) is None


@pytest.mark.parametrize("line", [1, 2, 4])
def test_a_changed_line_is_named(tmp_path: Path, line: int) -> None:
    path = fill(tmp_path)
    lines = path.read_bytes().splitlines(keepends=True)
    lines[line - 1] = lines[line - 1].replace(b'"rows":3', b'"rows":9')
    path.write_bytes(b"".join(lines))
    broken = verify_ledger(path)
    assert broken is not None and broken.line == line + 1
    with pytest.raises(LedgerError):
        read_ledger(tmp_path, CODE)


def test_a_changed_last_line_is_named_by_the_head(tmp_path: Path) -> None:
    path = fill(tmp_path)
    path.write_bytes(path.read_bytes().replace(b'"dataset":"d4"', b'"dataset":"dX"'))
    broken = verify_ledger(path)
    assert broken is not None and broken.line == 5


def test_a_removed_line_and_a_cut_off_end_are_named(tmp_path: Path) -> None:
    path = fill(tmp_path)
    whole = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(whole[:2] + whole[3:]))
    broken = verify_ledger(path)
    assert broken is not None and broken.line == 3
    path.write_bytes(b"".join(whole[:3]))
    broken = verify_ledger(path)
    assert broken is not None and broken.line == 4


def test_a_lost_file_is_told(tmp_path: Path) -> None:
    fill(tmp_path).unlink()
    assert verify_ledger(ledger_path(tmp_path, CODE)) is not None


def test_a_half_written_line_is_set_aside_by_the_next_append(tmp_path: Path) -> None:
    path = fill(tmp_path)
    with open(path, "ab") as out:
        out.write(b'{"prev":"abc')
    assert verify_ledger(path) is not None
    assert read_ledger(tmp_path, CODE).height == 5
    append_entries(tmp_path, CODE, [entry("d9")])
    assert verify_ledger(path) is None
    assert path.with_suffix(".torn").read_bytes().startswith(b'{"prev":"abc')
    assert read_ledger(tmp_path, CODE)["dataset"].to_list()[-1] == "d9"


def test_a_crash_between_the_lines_and_the_head_leaves_a_ledger_that_goes_on(tmp_path: Path) -> None:
    path = fill(tmp_path, 2)
    head = path.with_suffix(".head").read_bytes()
    append_entries(tmp_path, CODE, [entry("d5")])
    path.with_suffix(".head").write_bytes(head)
    assert verify_ledger(path) is None
    append_entries(tmp_path, CODE, [entry("d6")])
    assert read_ledger(tmp_path, CODE).height == 4


def test_nothing_is_appended_to_a_broken_ledger(tmp_path: Path) -> None:
    path = fill(tmp_path)
    path.write_bytes(path.read_bytes().replace(b'"rows":3', b'"rows":4', 1))
    before = path.read_bytes()
    with pytest.raises(LedgerError) as stop:
        append_entries(tmp_path, CODE, [entry("d9")])
    assert stop.value.code == "ledger-broken" and path.read_bytes() == before


def test_two_writers_do_not_corrupt_it(tmp_path: Path) -> None:
    def write(k: int) -> None:
        for i in range(10):
            append_entries(tmp_path, CODE, [entry(f"w{k}_{i}")])

    threads = [threading.Thread(target=write, args=(k,)) for k in range(3)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert read_ledger(tmp_path, CODE).height == 30
    assert verify_ledger(ledger_path(tmp_path, CODE)) is None


@pytest.mark.parametrize("wrong", [{"event": "nonsense"}, {"at": "2026-04-01"}, {"at": "2026-04-01T00:00:00Z"}])
def test_an_entry_of_another_form_is_refused(tmp_path: Path, wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="not a ledger entry"):
        append_entries(tmp_path, CODE, [{**entry("d0"), **wrong}])


def test_the_ledgers_of_several_bodies_are_read_together(tmp_path: Path) -> None:
    fill(tmp_path, 2)
    append_entries(tmp_path, "352128", [{**entry("aed"), "body": "352128"}])
    assert read_ledgers(tmp_path)["body"].to_list() == ["352128", CODE, CODE]
