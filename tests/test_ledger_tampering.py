"""Every way to change a ledger by hand is told with its line, and its numbers are never used."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from publish.cli import main
from publish.ledger import (
    LedgerError,
    append_entries,
    ledger_path,
    read_ledgers,
    verify_everything,
    verifying,
    write_checkpoint,
)
from publish.ledger.checkpoint import digest
from publish.ledger.entries import write_line

CODE, OTHER = "352136", "352128"
Lines = list[bytes]


def entry(dataset: str, code: str = CODE) -> dict[str, object]:
    return {"at": "2026-04-01T09:00:00+09:00", "event": "published", "body": code, "dataset": dataset, "rows": 3,
            "name": f"{code}_{dataset}", "kind": dataset, "catalogue": "yamaguchi", "title": "髙﨑①㈱の一覧", "by": "広報課"}


def fill(root: Path) -> Path:
    for code in (CODE, OTHER):
        append_entries(root, code, [entry(f"d{i}", code) for i in range(6)])
    return ledger_path(root, CODE)


def rehashed(lines: Lines, change: Callable[[int, dict[str, object]], None]) -> Lines:
    """The lines with a change in their entries and every hash made anew."""
    prev, out = "0" * 64, []
    for number, line in enumerate(lines, start=1):
        told = json.loads(line)
        told.pop("prev")
        change(number, told)
        out.append(write_line(prev, told))
        prev = hashlib.sha256(out[-1]).hexdigest()
    return out


def put(path: Path, lines: Lines, *, head: bool) -> None:
    path.write_bytes(b"".join(lines))
    if head:
        last = hashlib.sha256(lines[-1]).hexdigest()
        path.with_suffix(".head").write_text(json.dumps({"lines": len(lines), "hash": last}), encoding="ascii")


def rows_nine(at: int) -> Callable[[int, dict[str, object]], None]:
    return lambda number, told: told.update(rows=9) if number == at else None


BY_HAND: dict[str, tuple[Callable[[Lines], Lines | bytes], int]] = {
    "a number changed": (lambda x: [x[0], x[1].replace(b'"rows":3', b'"rows":9'), *x[2:]], 3),
    "one letter of a text changed": (lambda x: [x[0].replace("髙".encode(), "高".encode()), *x[1:]], 2),
    "the last line changed": (lambda x: [*x[:5], x[5].replace(b'"rows":3', b'"rows":9')], 6),
    "a line removed": (lambda x: [*x[:2], *x[3:]], 3),
    "the first line removed": (lambda x: x[1:], 1),
    "the last line removed": (lambda x: x[:5], 6),
    "the last three lines removed": (lambda x: x[:3], 4),
    "all lines removed": (lambda x: [], 1),
    "a line twice": (lambda x: [*x[:3], x[2], *x[3:]], 4),
    "the last line twice": (lambda x: [*x, x[5]], 7),
    "two lines swapped": (lambda x: [x[0], x[2], x[1], *x[3:]], 2),
    "all lines turned round": (lambda x: x[::-1], 1),
    "a line put in": (lambda x: [*x[:3], write_line(hashlib.sha256(x[2]).hexdigest(), {"seq": 4, **entry("x")}), *x[3:]], 5),
    "line ends of Windows": (lambda x: b"".join(x).replace(b"\n", b"\r\n"), 1),
    "one line end of Windows": (lambda x: [*x[:3], x[3].replace(b"\n", b"\r\n"), *x[4:]], 4),
    "a byte order mark": (lambda x: b"\xef\xbb\xbf" + b"".join(x), 1),
    "saved as UTF-16": (lambda x: b"".join(x).decode().encode("utf-16"), 1),
    "saved as Shift_JIS": (lambda x: b"".join(x).decode().replace("髙﨑", "高崎").encode("cp932"), 2),
    "an empty line inside": (lambda x: [*x[:3], b"\n", *x[3:]], 4),
    "an empty line at the end": (lambda x: [*x, b"\n"], 7),
    "a space put in": (lambda x: [x[0].replace(b'","seq"', b'", "seq"'), *x[1:]], 1),
    "the last line end lost": (lambda x: b"".join(x)[:-1], 6),
    "the last line cut in its middle": (lambda x: b"".join(x)[:-40], 6),
    "a byte turned": (lambda x: [*x[:4], x[4][:90] + bytes([x[4][90] ^ 1]) + x[4][91:], x[5]], 6),
    "zeros after a power cut": (lambda x: b"".join(x)[:-60] + b"\0" * 60, 6),
    "rows changed and every hash made anew": (lambda x: rehashed(x, rows_nine(3)), 6),
    "a line removed and every hash made anew": (lambda x: rehashed([*x[:2], *x[3:]], lambda n, t: t.update(seq=n)), 6),
}


@pytest.mark.parametrize("checkpoint", [False, True])
@pytest.mark.parametrize("how", BY_HAND)
def test_a_change_by_hand_is_named_by_line_and_never_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], how: str, checkpoint: bool
) -> None:
    path = fill(tmp_path / "ledger")
    if checkpoint:
        write_checkpoint(tmp_path / "ledger")
    change, line = BY_HAND[how]
    made = change(path.read_bytes().splitlines(keepends=True))
    path.write_bytes(made if isinstance(made, bytes) else b"".join(made))
    changed = path.read_bytes()
    assert main(["ledger", "verify", "--workspace", str(tmp_path)]) == 1
    told = capsys.readouterr().out
    assert f"{CODE}: {line}行目" in told and f"{OTHER}: 異常なし" in told
    for codes in (None, [CODE]):
        with pytest.raises(LedgerError, match="行目"):
            read_ledgers(tmp_path / "ledger", codes)
    with pytest.raises(LedgerError, match="行目"):
        append_entries(tmp_path / "ledger", CODE, [entry("later")])
    with pytest.raises(LedgerError):
        write_checkpoint(tmp_path / "ledger")
    assert path.read_bytes() == changed  # nothing mends it behind the auditor's back


WITH_ITS_HEAD: dict[str, tuple[Callable[[Lines], Lines], int]] = {
    "rows changed": (lambda x: rehashed(x, rows_nine(3)), 3),
    "the last line changed": (lambda x: rehashed(x, rows_nine(6)), 6),
    "a line removed": (lambda x: rehashed([*x[:2], *x[3:]], lambda n, t: t.update(seq=n)), 3),
    "the end cut off": (lambda x: x[:4], 5),
    "a line put in": (lambda x: rehashed([*x[:3], x[3], *x[3:]], lambda n, t: t.update(seq=n)), 5),
}


@pytest.mark.parametrize("how", WITH_ITS_HEAD)
def test_a_ledger_rewritten_with_its_head_is_named_by_the_checkpoint(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], how: str
) -> None:
    path = fill(tmp_path / "ledger")
    write_checkpoint(tmp_path / "ledger")
    change, line = WITH_ITS_HEAD[how]
    put(path, change(path.read_bytes().splitlines(keepends=True)), head=True)
    assert main(["ledger", "verify", "--workspace", str(tmp_path)]) == 1
    assert f"{line}行目" in capsys.readouterr().out
    for codes in (None, [CODE]):
        with pytest.raises(LedgerError, match=f"{line}行目"):
            read_ledgers(tmp_path / "ledger", codes)


def test_the_ledger_of_another_body_under_this_name_is_told(tmp_path: Path) -> None:
    path = fill(tmp_path)
    for suffix in (".jsonl", ".head"):
        path.with_suffix(suffix).write_bytes(ledger_path(tmp_path, OTHER).with_suffix(suffix).read_bytes())
    broken = verify_everything(tmp_path).chains[CODE]
    assert broken is not None and broken.line == 1
    with pytest.raises(LedgerError, match="1行目"):
        read_ledgers(tmp_path)


def test_an_editor_is_named_as_the_likely_cause(tmp_path: Path) -> None:
    path = fill(tmp_path)
    whole = path.read_bytes()
    for changed, words in ((whole.replace(b"\n", b"\r\n"), "行の終わり"), (b"\xef\xbb\xbf" + whole, "BOM")):
        path.write_bytes(changed)
        broken = verify_everything(tmp_path).chains[CODE]
        assert broken is not None and broken.line == 1 and words in broken.ja


def forge(root: Path, change: Callable[[pl.DataFrame], pl.DataFrame]) -> None:
    """Change the checkpoint's table and write its digest anew."""
    table = root / "checkpoint.parquet"
    change(pl.read_parquet(table)).write_parquet(table)
    told = json.loads((root / "checkpoint.json").read_bytes())
    (root / "checkpoint.json").write_text(json.dumps({**told, "table": digest(table.read_bytes())}), encoding="utf-8")


