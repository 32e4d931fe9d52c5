"""The checkpoint is honest, appends stay cheap, two processes do not corrupt a ledger, a lost head is told."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from publish.cli import main
from publish.ledger import (
    LedgerError,
    append_entries,
    chain,
    cores,
    ledger_path,
    read_ledger,
    read_ledgers,
    renew_head,
    verify_checkpoint,
    verify_everything,
    verify_ledger,
    write_checkpoint,
)
from publish.ledger.entries import write_line

CODE, OTHER = "352136", "352128"
ROOT = Path(__file__).parents[1]


def entry(dataset: str, code: str = CODE, **more: object) -> dict[str, object]:
    return {"at": "2026-04-01T09:00:00+09:00", "event": "published", "body": code, "dataset": dataset, "rows": 3,
            "name": f"{code}_{dataset}", "kind": dataset, "catalogue": "yamaguchi", "by": "広報課", **more}


def fill(root: Path, n: int = 5) -> Path:
    for code in (CODE, OTHER):
        append_entries(root, code, [entry(f"d{i}", code) for i in range(n)])
    return ledger_path(root, CODE)


def test_with_a_checkpoint_the_same_entries_are_read(tmp_path: Path) -> None:
    fill(tmp_path)
    before = read_ledgers(tmp_path)
    write_checkpoint(tmp_path)
    assert read_ledgers(tmp_path).equals(before)
    append_entries(tmp_path, CODE, [entry("later")])
    assert read_ledgers(tmp_path)["dataset"].to_list() == [*(f"d{i}" for i in range(5)), *(f"d{i}" for i in range(5)), "later"]
    assert read_ledger(tmp_path, CODE)["seq"].to_list() == [1, 2, 3, 4, 5, 6]
    assert verify_checkpoint(tmp_path) is None


@pytest.mark.parametrize("codes", [None, [CODE]])
def test_bytes_that_differ_from_the_checkpoint_are_named_by_line(tmp_path: Path, codes: list[str] | None) -> None:
    path = fill(tmp_path)
    write_checkpoint(tmp_path)
    path.write_bytes(path.read_bytes().replace(b'"dataset":"d2"', b'"dataset":"dX"'))
    with pytest.raises(LedgerError) as stop:
        read_ledgers(tmp_path, codes)
    assert "4行目" in stop.value.ja  # line 3 was changed, so line 4 no longer follows from it


def test_a_ledger_whose_whole_chain_was_rewritten_is_told_by_the_checkpoint_and_its_line_named(tmp_path: Path) -> None:
    path = fill(tmp_path)
    write_checkpoint(tmp_path)
    prev, out = "0" * 64, []
    for line in path.read_bytes().splitlines():
        told = json.loads(line)
        told.pop("prev")
        told["rows"] = 9 if told["seq"] == 3 else told["rows"]
        out.append(write_line(prev, told))
        prev = hashlib.sha256(out[-1]).hexdigest()
    path.write_bytes(b"".join(out))
    path.with_suffix(".head").write_text(json.dumps({"lines": 5, "hash": prev}))
    assert verify_ledger(path) is None  # the chain alone holds again
    with pytest.raises(LedgerError) as stop:
        read_ledgers(tmp_path)
    assert "3行目" in stop.value.ja and "書き直された" in stop.value.ja
    assert verify_checkpoint(tmp_path) is not None
    with pytest.raises(LedgerError):
        write_checkpoint(tmp_path)


@pytest.mark.parametrize("name", ["checkpoint.parquet", "checkpoint.json"])
def test_a_damaged_checkpoint_is_told_and_not_used(tmp_path: Path, name: str) -> None:
    fill(tmp_path)
    write_checkpoint(tmp_path)
    path = tmp_path / name
    path.write_bytes(path.read_bytes()[:-7])
    with pytest.raises(LedgerError) as stop:
        read_ledgers(tmp_path)
    assert stop.value.code == "ledger-checkpoint-broken"
    write_checkpoint(tmp_path, renew=True)
    assert read_ledgers(tmp_path).height == 10


def test_a_ledger_cut_off_or_lost_after_the_checkpoint_is_told(tmp_path: Path) -> None:
    path = fill(tmp_path)
    write_checkpoint(tmp_path)
    whole = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(whole[:3]))
    path.with_suffix(".head").write_text(json.dumps({"lines": 3, "hash": hashlib.sha256(whole[2]).hexdigest()}))
    assert verify_ledger(path) is None  # cut off together with its head
    with pytest.raises(LedgerError, match="4"):
        read_ledgers(tmp_path)
    path.unlink()
    with pytest.raises(LedgerError):
        read_ledgers(tmp_path)


def test_appending_does_not_follow_the_whole_chain_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = fill(tmp_path)
    calls: list[Path] = []
    follow = chain.follow
    monkeypatch.setattr(chain, "follow", lambda p, **k: (calls.append(p), follow(p, **k))[1])
    for i in range(20):
        append_entries(tmp_path, CODE, [entry(f"x{i}")])
    assert calls == []
    path.write_bytes(path.read_bytes())  # somebody else wrote to the file: it is verified from the first line on
    append_entries(tmp_path, CODE, [entry("last")])
    assert calls == [path] and verify_ledger(path) is None


def test_a_write_that_fails_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = fill(tmp_path)
    before = path.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(chain.os, "fsync", full)
    with pytest.raises(OSError):
        append_entries(tmp_path, CODE, [entry("x")])
    monkeypatch.undo()
    assert path.read_bytes() == before
    append_entries(tmp_path, CODE, [entry("y")])
    assert read_ledger(tmp_path, CODE)["dataset"].to_list()[-1] == "y"


def test_a_lost_head_is_told_and_renewed_only_with_a_name_and_a_reason(tmp_path: Path) -> None:
    path = fill(tmp_path)
    path.with_suffix(".head").unlink()
    broken = verify_ledger(path)
    assert broken is not None and ".head" in broken.ja
    with pytest.raises(LedgerError):
        append_entries(tmp_path, CODE, [entry("x")])
    assert renew_head(tmp_path, CODE, {"at": "2026-11-21T09:00:00+09:00", "event": "noted", "body": CODE, "by": "美祢 太郎",
                                       "reason": "控えに .head がなかったため"}) == 6
    assert verify_ledger(path) is None and read_ledger(tmp_path, CODE)["event"].to_list()[-1] == "noted"


def test_a_head_that_is_not_json_is_told(tmp_path: Path) -> None:
    path = fill(tmp_path)
    path.with_suffix(".head").write_text("?")
    assert verify_ledger(path) is not None
    with pytest.raises(LedgerError):
        read_ledger(tmp_path, CODE)


@pytest.mark.parametrize("line", [
    b'{"prev":"%s","seq":6}\n', b'{"prev":"%s", nonsense\n', b'{"prev":"%s","seq":"six","body":"352136"}\n',
    b'{"prev":"%s","seq":7,"body":"352136"}\n', b'{"prev":"%s","seq":6,"body":"352128"}\n',
    b'{"prev":"%s","seq":6,"body":"352136","at":"2026-04-01T09:00:00+09:00","event":"vanished"}\n',
    b'{"prev":"%s","seq":6,"body":"352136","at":"2026-04-01","event":"updated"}\n',
    b'{"prev":"%s","seq":6,"body":"352136",nonsense\n'])
def test_a_line_that_chains_but_is_no_entry_is_named(tmp_path: Path, line: bytes) -> None:
    path = fill(tmp_path)
    last = path.read_bytes().splitlines(keepends=True)[-1]
    with open(path, "ab") as out:
        out.write(line % hashlib.sha256(last).hexdigest().encode())
    with pytest.raises(LedgerError) as stop:
        read_ledger(tmp_path, CODE)
    assert stop.value.code in ("ledger-broken", "ledger-line-unreadable") and "6行目" in stop.value.ja
    verified = verify_everything(tmp_path)
    chains, wrong = verified.chains, verified.wrong
    broken = chains[CODE]
    assert (broken is not None and broken.line == 6) or (wrong is not None and "6行目" in wrong.ja)
    with pytest.raises(LedgerError, match="6行目"):
        write_checkpoint(tmp_path)


def test_an_entry_of_another_body_in_a_ledger_is_named(tmp_path: Path) -> None:
    append_entries(tmp_path, CODE, [entry("d0"), entry("d1", OTHER)])
    with pytest.raises(LedgerError, match="2"):
        read_ledger(tmp_path, CODE)


def test_two_processes_do_not_corrupt_it(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from publish.ledger import append_entries\n"
        "for i in range(15):\n"
        f"    append_entries(Path(sys.argv[1]), '{CODE}', [{{'at': '2026-04-01T09:00:00+09:00', 'event': 'published',"
        f" 'body': '{CODE}', 'dataset': sys.argv[2] + str(i), 'catalogue': 'yamaguchi'}}])\n"
    )
    runs = [subprocess.Popen([sys.executable, "-c", program, str(tmp_path), k], cwd=ROOT) for k in ("a", "b")]
    assert [run.wait(timeout=60) for run in runs] == [0, 0]
    assert verify_ledger(ledger_path(tmp_path, CODE)) is None
    assert read_ledger(tmp_path, CODE)["seq"].to_list() == list(range(1, 31))


def test_a_writer_that_waits_too_long_is_told(tmp_path: Path) -> None:
    fill(tmp_path)
    path = ledger_path(tmp_path, CODE)
    with chain.locked(path), pytest.raises(LedgerError) as stop, chain.locked(path, timeout_s=0.05):
        pass
    assert stop.value.code == "ledger-busy"


def test_many_ledgers_are_verified_together_and_the_broken_one_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = fill(tmp_path)
    path.write_bytes(path.read_bytes().replace(b'"rows":3', b'"rows":4', 1))
    found = verify_everything(tmp_path).chains
    assert found[OTHER] is None and found[CODE] is not None and found[CODE].line == 2
    monkeypatch.setattr(cores, "MANY_BYTES", 0)  # on several cores
    assert {c: b and b.line for c, b in verify_everything(tmp_path).chains.items()} == {CODE: 2, OTHER: None}


def test_the_command_line_verifies_and_writes_checkpoints(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = fill(tmp_path / "ledger")
    place = ["--workspace", str(tmp_path)]
    assert main(["ledger", "verify", *place]) == 0
    assert main(["ledger", "checkpoint", *place]) == 0
    assert "10行" in capsys.readouterr().out
    path.write_bytes(path.read_bytes().replace(b'"rows":3', b'"rows":4', 1))
    assert main(["ledger", "verify", *place]) == 1
    assert "2行目" in capsys.readouterr().out
    assert main(["ledger", "checkpoint", *place]) == 2
