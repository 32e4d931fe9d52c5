"""The folders that hold schemas into lists: which kinds and editions exist, shipped and local."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from pipelines.errors import DeclarationError


@dataclass(frozen=True)
class KindInfo:
    """One of the 31 datasets of the standard, or a local kind."""

    id: str
    title: str
    title_en: str
    number_new: str  # 01-31, "" for a local kind
    number_old: str  # 01-14 for the basic ones, else ""
    basic: bool
    file_slug: str
    file_slug_basis: str  # read in a source, or made here
    dated: bool
    tag: str
    editions: tuple[str, ...]
    has_schema: bool
    words: tuple[str, ...]  # words of file names and titles that name this kind
    heading_words: tuple[str, ...] = ()  # parts of headings that several columns of this kind carry
    local: bool = False


@dataclass(frozen=True)
class StandardInfo:
    """One schema, without its fields."""

    kind: str
    edition: str
    title: str
    title_en: str
    number: str
    confidence: str
    columns: int
    file_slug: str
    local: bool


def schema_folders() -> list[Path]:
    """The folders with the shipped schemas: inside the installed package first, then the checkout's schemas/."""
    package = Path(str(files("pipelines")))
    found = [p for p in (package / "_schemas", package.parent / "schemas") if (p / "_kinds.json").is_file()]
    if not found:
        raise DeclarationError(
            "schemas-missing",
            "標準の定義（schemas）が見つかりません。",
            "The standard schemas are not installed.",
            todo_ja="Kokaiを入れ直してください。",
            todo_en="Install Kokai again.",
        )
    return found[:1]


def local_schema_folder(workspace: Path) -> Path | None:
    """The workspace's own schemas/ folder, None when it has none."""
    folder = workspace / "schemas"
    return folder if folder.is_dir() else None


@lru_cache(maxsize=8)
def read_data(path: Path) -> Any:
    """One data file of schemas/ (`_kinds.json`, `_common.json`, `_index.json`, code lists) as it stands."""
    return json.loads(path.read_text(encoding="utf-8"))


def common_facts() -> Mapping[str, Any]:
    """`_common.json`: headings to leave out, value aliases, split columns, and the words of each format rule."""
    facts: Mapping[str, Any] = read_data(schema_folders()[0] / "_common.json")
    return facts


def code_list(name: str) -> Mapping[str, str]:
    """A code list of `_codes/` as code -> name: `poi` (GIF POI codes, 4 digits)."""
    codes: Mapping[str, str] = read_data(schema_folders()[0] / "_codes" / f"{name}.json")["codes"]
    return codes


def shipped_kinds() -> tuple[KindInfo, ...]:
    """The 31 datasets of the standard: the 14 basic ones in the order of their old numbers, then 15 to 31."""
    rows = read_data(schema_folders()[0] / "_kinds.json")["kinds"]
    return tuple(
        KindInfo(
            id=k["id"],
            title=k["title"],
            title_en=k["title_en"],
            number_new=k["number_new"],
            number_old=k["number_old"],
            basic=k["basic"],
            file_slug=k["file_slug"],
            file_slug_basis=k["file_slug_basis"],
            dated=k["dated"],
            tag=k["tag"],
            editions=tuple(k["editions"]),
            has_schema=k["has_schema"],
            words=tuple(k["words"]),
            heading_words=tuple(k["heading_words"]),
        )
        for k in rows
    )


def local_schema_files(local: Path | None) -> list[Path]:
    """`<kind>/<edition>.json` of kinds that are not among the 31: in `local`, and beside the shipped ones.

    Raises DeclarationError when `local` redefines a kind of the standard with other content.
    """
    shipped = schema_folders()[0]
    known = {k.id for k in shipped_kinds()}
    folders = [shipped]
    if local is not None and local.is_dir() and local.resolve() != shipped.resolve():
        folders.append(local)
    found: dict[tuple[str, str], Path] = {}
    for folder in folders:
        for kind_folder in sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith(("_", "."))):
            if kind_folder.name in known:
                if folder is not shipped:
                    _refuse_redefinition(kind_folder, shipped)
                continue
            for path in sorted(kind_folder.glob("*.json")):
                found[kind_folder.name, path.stem] = path
    return list(found.values())