@pytest.mark.parametrize(("change", "line"), [
    (lambda t: t.with_columns(rows=pl.when(pl.col("seq") == 4).then(99).otherwise("rows")), 4),
    (lambda t: t.filter(~((pl.col("body") == CODE) & (pl.col("seq") == 2))), 2),
    (lambda t: pl.concat([t, t.tail(1)]), 0),
])
def test_a_forged_table_of_the_checkpoint_is_told_with_the_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], change: Callable[[pl.DataFrame], pl.DataFrame], line: int
) -> None:
    root = tmp_path / "ledger"
    fill(root)
    write_checkpoint(root)
    assert main(["ledger", "verify", "--workspace", str(tmp_path)]) == 0
    forge(root, change)
    assert main(["ledger", "verify", "--workspace", str(tmp_path)]) == 1
    told = capsys.readouterr().out
    assert "checkpoint.parquet" in told and (f"{line}行目" if line else "多くの行") in told


def test_a_large_ledger_compares_every_row_of_the_checkpoint_when_asked_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verifying, "MANY_BYTES", 100)
    root = tmp_path / "ledger"
    fill(root)
    write_checkpoint(root)
    forge(root, lambda t: t.with_columns(rows=pl.when(pl.col("seq") == 4).then(99).otherwise("rows")))
    assert main(["ledger", "verify", "--workspace", str(tmp_path)]) == 0
    assert "--rows" in capsys.readouterr().out
    assert main(["ledger", "verify", "--rows", "--workspace", str(tmp_path)]) == 1
    assert "4行目" in capsys.readouterr().out


@pytest.mark.parametrize("change", [{"lines": 4}, {"hash": "0" * 64}, {"digest": "0" * 64}, {"bytes": 10}])
def test_an_edited_mark_of_the_checkpoint_is_told(tmp_path: Path, change: dict[str, object]) -> None:
    fill(tmp_path)
    append_entries(tmp_path, CODE, [entry("later")])
    write_checkpoint(tmp_path)
    append_entries(tmp_path, CODE, [entry("last")])
    place = tmp_path / "checkpoint.json"
    told = json.loads(place.read_bytes())
    told["ledgers"][CODE] |= change
    place.write_text(json.dumps(told), encoding="utf-8")
    assert verify_everything(tmp_path).wrong is not None
    with pytest.raises(LedgerError):
        read_ledgers(tmp_path)
