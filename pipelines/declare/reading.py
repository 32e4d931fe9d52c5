"""Turns the text of a declaration (YAML) into plain mappings and lists with the line of every key.

Codes, dates, editions and phone numbers stay text: a date is never a date object, `no` and `on` are words,
`9:00` is not 540, and a number that must be quoted is told from one that may stay bare.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from pipelines.errors import DeclarationError

MAX_BYTES = 4 * 1024 * 1024
"""A declaration is written by hand; a larger file is something else."""

KeyPath = tuple[str | int, ...]


class WrittenInt(int):
    """An integer that remembers how it was written (`011002` is not 11002 to a municipality)."""

    text: str


class WrittenFloat(float):
    """A decimal number that remembers how it was written."""

    text: str


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """libyaml with YAML 1.2's core words only: null, true, false and decimal numbers."""

    yaml_implicit_resolvers: dict[str, Any] = {}


for _tag, _pattern, _first in (
    ("null", r"^(?:~|null|Null|NULL)?$", ["~", "n", "N", ""]),
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", list("tTfF")),
    ("int", r"^[-+]?[0-9]+$", list("-+0123456789")),
    ("float", r"^[-+]?[0-9]+\.[0-9]+$", list("-+0123456789")),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), _first)


@dataclass
class Document:
    """One YAML file: its plain value and the 1-based line of each key path."""

    path: Path
    data: dict[str, Any]
    lines: dict[KeyPath, int] = field(default_factory=dict)

    def where(self, key_path: KeyPath) -> str:
        """`file: key.path (n 行目)`, with the line of the nearest known key."""
        at = tuple(key_path)
        while at and at not in self.lines:
            at = at[:-1]
        line = self.lines.get(at)
        dotted = _dotted(key_path)
        return f"{self.path}" + (f": {dotted}" if dotted else "") + (f" ({line} 行目 / line {line})" if line else "")


def _dotted(key_path: KeyPath) -> str:
    text = ""
    for part in key_path:
        text += f"[{part + 1}]" if isinstance(part, int) else (f".{part}" if text else part)
    return text


def stop(document: Document, at: KeyPath, code: str, ja: str, en: str, todo_ja: str, todo_en: str) -> DeclarationError:
    """A DeclarationError that names the file, the key and its line."""
    return DeclarationError(code, ja, en, todo_ja=todo_ja, todo_en=todo_en, where=document.where(at))


def read_declaration(path: Path, *, may_be_empty: bool = False) -> Document:
    """Read one YAML file whose top is a mapping; keys become text, key order is kept.

    With `may_be_empty` a file of comments only gives an empty mapping.

    Raises DeclarationError with the file, the line and the fix: file missing, too large, not UTF-8, YAML
    syntax, a tab as indentation, a key written twice, an anchor or alias, a top that is not a mapping.
    """
    text = _text(path)
    document = Document(path, {})
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.YAMLError as error:
        raise _syntax_error(path, text, error) from None
    except RecursionError:
        raise _syntax_error(path, text, yaml.YAMLError("nested too deeply")) from None
    if node is None and may_be_empty:
        return document
    if not isinstance(node, yaml.MappingNode):
        raise DeclarationError(
            "declaration-not-a-mapping",
            "「キー: 値」の形になっていません。" if node is not None else "ファイルが空です。",
            "The file is not a list of 'key: value' lines." if node is not None else "The file is empty.",
            todo_ja="ほかの宣言ファイルを手本にして「kind: aed」のように書いてください。",
            todo_en="Write lines such as 'kind: aed', as in the other declarations.",
            where=str(path),
        )
    try:
        document.data = _plain(node, document, (), set())
    except RecursionError:
        raise _syntax_error(path, text, yaml.YAMLError("nested too deeply")) from None
    return document


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise DeclarationError(
            "declaration-file-missing",
            f"宣言ファイルを読めません({error.strerror})。",
            f"The declaration cannot be read ({error.strerror}).",
            todo_ja="ファイル名と置き場所を確かめてください。新しく始めるときは kokai init を使います。",
            todo_en="Check its name and folder; kokai init makes a new workspace.",
            where=str(path),
        ) from None
    if len(raw) > MAX_BYTES:
        raise DeclarationError(
            "declaration-too-large",
            f"宣言ファイルが大きすぎます({len(raw):,} バイト)。",
            f"The declaration is too large ({len(raw):,} bytes).",
            todo_ja="データのファイルを取り違えていないか確かめてください。",
            todo_en="Check that it is not a data file.",
            where=str(path),
        )
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise DeclarationError(
            "declaration-not-utf8",
            "文字コードが UTF-8 ではありません。",
            "The file is not UTF-8.",
            todo_ja="メモ帳の「名前を付けて保存」で文字コードに UTF-8 を選んで保存し直してください。",
            todo_en="Save it again as UTF-8.",
            where=f"{path} ({line} 行目 / line {line})",
        ) from None


