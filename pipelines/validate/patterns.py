"""A Table Schema `pattern` to one Rust expression where it means the same there, else to Python on distinct values."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

import polars as pl

from pipelines.errors import DeclarationError
from pipelines.values.patterns import late_pattern

# What Python and Rust read differently (or only one of them knows): look-around, back-references and named groups,
# \w \s \b \A \Z and their negations, inline flags, anchors in the middle, `{,n}`, class set operations.
_DIFFERS = late_pattern(r"\(\?(?!:)|\\[wWsSbBAZDpPNkg1-9]|\{,|\[\[|&&|--|~~|[*+?}]\+")

_COUNT = late_pattern(r"(?<=[\])0-9A-Za-z])\{[0-9]{1,2}(?:,[0-9]{0,2})?\}")
_COMMON = late_pattern(r"(?:\(\?:|[^\\\[\]{}]|\[\^?[^\\\[\]^]+\])*")


@dataclass(frozen=True)
class Pattern:
    """One pattern that a whole value must match: `rust` for the fast look, `python` for the verdict."""

    source: str
    python: re.Pattern[str] | None
    rust: str | None

    def matches(self, value: str) -> bool:
        """True if the whole value matches (XML Schema's rule, which Table Schema takes over)."""
        if self.python is not None:
            return self.python.fullmatch(value) is not None
        return bool(pl.Series([value]).str.contains(self.rust or "").item())

    def fine(self, column: pl.Expr) -> pl.Expr:
        """True where the whole cell surely matches; False where Python has to look."""
        return column.str.contains(self.rust) if self.rust is not None else pl.lit(False)


def _ascii_digits(pattern: str) -> str:
    r"""`\d` to `0-9`: in Python and in Rust `\d` also means 全角 digits, which a municipal code must not hold."""
    out: list[str] = []
    in_class = False
    i = 0
    while i < len(pattern):
        two = pattern[i : i + 2]
        if two == r"\d":
            out.append("0-9" if in_class else "[0-9]")
            i += 2
            continue
        if two.startswith("\\") and len(two) == 2:
            out.append(two)
            i += 2
            continue
        if pattern[i] == "[" and not in_class:
            in_class = True
            out.append("[")
            i += 1
            if pattern[i : i + 1] == "^":
                out.append("^")
                i += 1
            if pattern[i : i + 1] == "]":
                out.append(r"\]")
                i += 1
            continue
        if pattern[i] == "]":
            in_class = False
        out.append(pattern[i])
        i += 1
    return "".join(out)


def _bare(pattern: str) -> str:
    """The pattern without an outer ^ and $, which say nothing when the whole value must match."""
    if "|" in pattern and not (pattern.startswith("(") and pattern.endswith(")")):
        return pattern  # ^a|b$ is not ^(a|b)$
    start = 1 if pattern.startswith("^") else 0
    end = len(pattern)
    if pattern.endswith("$") and (len(pattern) - len(pattern[:-1].rstrip("\\")) - 1) % 2 == 0:
        end -= 1
    return pattern[start:end]


def _inner_anchor(pattern: str) -> bool:
    stripped = re.sub(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", "", pattern)
    return "^" in stripped or "$" in stripped


def _surely_both(pattern: str) -> bool:
    """True for classes, groups and small counts that both engines read, so that no trial run is needed."""
    rest = _COUNT.sub("", pattern)
    return _COMMON.fullmatch(rest) is not None


def compile_pattern(source: str, where: str = "") -> Pattern:
    """The pattern ready to use. DeclarationError `pattern-unreadable` when neither engine can read it."""
    text = _ascii_digits(_bare(source))
    python: re.Pattern[str] | None
    try:
        python = re.compile(text)
    except re.error:
        python = None
    rust: str | None = None
    if python is None or not (_DIFFERS.search(text) or _inner_anchor(text)):
        rust = r"\A(?:" + text + r")\z"
        if python is None or not _surely_both(text):
            try:
                pl.Series([""]).str.contains(rust)
            except pl.exceptions.ComputeError:
                rust = None
    if python is None and rust is None:
        raise DeclarationError(
            "pattern-unreadable",
            f"スキーマの pattern「{source}」を正規表現として読めません。",
            f'The pattern "{source}" in the schema is not a regular expression.',
            todo_ja="スキーマの pattern を直してください。",
            todo_en="Correct the pattern in the schema.",
            where=where,
        )
    return Pattern(source, python, rust)


@lru_cache(maxsize=512)
def shape_of(source: str) -> str | None:
    """A picture of a simple pattern (`[0-9]{3}-[0-9]{4}` -> 000-0000), None when it has no single shape."""
    rest = _ascii_digits(_bare(source))
    out = ""
    while rest:
        found = re.match(r"\[0-9\](?:\{(\d+)\})?(?![*+?{])", rest)
        if found:
            out += "0" * int(found[1] or 1)
        else:
            found = re.match(r"\\?([-/:;,@ ])(?![*+?{])", rest) or re.match(r"([A-Za-z0-9])(?![*+?{])", rest)
            if not found:
                return None
            out += found[1]
        rest = rest[found.end() :]
    return out if 0 < len(out) <= 40 else None
