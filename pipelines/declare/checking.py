"""Holds a read declaration against its JSON Schema and turns the first difference into a clear stop.

The schemas are schemas/_declaration/{municipality,plan,dataset,catalogues}.json (draft 2020-12); their
`description` and `examples` are what an editor shows, and what the message quotes.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from pipelines.declare.reading import Document, KeyPath, WrittenFloat, WrittenInt
from pipelines.errors import DeclarationError

_PACKAGE = Path(__file__).resolve().parent.parent
SECRET_KEYS = frozenset({"token_env", "url_env"})
"""Where a person in a hurry writes the token itself: a wrong value there is never shown."""
_TYPES_JA = {
    "string": "文字",
    "integer": "整数",
    "number": "数",
    "boolean": "true か false",
    "array": "「- 」で始まる並び",
    "object": "「キー: 値」の並び",
    "null": "空(null)",
}


@lru_cache(maxsize=8)
def declaration_schema(name: str) -> Mapping[str, Any]:
    """The JSON Schema of one kind of declaration: municipality, plan, dataset or catalogues.

    Installed, the schemas lie inside the package; in a checkout, beside it.
    """
    for folder in (_PACKAGE / "_schemas", _PACKAGE.parent / "schemas"):
        path = folder / "_declaration" / f"{name}.json"
        if path.is_file():
            loaded: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            return loaded
    raise DeclarationError(
        "declaration-schema-missing",
        f"宣言の決まり(schemas/_declaration/{name}.json)が見つかりません。",
        f"schemas/_declaration/{name}.json is missing.",
        todo_ja="Kokai を入れ直してください。",
        todo_en="Install Kokai again.",
        where=name,
    )


@lru_cache(maxsize=8)
def _validator(name: str) -> Any:
    from jsonschema import Draft202012Validator, FormatChecker

    return Draft202012Validator(declaration_schema(name), format_checker=FormatChecker(["date"]))


def check_shape(document: Document, name: str) -> None:
    """Raise DeclarationError for the first key of the file that its JSON Schema does not allow."""
    errors = sorted(_validator(name).iter_errors(document.data), key=lambda e: _order(document, e))
    if errors:
        raise _as_declaration_error(document, errors[0], more=len(errors) - 1)


def _order(document: Document, error: Any) -> tuple[int, int, str]:
    # an unknown key is often the cause of a missing one, so it is told first
    first = {"additionalProperties": 0, "required": 2}.get(str(error.validator), 1)
    return first, document.lines.get(tuple(error.absolute_path), 0), str(error.message)


def _as_declaration_error(document: Document, error: Any, more: int) -> DeclarationError:
    path: KeyPath = tuple(error.absolute_path)
    code, ja, en, todo_ja, todo_en, at = _words(error, path)
    if more:
        ja += f"(このファイルにはほかに {more} か所あります)"
        en += f" ({more} more in this file)"
    return DeclarationError(code, ja, en, todo_ja=todo_ja, todo_en=todo_en, where=document.where(at))


def _words(error: Any, path: KeyPath) -> tuple[str, str, str, str, str, KeyPath]:
    keyword, value, schema = str(error.validator), error.instance, error.schema
    if keyword == "additionalProperties" and error.validator_value is False:
        return _unknown_key(value, schema, path)
    if keyword == "required":
        missing = next(k for k in error.validator_value if k not in value)
        about, example = _about(schema.get("properties", {}).get(missing, {}))
        return (
            "declaration-missing-key",
            f"「{missing}」がありません。",
            f"'{missing}' is missing.",
            f"「{missing}: {example}」のように書き加えてください({about})。",
            f"Add a line such as '{missing}: {example}'.",
            (*path, missing),
        )
    if keyword == "type":
        return _wrong_type(error, path)
    about, example = _about(schema)
    if keyword in ("propertyNames", "minLength", "minItems", "minProperties") and value in ("", [], {}):
        ja, en = "中身が空です。", "It is empty."
    elif keyword == "enum":
        words = [str(w) for w in error.validator_value]
        near = _nearest(str(value), words)
        hint = f"「{near}」のことでしょうか。" if near else ""
        return (
            "declaration-unknown-value",
            f"「{value}」は使えません。{hint}",
            f"'{value}' is not one of the allowed words." + (f" Did you mean '{near}'?" if near else ""),
            f"次のどれかを書いてください: {'、'.join(words)}",
            f"Write one of: {', '.join(words)}",
            path,
        )
    elif keyword == "format":
        ja, en = f"「{value}」という日はありません。", f"'{value}' is not a day of the calendar."
    elif keyword == "uniqueItems":
        ja, en = "同じものが二度書かれています。", "An item is written twice."
    elif path and path[-1] in SECRET_KEYS:
        ja = "ここに書ける形ではありません。トークンかもしれないので、書かれている値は表示しません。"
        en = "It has not the form that is wanted here; it may be a token, so it is not shown."
    else:
        ja, en = f"「{value}」はここに書ける形ではありません。", f"'{value}' has not the form that is wanted here."
    return (
        "declaration-wrong-value",
        ja,
        en,
        f"{about} 例: {example}" if about else f"例: {example}",
        f"Example: {example}",
        path,
    )


def _unknown_key(value: Mapping[str, Any], schema: Mapping[str, Any], path: KeyPath) -> tuple[
    str, str, str, str, str, KeyPath
]:
    known = list(schema.get("properties", {}))
    unknown = next(k for k in value if k not in known)
    near = _nearest(unknown, known)
    return (
        "declaration-unknown-key",
        f"「{unknown}」というキーはありません。" + (f"「{near}」のことでしょうか。" if near else ""),
        f"There is no key '{unknown}'." + (f" Did you mean '{near}'?" if near else ""),
        (f"「{near}」に直すか、" if near else "") + f"この行を消してください。使えるキー: {'、'.join(known)}",
        f"Remove the line or use one of: {', '.join(known)}",
        (*path, unknown),
    )


def _wrong_type(error: Any, path: KeyPath) -> tuple[str, str, str, str, str, KeyPath]:
    value = error.instance
    wanted = error.validator_value if isinstance(error.validator_value, list) else [error.validator_value]
    key = next((p for p in reversed(path) if isinstance(p, str)), "")
    if "string" in wanted and isinstance(value, (bool, WrittenInt, WrittenFloat)):
        text = str(value).lower() if isinstance(value, bool) else value.text
        return (
            "declaration-unquoted",
            f"{text} は引用符で囲まないと数として読まれ、先頭の 0 などが失われます。"
            if not isinstance(value, bool)
            else f"{text} は引用符で囲まないと文字になりません。",
            f"{text} without quotes is not text.",
            f'{key}: "{text}" のように " " で囲んでください。',
            f'Quote it: {key}: "{text}"',
            path,
        )
    about, example = _about(error.schema)
    words = "、".join(_TYPES_JA[str(w)] for w in wanted)
    empty = value is None
    return (
        "declaration-wrong-type",
        f"{'値が空です' if empty else '値の種類がちがいます'}。ここには{words}を書きます。",
        f"{'The value is empty' if empty else 'Wrong type'}: {' or '.join(wanted)} is wanted here.",
        f"{about} 例: {key}: {example}",
        f"Example: {key}: {example}",
        path,
    )


def _about(schema: Mapping[str, Any]) -> tuple[str, str]:
    """Description and one example of a key, as they would be typed."""
    examples = schema.get("examples", [])
    if not examples:
        return str(schema.get("description", "")), "…"
    first = examples[0]
    if isinstance(first, str):
        shown = f'"{first}"' if first[:1].isdigit() or first[:1] in "「【" else first
    else:
        shown = json.dumps(first, ensure_ascii=False)
    return str(schema.get("description", "")), shown


def _nearest(word: str, known: Iterable[str]) -> str | None:
    folded = {k.lower().replace("-", "_"): k for k in known}
    near = difflib.get_close_matches(word.lower().replace("-", "_"), list(folded), n=1, cutoff=0.6)
    return folded[near[0]] if near else None


def nearest_word(word: str, known: Iterable[str]) -> str | None:
    """The known word that `word` was probably meant to be, or None."""
    return _nearest(word, list(known))
