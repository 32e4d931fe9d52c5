"""From the written files to datapackage.json: a Data Package v2 with what every catalogue needs to know."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.errors import DeclarationError
from pipelines.model import Dataset, Licence, Municipality, Standard
from pipelines.package.resource import WrittenFile
from pipelines.package.wording import (
    FREQUENCY_JA,
    bare_title,
    describe,
    edition_ja,
    full_title,
    is_sample,
    keywords,
)

PROFILE = "https://datapackage.org/profiles/2.0/"

INWARD = ("aliases", "counterpart")
"""Field properties that serve the reading of sections' files; they mean nothing to the data's readers."""


@dataclass(frozen=True)
class WrittenResource:
    """One table of the package: its files, its columns, its date, and where its points lie."""

    stem: str
    stamp: str | None
    as_of: str
    columns: tuple[str, ...]
    files: tuple[WrittenFile, ...]
    bounds_deg: tuple[float, float, float, float] | None

    @property
    def rows(self) -> int:
        return self.files[0].rows

    @property
    def points(self) -> int:
        return next((f.rows for f in self.files if f.format == "GeoJSON"), 0)


def dataset_uuid(code: str, dataset_id: str) -> str:
    """The same id for the same register entry in every catalogue and every build (UUIDv5)."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"urn:kokai:{code}:{dataset_id}"))


