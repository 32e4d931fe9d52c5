"""Words: every code and rule used has them, in two languages, and none is left over."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from pipelines.messages import LEVELS, load_messages, message, words_of

ROOT = Path(__file__).parents[1]
KEBAB = re.compile(r"[a-z0-9]+(-[a-z0-9]+)+")


def _strings() -> set[str]:
    found: set[str] = set()
    for path in sorted(p for top in ("pipelines", "publish") for p in (ROOT / top).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
    for path in (ROOT / "pipelines").rglob("*.json"):
        found.update(re.findall(r'"([a-z0-9-]+)"', path.read_text(encoding="utf-8")))
    return found


def _finding_codes() -> set[str]:
    """The first argument of every call Finding("code", …) in pipelines."""
    found: set[str] = set()
    for path in sorted((ROOT / "pipelines").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Finding" and node.args:
                first = node.args[0]
                if isinstance(first, ast.Constant):
                    found.add(str(first.value))
    return found


@pytest.mark.parametrize("code", sorted(load_messages()["findings"]))
def test_every_code_has_a_level_and_words_in_both_languages(code: str) -> None:
    entry = load_messages()["findings"][code]
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", code)
    assert entry["level"] in LEVELS
    for key in ("ja", "en"):
        assert entry[key].strip()
    assert set(entry) <= {"level", "ja", "en", "todo_ja", "todo_en", "remedy_ja", "remedy_en"}
    assert bool(entry.get("todo_ja")) == bool(entry.get("todo_en"))


@pytest.mark.parametrize("rule", sorted(load_messages()["rules"]))
def test_every_rule_says_whether_it_changes_meaning(rule: str) -> None:
    entry = load_messages()["rules"][rule]
    assert isinstance(entry["meaning"], bool) and entry["ja"].strip() and entry["en"].strip()


def test_every_code_raised_has_words() -> None:
    assert _finding_codes() - set(load_messages()["findings"]) == set()


def test_no_words_are_left_over() -> None:
    """A code or a rule that no file names is dead; families built from parts are named by their prefix."""
    strings = _strings()
    prefixes = tuple(s for s in strings if s.endswith("-") and len(s) > 4)
    for family in ("findings", "rules"):
        unused = [c for c in load_messages()[family] if c not in strings and not c.startswith(prefixes)]
        assert unused == []


@pytest.mark.parametrize("code", sorted(load_messages()["findings"]))
def test_words_render_with_and_without_a_remedy(code: str) -> None:
    for lang in ("ja", "en"):
        plain = message(code, lang, field="名称", value="値", params={})
        known = message(code, lang, field="名称", value="値", params={}, remedy="正")
        assert plain and known


def test_no_pattern_is_shown_to_a_clerk() -> None:
    for code, entry in load_messages()["findings"].items():
        for key, text in entry.items():
            if key != "level":
                assert not re.search(r"\[0-9\]|\\d|\^\[", text), f"{code}.{key}"


def test_entries_read_one_by_one_are_those_of_the_yaml_file() -> None:
    loaded = load_messages()
    for family in ("findings", "rules"):
        for key, entry in loaded[family].items():
            assert words_of(family, key) == entry, key
