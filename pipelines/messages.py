"""Finding codes and fix rules to words: level, Japanese, English, and what to type instead."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from string import Formatter
from typing import Any

from pipelines.model import Standard

LEVELS = ("error", "warning", "info")
_FILE = Path(__file__).with_name("messages.yml")
_HEADS = re.compile("^(?:([a-z]+):$|  ([a-z0-9-]+):)", re.MULTILINE)
_SCALAR = r""""(?:[^"\\]|\\["\\n])*"|'(?:[^']|'')*'"""
_LINE = re.compile(rf"    ([a-z_]+): ({_SCALAR}|[^\s!-/:-@\[-`{{-~][^:#]*)")
_FLOW = re.compile(rf"([a-z_]+): ({_SCALAR}|[a-z]+)(?:, |\Z)")


def _load_yaml(text: str) -> Any:
    import yaml  # 30 ms to import, and most runs need no entry that only a YAML reader understands

    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506


@lru_cache(maxsize=1)
def load_messages() -> Mapping[str, Any]:
    """messages.yml: `findings` (code -> level, ja, en, todo_ja, todo_en), `rules` (rule -> meaning, ja, en)."""
    loaded: Mapping[str, Any] = _load_yaml(_FILE.read_text(encoding="utf-8"))
    return loaded


@lru_cache(maxsize=1)
def _sections() -> Mapping[tuple[str, str], str]:
    """The text of each entry by (family, key), unparsed: a run needs a few of some hundred."""
    text = _FILE.read_text(encoding="utf-8")
    found: dict[tuple[str, str], str] = {}
    family, key, start = "", None, 0
    for head in _HEADS.finditer(text):
        if key is not None:
            found[(family, key)] = text[start : head.start()]
        family, key, start = head[1] or family, head[2], head.start()
    if key is not None:
        found[(family, key)] = text[start:]
    return found


def _pairs(text: str) -> list[tuple[str, str]] | None:
    """The lines of an entry as (key, scalar as written), None when one of them is more than that."""
    first, *lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    inside = first.partition(": ")[2].strip()
    if not inside:
        found = [_LINE.fullmatch(line) for line in lines]
        return [(m[1], m[2]) for m in found if m is not None] if all(found) else None
    pairs, at = [], 0
    inside = inside[1:-1] if inside[0] == "{" and inside[-1] == "}" and not lines else "?"
    while at < len(inside):
        flow = _FLOW.match(inside, at)
        if flow is None:
            return None
        pairs.append((flow[1], flow[2]))
        at = flow.end()
    return pairs


def _plain_entry(text: str) -> Mapping[str, Any] | None:
    """An entry of plain words and quoted texts, read without a YAML reader; None for one that needs it."""
    pairs = _pairs(text)
    if pairs is None or any(word in ("yes", "no", "on", "off", "null") for _, word in pairs):
        return None
    return {key: _scalar(word) for key, word in pairs}


def _scalar(word: str) -> Any:
    if word.startswith('"') or word in ("true", "false"):
        return json.loads(word)
    return word[1:-1].replace("''", "'") if word.startswith("'") else word.rstrip()


@cache
def words_of(family: str, key: str) -> Mapping[str, Any]:
    """The entry of one code (`findings`) or rule (`rules`). KeyError for an unknown one."""
    text = _sections()[(family, key)]
    plain = _plain_entry(text)
    if plain is not None:
        return plain
    entry: Mapping[str, Any] = _load_yaml(text)[key]
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


@cache
def _parts(text: str) -> tuple[tuple[str, str | None], ...] | None:
    """A text with {names} as (words, name) pairs; None when one of its fields is more than a name."""
    found = list(Formatter().parse(text))
    if any(name is not None and not (name.isidentifier() and not form and not turn) for _, name, form, turn in found):
        return None
    return tuple((words, name) for words, name, _, _ in found)


def _fill(text: str, words: Mapping[str, Any]) -> str:
    """The text with its {names} replaced, an unknown one by nothing."""
    parts = _parts(text)
    if parts is None:
        return _Blank().vformat(text, (), words)
    return "".join([said if name is None else f"{said}{words.get(name, '')}" for said, name in parts])


def message(code: str, lang: str, *, field: str | None, value: str | None, params: str | Mapping[str, Any],
            remedy: str | None = None) -> str:
    """The sentence for one finding in `lang` (ja or en), with what to type instead when it is known."""
    entry = words_of("findings", code)
    given = json.loads(params) if isinstance(params, str) and params else (params or {})
    words: dict[str, Any] = {**given, "field": field or "", "value": value or "", "remedy": remedy or ""}
    text = _fill(entry[lang], words)
    if remedy is not None:
        todo = f"「{remedy}」と入力してください。" if lang == "ja" else f'Type "{remedy}".'
        if not remedy:
            todo = "空欄にしてください。" if lang == "ja" else "Leave the cell blank."
        if entry.get("remedy_" + lang):
            todo = _fill(entry["remedy_" + lang], words)
    else:
        todo = _fill(entry.get("todo_" + lang, ""), words)
    return (text + todo) if lang == "ja" else (text + (" " if todo else "") + todo)


def rule_text(rule: str, lang: str) -> str:
    """The words for one fix rule in `lang` (ja or en)."""
    return str(words_of("rules", rule)[lang])