def make_descriptor(
    dataset: Dataset,
    standard: Standard,
    resources: Sequence[WrittenResource],
    *,
    name: str,
    credits: Sequence[str],
    filled: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """datapackage.json as a dict. `fieldsMatch` is left out: the official profile and frictionless disagree on it."""
    body = dataset.body
    licence = dataset.licence or body.licence
    latest = max(resources, key=lambda r: (r.as_of, r.stamp or ""))
    points = sum(r.points for r in resources)
    identifier = dataset_uuid(body.code, dataset.id)
    rows = sum(r.rows for r in resources)
    return {
        "$schema": PROFILE + "datapackage.json",
        "name": name,
        "id": identifier,
        "title": full_title(dataset),
        "description": describe(dataset, standard, latest.columns, rows, points, credits),
        "version": latest.as_of,
        "homepage": body.homepage or None,
        "licenses": [_licence(licence)],
        "contributors": _contributors(dataset),
        "sources": [{"title": f"{body.full_name} {dataset.section}".strip()}, *({"title": c} for c in credits)],
        "keywords": keywords(dataset, standard),
        "resources": [d for r in resources for d in _resources(r, dataset, standard, identifier)],
        "kokai": _facts(dataset, standard, resources, rows=rows, points=points, credits=credits)
        | {"filled_points": list(filled) or None},
    }


def without_blanks(value: Any) -> Any:
    """The same JSON without keys whose value is None."""
    if isinstance(value, dict):
        return {k: without_blanks(v) for k, v in value.items() if v is not None}
    return [without_blanks(v) for v in value] if isinstance(value, list) else value


def _licence(licence: Licence) -> dict[str, str]:
    return {"name": licence.id, "title": licence.title, "path": licence.url}


def _contributors(dataset: Dataset) -> list[dict[str, Any]]:
    body = dataset.body
    contact = body.contact
    return [
        {"title": body.full_name, "path": body.homepage or None, "roles": ["publisher", "rightsHolder"]},
        {"title": f"{body.name} {dataset.section or contact.section}", "roles": ["creator"]},
        {"title": f"{body.name} {contact.section}", "email": contact.email or None, "roles": ["contact"]},
    ]


def _resources(r: WrittenResource, dataset: Dataset, standard: Standard, identifier: str) -> list[dict[str, Any]]:
    made = []
    for file in r.files:
        is_table = file.format == "CSV"
        suffix = file.path.rsplit(".", 1)[1]
        made.append({
            "name": r.stem if is_table else f"{r.stem}-{suffix}",
            "id": str(uuid.uuid5(uuid.UUID(identifier), file.path)),
            "type": "table" if is_table else None,
            "path": file.path,
            "title": f"{bare_title(dataset)}（{file.format}、{r.as_of}時点）",
            "description": _resource_note(r, file),
            # frictionless takes "parquet" for a table and then misses its byte count; the name of the form is exact
            "format": file.format.lower(),
            "mediatype": file.mediatype,
            "encoding": "utf-8" if file.format in ("CSV", "GeoJSON") else None,
            "bytes": file.size_bytes,
            "hash": f"sha256:{file.sha256}",
            "as_of": r.as_of,
            "rows": file.rows if is_table else None,
            "features": None if is_table or file.format == "GTFS" else file.rows,
            "schema": present_schema(standard, r.columns) if is_table else None,
        })
    return made


def _resource_note(r: WrittenResource, file: WrittenFile) -> str:
    if file.format == "CSV":
        return f"{file.rows:,}件、{len(r.columns)}項目。文字コードはUTF-8（BOM付き）、Excelでそのまま開けます。"
    if file.format == "GTFS":
        return "標準的なバス情報フォーマット（GTFS-JP）の一式。停留所、路線、便、時刻表、運賃などのファイルを含みます。"
    left = r.rows - file.rows
    note = f"位置のある{file.rows:,}件の点。"
    return note + (f"位置が空欄の{left:,}件はCSVだけにあります。" if left else "")


def present_schema(standard: Standard, columns: Sequence[str]) -> dict[str, Any]:
    """The Table Schema with only the columns that the table has, in the table's order.

    A declared extra column is plain text. A key over a missing column is left out. A list of values that was not read
    in the standard itself is no constraint on the data: it stands beside the field as `enum_inferred`.
    """
    schema: dict[str, Any] = {"$schema": PROFILE + "tableschema.json"}
    fields = []
    for name in columns:
        known = standard.get(name)
        spec = known.spec if known else {"name": name, "type": "string"}
        fields.append(_certain({k: v for k, v in spec.items() if k not in INWARD}))
    schema["fields"] = fields
    schema["missingValues"] = list(standard.schema.get("missingValues", [""]))
    key = standard.schema.get("primaryKey")
    key_names = [key] if isinstance(key, str) else list(key or [])
    if key_names and set(key_names) <= set(columns):
        schema["primaryKey"] = key_names
    return schema


def _certain(spec: dict[str, Any]) -> dict[str, Any]:
    if spec.get("enum_basis") != "inferred":
        return spec
    rest = {k: v for k, v in spec.items() if k not in ("enum_basis", "constraints")}
    constraints = dict(spec.get("constraints", {}))
    rest["enum_inferred"] = constraints.pop("enum", [])
    return {**rest, "constraints": constraints} if constraints else rest


def _body(body: Municipality) -> dict[str, Any]:
    return {
        "code": body.code,
        "name": body.name,
        "name_kana": body.name_kana,
        "name_en": body.name_en,
        "prefecture": body.prefecture,
        "corporate_number": body.corporate_number,
        "organization_id": body.organization_id,
        "homepage": body.homepage,
        "contact": {
            "section": body.contact.section,
            "tel": body.contact.tel,
            "email": body.contact.email,
            "url": body.contact.url,
        },
    }


def _facts(
    dataset: Dataset,
    standard: Standard,
    resources: Sequence[WrittenResource],
    *,
    rows: int,
    points: int,
    credits: Sequence[str],
) -> dict[str, Any]:
    boxes = [r.bounds_deg for r in resources if r.bounds_deg]
    bounds = None
    if boxes:
        west, south = (min(b[i] for b in boxes) for i in (0, 1))
        east, north = (max(b[i] for b in boxes) for i in (2, 3))
        bounds = [west, south, east, north]
    return {
        "code": dataset.body.code,
        "body": _body(dataset.body),
        "dataset": dataset.id,
        "kind": standard.kind,
        "kind_title": standard.title_ja,
        "edition": standard.edition,
        "edition_title": edition_ja(standard),
        "number": standard.number,
        "confidence": standard.confidence,
        "local": standard.local,
        "section": dataset.section,
        "summary": dataset.description.strip(),
        "theme": dataset.theme,
        "frequency": dataset.frequency,
        "frequency_ja": FREQUENCY_JA.get(dataset.frequency, dataset.frequency),
        "as_of": max(r.as_of for r in resources),
        "since": min(r.as_of for r in resources),
        "rows": rows,
        "points": points,
        "bounds_deg": bounds,
        "sample": is_sample(dataset),
        "generated": dataset.generated,
        "credits": list(credits),
    }


def check_descriptor(descriptor: Mapping[str, Any], where: str) -> None:
    """Let frictionless read the descriptor before it leaves; DeclarationError with what it says."""
    import frictionless

    errors = list(frictionless.Package.metadata_validate(dict(descriptor)))
    if errors:
        said = "; ".join(sorted({e.message for e in errors})[:3])
        raise DeclarationError(
            "package-invalid",
            f"パッケージの説明（datapackage.json）がData Packageの形になっていません: {said}",
            f"datapackage.json is not a valid Data Package: {said}",
            todo_ja="宣言（タイトル、ライセンス、スキーマ）を確かめてください。",
            todo_en="Check the declaration: title, licence, schema.",
            where=where,
        )