def _refuse_redefinition(kind_folder: Path, shipped: Path) -> None:
    for path in sorted(kind_folder.glob("*.json")):
        twin = shipped / kind_folder.name / path.name
        # A checkout used as a workspace carries the shipped schemas themselves: the same bytes are no redefinition.
        if not twin.is_file() or twin.read_bytes() != path.read_bytes():
            raise DeclarationError(
                "schema-redefines-shipped",
                f"「{kind_folder.name}」は標準の種類なので、作業フォルダーの schemas/ で定義し直すことはできません。",
                f'"{kind_folder.name}" is a kind of the standard and cannot be redefined in a workspace.',
                todo_ja="フォルダー名を別の種類の名前に変えてください。",
                todo_en="Give the folder the name of another kind.",
                where=str(path),
            )


def list_kinds(local: Path | None = None) -> tuple[KindInfo, ...]:
    """The 31 datasets of the standard (also those without a schema), then the local kinds."""
    extra: dict[str, list[Path]] = {}
    for path in local_schema_files(local):
        extra.setdefault(path.parent.name, []).append(path)
    return shipped_kinds() + tuple(_local_kind(kind, paths) for kind, paths in extra.items())


def _local_kind(kind: str, paths: list[Path]) -> KindInfo:
    schema = read_schema(paths[-1])
    title = str(schema.get("title") or kind)
    slug = str(schema.get("file_slug") or kind)
    return KindInfo(
        id=kind, title=title, title_en=str(schema.get("title_en") or kind), number_new="", number_old="", basic=False,
        file_slug=slug, file_slug_basis="declared", dated=bool(schema.get("dated", False)),
        tag=str((schema.get("tags") or [title])[-1]), editions=tuple(p.stem for p in paths), has_schema=True,
        words=tuple(dict.fromkeys([title.removesuffix("一覧"), slug, *map(str, schema.get("words", []))])), local=True,
    )  # fmt: skip


def read_schema(path: Path) -> dict[str, Any]:
    """A schema file as JSON; DeclarationError when it is missing, not JSON, or not an object."""
    try:
        schema = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise DeclarationError(
            "schema-unreadable",
            "スキーマのファイルを開けません。",
            "The schema file cannot be opened.",
            todo_ja="ファイルの場所と名前を確かめてください。",
            todo_en="Check where the file is and its name.",
            where=str(path),
        ) from error
    except UnicodeDecodeError as error:
        raise _not_json(path, "UTF-8ではありません", "it is not UTF-8") from error
    except json.JSONDecodeError as error:
        raise _not_json(
            path, f"{error.lineno}行目{error.colno}文字目", f"line {error.lineno}, column {error.colno}"
        ) from error
    if not isinstance(schema, dict):
        raise _not_json(path, "全体が { } で囲まれていません", "the whole is not an object { }")
    return schema


def _not_json(path: Path, ja: str, en: str) -> DeclarationError:
    return DeclarationError(
        "schema-not-json",
        f"スキーマがJSONとして読めません（{ja}）。",
        f"The schema cannot be read as JSON ({en}).",
        todo_ja="Table SchemaのJSONを指定してください。",
        todo_en="Give a Table Schema in JSON.",
        where=str(path),
    )


def list_standards(local: Path | None = None) -> list[StandardInfo]:
    """Every schema, shipped ones first, without reading their fields."""
    rows = read_data(schema_folders()[0] / "_index.json")["schemas"]
    listed = [
        StandardInfo(
            kind=s["kind"], edition=s["edition"], title=s["title"], title_en=s["title_en"], number=s["number"],
            confidence=s["confidence"], columns=s["columns"], file_slug=s["file_slug"], local=False,
        )
        for s in rows
    ]  # fmt: skip
    for path in local_schema_files(local):
        schema = read_schema(path)
        listed.append(
            StandardInfo(
                kind=path.parent.name, edition=path.stem, title=str(schema.get("title") or path.parent.name),
                title_en=str(schema.get("title_en") or ""), number=str(schema.get("number") or ""),
                confidence=str(schema.get("confidence") or "declared"), columns=len(schema.get("fields") or []),
                file_slug=str(schema.get("file_slug") or path.parent.name), local=True,
            )
        )  # fmt: skip
    return listed