def _syntax_error(path: Path, text: str, error: yaml.YAMLError) -> DeclarationError:
    mark = getattr(error, "problem_mark", None)
    line = mark.line + 1 if mark else 1
    lines = text.splitlines()
    shown = lines[line - 1].strip() if 0 < line <= len(lines) else ""
    problem = getattr(error, "problem", None) or str(error)
    if any("\t" in row[: len(row) - len(row.lstrip())] for row in lines[max(0, line - 2) : line]):
        ja, en = "字下げにタブが使われています。", "A tab is used as indentation."
        todo_ja, todo_en = "タブを半角スペース 2 つに直してください。", "Use two spaces instead of the tab."
    else:
        ja = f"YAML の書き方に誤りがあります: 「{shown}」"
        en = f"YAML syntax: {problem} at '{shown}'"
        todo_ja = (
            "この行と一つ前の行の、字下げ、コロン(:)の後の半角スペース、引用符の閉じ忘れを確かめてください。"
            "値に : や # の記号が入るときは \" \" で囲みます。"
        )
        todo_en = "Check the indentation, the space after ':' and the quotes of this line and the one before it."
    return DeclarationError(
        "declaration-yaml-syntax", ja, en, todo_ja=todo_ja, todo_en=todo_en, where=f"{path} ({line} 行目 / line {line})"
    )


def _plain(node: Any, document: Document, at: KeyPath, seen: set[int]) -> Any:
    if id(node) in seen:
        raise DeclarationError(
            "declaration-alias",
            "YAML の別名(* や &)は使えません。",
            "YAML anchors and aliases are not used here.",
            todo_ja="同じ内容をそのまま書いてください。",
            todo_en="Write the content out.",
            where=document.where(at),
        )
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, document, at, seen)
    if isinstance(node, yaml.SequenceNode):
        for i, item in enumerate(node.value):
            document.lines[(*at, i)] = item.start_mark.line + 1
        return [_plain(item, document, (*at, i), seen) for i, item in enumerate(node.value)]
    return _scalar(node)


def _mapping(node: Any, document: Document, at: KeyPath, seen: set[int]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = str(key_node.value)
        line = key_node.start_mark.line + 1
        if key in found:
            first = document.lines[(*at, key)]
            raise DeclarationError(
                "declaration-duplicate-key",
                f"「{key}」が 2 回書かれています({first} 行目と {line} 行目)。",
                f"'{key}' is written twice (lines {first} and {line}).",
                todo_ja="どちらか一つにしてください。",
                todo_en="Keep one of them.",
                where=document.where((*at, key)),
            )
        document.lines[(*at, key)] = line
        found[key] = _plain(value_node, document, (*at, key), seen)
    return found


def _scalar(node: Any) -> Any:
    kind = str(node.tag).rsplit(":", 1)[-1]
    text = str(node.value)
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() == "true"
    if kind == "int":
        whole = WrittenInt(text)
        whole.text = text
        return whole
    if kind == "float":
        decimal = WrittenFloat(text)
        decimal.text = text
        return decimal
    return text
