"""A file of many blocks: its findings go to a sink block by block, and are the same ones that a whole check keeps."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import polars as pl
import pytest

import pipelines.check
from bench.defects import write_files
from bench.validate import standard_table
from pipelines.check import check_file
from pipelines.checked import CheckOptions, CheckResult
from pipelines.extract import Limits
from pipelines.guard import mask_findings
from pipelines.model import FINDINGS

STANDARD = CheckOptions(kind="public_facility", edition="municipal-standard-v3")


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("seeded")
    facilities, _, _ = write_files(folder, 400)
    return standard_table(facilities, folder / "standard.csv")


def check(path: Path, sink: list[pl.DataFrame] | None = None) -> CheckResult:
    take = None if sink is None else lambda found, _: sink.append(found)
    return check_file(path, CheckOptions(kind=STANDARD.kind, edition=STANDARD.edition, sink=take))


def test_findings_passed_on_block_by_block_are_those_of_the_whole(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipelines.check, "Limits", partial(Limits, whole_bytes=0, block_bytes=30_000))
    whole, passed = check(table), list[pl.DataFrame]()
    streamed = check(table, passed)
    assert len(passed) > 2 and all(part.height for part in passed)
    names = list(FINDINGS)
    together = pl.concat([*passed, streamed.findings]).sort(names, nulls_last=True)
    assert together.rows() == whole.findings.sort(names, nulls_last=True).rows()
    assert streamed.fixes.equals(whole.fixes)
    counts = [(r.errors, r.warnings, r.errors_after_fixes, r.rows) for r in (streamed, whole)]
    assert counts[0] == counts[1]


def test_a_file_of_one_block_keeps_its_findings(table: Path) -> None:
    passed: list[pl.DataFrame] = []
    assert check(table, passed).findings.equals(check(table).findings)
    assert not passed


def test_what_is_masked_in_the_whole_is_masked_in_the_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [f"{n},施設{n},大嶺町{n}番" for n in range(300)]
    rows[2] = "2,施設2,担当者 山田太郎様 090-1234-5678"
    path = tmp_path / "a.csv"
    path.write_text("ID,名称,備考\n" + "\n".join(rows) + "\n", encoding="utf-8")
    monkeypatch.setattr(pipelines.check, "Limits", partial(Limits, whole_bytes=0, block_bytes=1_000))
    whole, passed = check(path), list[pl.DataFrame]()
    streamed = check(path, passed)
    assert any(code.startswith("guard-") for part in passed for code in part["code"])
    parts = pl.concat([mask_findings(part) for part in (*passed, streamed.findings)])
    names = list(FINDINGS)
    assert parts.sort(names, nulls_last=True).rows() == mask_findings(whole.findings).sort(names, nulls_last=True).rows()
    assert not parts["value"].str.contains("090-1234-5678").any()
