"""One schema file into a Standard."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipelines.errors import DeclarationError
from pipelines.model import Field, Requirement, Standard
from pipelines.standards.folders import list_kinds, local_schema_files, read_schema, schema_folders, shipped_kinds
from pipelines.values.headings import fold_heading

TYPES = frozenset(
    ["any", "string", "number", "integer", "boolean", "object", "array", "list", "date", "time", "datetime", "year"]
    + ["yearmonth", "duration", "geopoint", "geojson"]
)


def load_standard(kind: str, edition: str, local: Path | None = None) -> Standard:
    """The Standard of one kind and edition; `local` is a workspace's own schemas/ folder.

    Raises DeclarationError: unknown kind or edition (with what exists), a kind of the standard redefined in
    `local`, or a local schema that is wrong.
    """
    shipped = {k.id for k in shipped_kinds()}
    locals_ = {(p.parent.name, p.stem): p for p in local_schema_files(local)}
    path = schema_folders()[0] / kind / f"{edition}.json" if kind in shipped else locals_.get((kind, edition))
    if path is None or not _is_name(kind) or not _is_name(edition) or not path.is_file():
        raise unknown_standard(kind, edition, local)
    return _standard(read_schema(path), path, kind=kind, edition=edition, is_local=kind not in shipped)


def load_table_schema(path: Path) -> Standard:
    """Any Table Schema as a Standard with kind "" and edition "".

    Raises DeclarationError: not JSON, no fields, a field without a name or with an unknown type, two fields of
    one name, a pattern that cannot be read, a primaryKey that names no field.
    """
    return _standard(read_schema(path), path, kind="", edition="", is_local=True)


def alias_targets(standard: Standard) -> dict[str, str]:
    """Folded heading -> standard heading: each field's own name, its aliases and its name in the other edition.

    A field's own name always wins over another field's alias.
    """
    targets: dict[str, str] = {}
    for field in standard.fields:
        for spelling in (*field.spec.get("aliases", ()), field.spec.get("counterpart") or field.name):
            targets.setdefault(fold_heading(spelling), field.name)
    return targets | {fold_heading(field.name): field.name for field in standard.fields}


def _is_name(text: str) -> bool:
    return re.fullmatch(r"[0-9A-Za-z][0-9A-Za-z._-]*", text) is not None


def unknown_standard(kind: str, edition: str, local: Path | None) -> DeclarationError:
    """The stop for a kind or edition that does not exist, with those that do."""
    kinds = {k.id: k for k in list_kinds(local)}
    if kind not in kinds:
        exist = ", ".join(k.id for k in kinds.values() if k.has_schema)
        return DeclarationError(
            "kind-unknown",
            f"種類「{kind}」はありません。",
            f'There is no kind "{kind}".',
            todo_ja=f"次のどれかを指定してください: {exist}",
            todo_en=f"Give one of: {exist}",
        )
    exist = ", ".join(kinds[kind].editions)
    if not exist:
        return DeclarationError(
            "kind-without-schema",
            f"「{kinds[kind].title}」（{kind}）の項目は定義がまだ公開資料から読めていないため、スキーマがありません。",
            f"There is no schema of {kind}: its columns have not been read in a source yet.",
            todo_ja="作業フォルダーの schemas/ に別の名前で独自のスキーマを作ってください。",
            todo_en="Write a schema of your own under another name in the workspace's schemas/.",
        )
    return DeclarationError(
        "edition-unknown",
        f"「{kinds[kind].title}」（{kind}）に版「{edition}」はありません。",
        f'{kind} has no edition "{edition}".',
        todo_ja=f"次のどれかを指定してください: {exist}",
        todo_en=f"Give one of: {exist}",
    )


def _standard(schema: Mapping[str, Any], path: Path, *, kind: str, edition: str, is_local: bool) -> Standard:
    fields = tuple(_field(spec, i, path) for i, spec in enumerate(_field_specs(schema, path)))
    _check_names(fields, schema, path)
    return Standard(
        kind=kind,
        edition=edition,
        title_ja=str(schema.get("title") or kind or path.stem),
        title_en=str(schema.get("title_en") or schema.get("title") or kind or path.stem),
        number=str(schema.get("number") or ""),
        file_slug=str(schema.get("file_slug") or kind or path.stem),
        dated=bool(schema.get("dated", False)),
        confidence=str(schema.get("confidence") or "declared"),
        fields=fields,
        schema=schema,
        levels=dict(schema.get("levels") or {}),
        local=is_local,
    )


def _field_specs(schema: Mapping[str, Any], path: Path) -> list[Any]:
    specs = schema.get("fields")
    if not isinstance(specs, list) or not specs:
        raise DeclarationError(
            "schema-no-fields",
            "fields（項目の一覧）がありません。",
            "It has no list of fields.",
            todo_ja="fields に項目を一つ以上書いてください。",
            todo_en="Write at least one field under fields.",
            where=str(path),
        )
    return specs


def _field(spec: Any, index: int, path: Path) -> Field:
    name = spec.get("name") if isinstance(spec, dict) else None
    if not isinstance(name, str) or not name:
        raise _wrong_field(
            path, f"{index + 1}番目の項目に name（項目名）がありません", f"field {index + 1} has no name"
        )
    kind = spec.get("type", "any")
    if kind not in TYPES:
        known = ", ".join(sorted(TYPES))
        raise _wrong_field(
            path,
            f"項目「{name}」の type「{kind}」は使えません（使えるもの: {known}）",
            f'the type "{kind}" of "{name}" is not one of {known}',
        )
    constraints = spec.get("constraints") or {}
    if not isinstance(constraints, dict) or not isinstance(constraints.get("enum", []), list):
        raise _wrong_field(
            path,
            f"項目「{name}」の constraints は {{ }}、enum は [ ] で書きます",
            f'the constraints of "{name}" are written as {{ }}, enum as [ ]',
        )
    _check_pattern(name, constraints.get("pattern"), path)
    mark = spec.get("requirement") or {"mark": "required" if constraints.get("required") else "optional"}
    fmt = spec.get("format")
    return Field(
        name=name,
        type=kind,
        format=str(fmt) if fmt is not None else None,
        rule=spec.get("rule"),
        requirement=Requirement(str(mark.get("mark", "unknown")), str(mark.get("basis", "declared"))),
        enum=tuple(str(v) for v in constraints.get("enum", ())),
        spec=spec,
    )


def _check_pattern(name: str, pattern: Any, path: Path) -> None:
    if pattern is None:
        return
    try:
        re.compile(pattern)
    except (re.error, TypeError) as error:
        raise _wrong_field(
            path, f"項目「{name}」の pattern が正規表現として読めません", f'the pattern of "{name}": {error}'
        ) from error


def _check_names(fields: tuple[Field, ...], schema: Mapping[str, Any], path: Path) -> None:
    names = [f.name for f in fields]
    twice = ", ".join(sorted({n for n in names if names.count(n) > 1}))
    if twice:
        raise DeclarationError(
            "schema-duplicate-field",
            f"同じ項目名が2回あります: {twice}。",
            f"Fields of one name: {twice}.",
            todo_ja="項目名が重ならないようにしてください。",
            todo_en="Give every field a name of its own.",
            where=str(path),
        )
    key = schema.get("primaryKey") or []
    missing = ", ".join(k for k in ([key] if isinstance(key, str) else key) if k not in names)
    if missing:
        raise _wrong_field(
            path, f"primaryKey の「{missing}」という項目がありません", f"primaryKey names no field: {missing}"
        )


def _wrong_field(path: Path, ja: str, en: str) -> DeclarationError:
    return DeclarationError(
        "schema-field-wrong",
        f"スキーマの項目の書き方が違います: {ja}。",
        f"A field of the schema is wrong: {en}.",
        todo_ja="Table Schemaの書き方に直してください。",
        todo_en="Write it as Table Schema has it.",
        where=str(path),
    )
