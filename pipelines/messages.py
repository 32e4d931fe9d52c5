"""Finding codes and fix rules to words: level, Japanese, English, and what to type instead."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from string import Formatter
from typing import Any

import yaml

from pipelines.model import Standard

LEVELS = ("error", "warning", "info")
_FILE = Path(__file__).with_name("messages.yml")
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@lru_cache(maxsize=1)
def load_messages() -> Mapping[str, Any]:
    """messages.yml: `findings` (code -> level, ja, en, todo_ja, todo_en), `rules` (rule -> meaning, ja, en)."""
    loaded: Mapping[str, Any] = yaml.load(_FILE.read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506
    return loaded


@lru_cache(maxsize=1)
def _sections() -> Mapping[tuple[str, str], str]:
    """The text of each entry by (family, key), unparsed: a run needs a few of some hundred."""
    found: dict[tuple[str, str], list[str]] = {}
    family, here = "", None
    for line in _FILE.read_text(encoding="utf-8").splitlines():
        if head := re.match(r"([a-z]+):$", line):
            family, here = head[1], None
        elif entry := re.match(r"  ([a-z0-9-]+):", line):
            here = found.setdefault((family, entry[1]), [])
        if here is not None:
            here.append(line[2:])
    return {key: "\n".join(lines) for key, lines in found.items()}


@cache
def words_of(family: str, key: str) -> Mapping[str, Any]:
    """The entry of one code (`findings`) or rule (`rules`). KeyError for an unknown one."""
    loaded = yaml.load(_sections()[(family, key)], Loader=_LOADER)  # noqa: S506
    entry: Mapping[str, Any] = loaded[key]
    return entry


def level_of(code: str, standard: Standard | None = None) -> str:
    """error, warning or info: the edition's own word first, else messages.yml. KeyError for an unknown code."""
    if standard is not None and code in standard.levels:
        return standard.levels[code]
    return str(words_of("findings", code)["level"])


def is_meaning(rule: str) -> bool:
    """True if a fix of this rule changes meaning, so that it waits for a person's yes."""
    return bool(words_of("rules", rule).get("meaning", False))


class _Blank(Formatter):
    def get_value(self, key: int | str, args: Any, kwargs: Any) -> Any:
        return kwargs.get(key, "") if isinstance(key, str) else ""


def message(code: str, lang: str, *, field: str | None, value: str | None, params: str | Mapping[str, Any],
            remedy: str | None = None) -> str:
    """The sentence for one finding in `lang` (ja or en), with what to type instead when it is known."""
    entry = words_of("findings", code)
    given = json.loads(params) if isinstance(params, str) and params else (params or {})
    words: dict[str, Any] = {**given, "field": field or "", "value": value or "", "remedy": remedy or ""}
    text = _Blank().vformat(entry[lang], (), words)
    if remedy is not None:
        todo = f"「{remedy}」と入力してください。" if lang == "ja" else f'Type "{remedy}".'
        if entry.get("remedy_" + lang):
            todo = _Blank().vformat(entry["remedy_" + lang], (), words)
    else:
        todo = _Blank().vformat(entry.get("todo_" + lang, ""), (), words)
    return (text + todo) if lang == "ja" else (text + (" " if todo else "") + todo)


def rule_text(rule: str, lang: str) -> str:
    """The words for one fix rule in `lang` (ja or en)."""
    return str(words_of("rules", rule)[lang])
