"""A query of CKAN's package_search (`q`, `fq`) to a yes or no for each dataset: words, phrases, fields, ranges, AND, OR, NOT."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

Dataset = Mapping[str, Any]
Holds = Callable[[Dataset], bool]
MAX_DEPTH, MAX_CHARACTERS, MAX_WILDCARDS = 20, 4000, 4

TOKENS = re.compile(
    r"""\s*(?:
      (?P<sign>[+!-](?=\S)|&&|\|\||\b(?:AND|OR|NOT)\b(?![:*]))
    | (?P<open>(?:[A-Za-z_][\w.-]*:)?\()
    | (?P<close>\))
    | (?P<range>[A-Za-z_][\w.-]*:[\[{][^\]}]*[\]}])
    | (?P<term>(?:[A-Za-z_*][\w.-]*:)?(?:"(?:[^"\\]|\\.)*"|(?:\\.|[^\s()"^~])+))
    )(?:\^[0-9.]+|~[0-9.]*)?""",
    re.VERBOSE,
)


@lru_cache(maxsize=64)
def parse_query(query: str) -> Holds:
    """The test that `query` puts to a dataset. ValueError where it cannot be read (CKAN: Search Query Error).

    Clauses beside each other must all hold, as CKAN asks of Solr (q.op=AND). `a OR b c` is (a OR b) and c: that is
    what ckanext-harvest means by `organization:a OR organization:b metadata_modified:[… TO *]`.
    """
    tokens = _tokens(query)
    if not tokens:
        return lambda d: True
    holds, rest = _all_of(tokens, 0, "", 0)
    if rest != len(tokens):
        raise ValueError("unbalanced )")
    return holds


def _tokens(query: str) -> list[tuple[str, str]]:
    found, at, text = [], 0, query.strip()
    if len(text) > MAX_CHARACTERS:
        raise ValueError("too long")
    while at < len(text):
        token = TOKENS.match(text, at)
        if token is None or token.lastgroup is None:
            raise ValueError(f"cannot read {text[at : at + 20]!r}")
        found.append((token.lastgroup, token[token.lastgroup]))
        at = token.end()
        while at < len(text) and text[at].isspace():
            at += 1
    return found


def _all_of(tokens: list[tuple[str, str]], at: int, field: str, depth: int) -> tuple[Holds, int]:
    """Groups of alternatives beside each other, to the end or to the closing bracket."""
    if depth > MAX_DEPTH:
        raise ValueError("too many brackets")
    parts: list[Holds] = []
    while at < len(tokens) and tokens[at][0] != "close":
        part, at = _one_of(tokens, at, field, depth)
        parts.append(part)
    if not parts:
        raise ValueError("empty brackets")
    return (lambda d: all(p(d) for p in parts)), at


def _one_of(tokens: list[tuple[str, str]], at: int, field: str, depth: int) -> tuple[Holds, int]:
    """a AND b OR c: alternatives, each of them one clause or several joined by AND."""
    alternatives: list[list[Holds]] = [[]]
    while True:
        clause, at = _clause(tokens, at, field, depth)
        alternatives[-1].append(clause)
        joined = tokens[at][1] if at < len(tokens) and tokens[at][0] == "sign" else ""
        if joined in ("OR", "||"):
            alternatives.append([])
        elif joined not in ("AND", "&&"):
            break
        at += 1
    return (lambda d: any(all(c(d) for c in clauses) for clauses in alternatives)), at


def _clause(tokens: list[tuple[str, str]], at: int, field: str, depth: int) -> tuple[Holds, int]:
    if at >= len(tokens):
        raise ValueError("ends too early")
    kind, text = tokens[at]
    if kind == "sign":
        if text in ("AND", "OR", "&&", "||"):
            raise ValueError(f"{text} without a term before it")
        inner, at = _clause(tokens, at + 1, field, depth)
        return (inner if text == "+" else lambda d: not inner(d)), at
    if kind == "open":
        inner, at = _all_of(tokens, at + 1, text[:-2] if len(text) > 1 else field, depth + 1)
        if at >= len(tokens):
            raise ValueError("( without )")
        return inner, at + 1
    if kind == "close":
        raise ValueError(") without (")
    return _term(kind, text, field), at + 1


def _term(kind: str, text: str, field: str) -> Holds:
    name, colon, value = text.partition(":")
    if not colon or text.startswith('"') or not re.fullmatch(r"[A-Za-z_*][\w.-]*", name):
        name, value = field, text
    if kind == "range":
        low, high = _ends(value)
        return lambda d: any(_between(v, low, high) for v in values_of(d, name))
    if name == "*" or value == "*":
        return lambda d: name in ("", "*") or bool(values_of(d, name))
    if name in ("", *TEXTS):
        pattern = _pattern(fold(value), whole=False)
        return lambda d: pattern.search(fold(" ".join(values_of(d, name or "text")))) is not None
    pattern = _pattern(value, whole=True)
    return lambda d: any(pattern.fullmatch(v) for v in values_of(d, name))


def fold(text: str) -> str:
    """Width and case folded: ＡＥＤ is found by aed."""
    return unicodedata.normalize("NFKC", text).lower()


@lru_cache(maxsize=256)
def _pattern(wanted: str, *, whole: bool) -> re.Pattern[str]:
    """`*` and `?` outside quotes as wildcards, `\\` before a character takes it as it is; case does not matter."""
    if wanted.startswith('"'):
        return re.compile(re.escape(re.sub(r"\\(.)", r"\1", wanted[1:-1])), re.IGNORECASE)
    bare = re.sub(r"\*+", "*", wanted if whole else wanted.strip("*"))
    if bare.count("*") > MAX_WILDCARDS:
        raise ValueError("too many wildcards")
    pieces = re.findall(r"\\.|.", bare, re.DOTALL)
    parts = (".*" if c == "*" else "." if c == "?" else re.escape(c[-1]) for c in pieces)
    return re.compile("".join(parts), re.IGNORECASE | re.DOTALL)


def _ends(text: str) -> tuple[str, str]:
    between = re.fullmatch(r"\[\s*(\S+)\s+TO\s+(\S+)\s*\]", text)
    if between is None:
        raise ValueError(f"not a range: {text}")
    low, high = (end.strip('"').removesuffix("Z") for end in between.groups())
    if low.startswith("NOW") or (high.startswith("NOW") and high != "NOW"):
        raise ValueError(f"give the times of a range as they are, not by NOW: {text}")
    return low, high


def _between(value: str, low: str, high: str) -> bool:
    if value.isdecimal():
        above = low == "*" or (low.isdecimal() and int(value) >= int(low))
        return above and (high == "*" or (high.isdecimal() and int(value) <= int(high)))
    return (low == "*" or value >= low) and (high in ("*", "NOW") or value <= high)


def values_of(dataset: Dataset, field: str) -> list[str]:
    """What a field of CKAN's index holds for a dataset; a name that is none is an extra's, with or without `extras_`."""
    if field in FIELDS:
        return FIELDS[field](dataset)
    key = field.removeprefix("extras_")
    return [str(e["value"]) for e in dataset["extras"] if e["key"] == key]


def _text(d: Dataset) -> list[str]:
    return [d["name"], d["title"], d["notes"], " ".join(t["name"] for t in d["tags"]), d["author"]]


TEXTS = ("text", "title", "notes", "author", "maintainer", "res_name", "res_description")
"""Fields that are searched for words within; all others are compared whole."""
FIELDS: Mapping[str, Callable[[Dataset], list[str]]] = {
    "author": lambda d: [d["author"]],
    "capacity": lambda d: ["public"],
    "dataset_type": lambda d: [d["type"]],
    "entity_type": lambda d: ["package"],
    "groups": lambda d: [g["name"] for g in d["groups"]],
    "id": lambda d: [d["id"]],
    "license_id": lambda d: [d["license_id"]],
    "maintainer": lambda d: [d["maintainer"]],
    "metadata_created": lambda d: [d["metadata_created"]],
    "metadata_modified": lambda d: [d["metadata_modified"]],
    "name": lambda d: [d["name"]],
    "notes": lambda d: [d["notes"]],
    "num_resources": lambda d: [str(d["num_resources"])],
    "num_tags": lambda d: [str(d["num_tags"])],
    "organization": lambda d: [d["organization"]["name"]],
    "owner_org": lambda d: [d["owner_org"]],
    "private": lambda d: ["false"],
    "res_description": lambda d: [r["description"] for r in d["resources"]],
    "res_format": lambda d: [r["format"] for r in d["resources"]],
    "res_name": lambda d: [r["name"] for r in d["resources"]],
    "res_url": lambda d: [r["url"] for r in d["resources"]],
    "state": lambda d: [d["state"]],
    "tags": lambda d: [t["name"] for t in d["tags"]],
    "text": _text,
    "title": lambda d: [d["title"]],
    "title_string": lambda d: [d["title"]],
    "type": lambda d: [d["type"]],
    "version": lambda d: [d["version"]],
}
