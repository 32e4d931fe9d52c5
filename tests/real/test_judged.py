"""Findings on the real files that a person read against their cells still come, and nearly all are right.

`judged.csv` has 427 findings of three draws, by code and file from all real files (errors and warnings first), and those of the
first draw that were wrong and were mended. It holds no cell values.
"""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest

from pipelines.check import check_file
from pipelines.checked import CheckOptions

SHARED = Path(os.environ.get("KOKAI_SHARED", Path(__file__).parents[3] / "shared"))
pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not (SHARED / "real" / "INDEX.csv").exists(),
                       reason="the shared real files are not here (KOKAI_SHARED)"),
]
with Path(__file__).with_name("judged.csv").open(encoding="utf-8", newline="") as _file:
    JUDGED = list(csv.DictReader(_file))


@pytest.mark.parametrize("path", sorted({j["path"] for j in JUDGED}))
def test_judged_findings_still_come_and_wrong_ones_do_not(path: str) -> None:
    found = check_file(SHARED / "real" / path, CheckOptions()).findings
    keys = {(str(r or ""), f or "", c) for r, f, c in found.select("row", "field", "code").iter_rows()}
    for judged in (j for j in JUDGED if j["path"] == path):
        key = (judged["row"], judged["field"], judged["code"])
        assert (key in keys) is (judged["verdict"] != "wrong"), key


def test_every_verdict_is_one_of_three_and_has_a_reason() -> None:
    assert sum(j["verdict"] != "wrong" for j in JUDGED) == 427
    assert {j["verdict"] for j in JUDGED} <= {"right", "wrong", "unsure"} and all(j["reason"] for j in JUDGED)
    assert sum(j["verdict"] == "right" for j in JUDGED) >= 423
