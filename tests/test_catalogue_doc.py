"""docs/catalogue.md: each habit of the harvesters names tests that exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_every_test_that_the_page_names_exists() -> None:
    there = {
        node.name
        for path in (ROOT / "tests").rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
    }
    text = (ROOT / "docs" / "catalogue.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(test_\w+)`", text))
    assert len(named) >= 25 and named <= there, named - there


def test_every_habit_has_a_test() -> None:
    text = (ROOT / "docs" / "catalogue.md").read_text(encoding="utf-8")
    section = text.partition("## 取り込む側のくせ")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| ") and not line.startswith("| くせ")]
    assert len(rows) >= 20 and all("`test_" in row for row in rows)
