"""From tables and what is known of them to the package folder on disk, old or new and never half."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.model import Dataset, Package, Standard
from pipelines.package.descriptor import WrittenResource, check_descriptor, make_descriptor, without_blanks
from pipelines.package.points import filled_points, find_points
from pipelines.package.record import make_manifest, write_findings, write_fixes
from pipelines.package.resource import ResourceData, sha256_of, write_resource
from pipelines.package.wording import is_sample

SUMS = "SHA256SUMS"


def write_package(
    folder: Path,
    dataset: Dataset,
    standard: Standard,
    resources: Sequence[ResourceData],
    *,
    findings: pl.DataFrame,
    fixes: pl.DataFrame,
    status: str,
    reasons: Sequence[Mapping[str, str]],
    credits: Sequence[str] = (),
    sources: Sequence[Mapping[str, Any]] = (),
    counts: Mapping[str, int] | None = None,
) -> Package:
    """Write the package of one dataset to `folder` and give it back.

    `resources` hold standard columns in official order (declared extras after them); `findings` and
    `fixes` are frames of model.FINDINGS and model.FIXES; `status` is "ready" or "held" with its
    `reasons` (code, ja, en); `credits` are the attributions that the data need; `sources` say what
    was read (name, sha256, size_bytes, encoding, sheet) and stay in record/; `counts` are added to
    the manifest's own. The same arguments give the same bytes: no clock, no path, no file time.
    DeclarationError if frictionless refuses the descriptor; ValueError without a resource.
    """
    if not resources:
        raise ValueError("a package needs at least one resource")
    if status not in ("ready", "held"):
        raise ValueError(f"status is ready or held, not {status!r}")
    staging = _fresh(folder.with_name(f".{folder.name}.new"))
    public, record = staging / "public", staging / "record"
    public.mkdir(parents=True)
    record.mkdir()
    name = dataset.name(standard)
    written = [_write_one(public, name, data, standard) for data in resources]
    filled = filled_points(resources, fixes)
    descriptor = without_blanks(make_descriptor(dataset, standard, written, name=name, credits=credits, filled=filled))
    check_descriptor(descriptor, where=str(dataset.path.name))
    _write_json(public / "datapackage.json", descriptor)
    sums = _write_sums(public)
    write_findings(record / "findings.csv", findings, standard)
    write_fixes(record / "fixes.csv", fixes)
    manifest = make_manifest(
        dataset,
        standard,
        name=name,
        status=status,
        reasons=reasons,
        findings=findings,
        fixes=fixes,
        rows=descriptor["kokai"]["rows"],
        points=descriptor["kokai"]["points"],
        sources=sources,
        counts=counts or {},
        public_sha256=sums,
        sample=is_sample(dataset),
    )
    _write_json(record / "manifest.json", manifest)
    _swap(staging, folder)
    return Package(folder, descriptor, manifest)


def _write_one(public: Path, name: str, data: ResourceData, standard: Standard) -> WrittenResource:
    stem = f"{name}_{data.stamp}" if data.stamp else name
    points = find_points(data.table, standard)
    return WrittenResource(
        stem=stem,
        stamp=data.stamp,
        as_of=data.as_of,
        columns=data.table.columns,
        files=write_resource(public, stem, data.table, points, data.archive),
        bounds_deg=points.bounds_deg if points else None,
    )


def _write_json(path: Path, value: Mapping[str, Any]) -> None:
    path.write_bytes((json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode())


def _write_sums(public: Path) -> str:
    """SHA256SUMS over every other file in public/ (the form that `sha256sum -c` reads); gives its own hash."""
    lines = [f"{sha256_of(path)}  {path.name}\n" for path in sorted(public.iterdir())]
    data = "".join(lines).encode()
    (public / SUMS).write_bytes(data)
    return hashlib.sha256(data).hexdigest()


def _fresh(folder: Path) -> Path:
    if folder.exists():
        shutil.rmtree(folder)
    return folder


def _swap(staging: Path, folder: Path) -> None:
    """Put the new folder in the place of the old one; the old one is deleted only after that."""
    old = _fresh(folder.with_name(f".{folder.name}.old"))
    if folder.exists():
        folder.rename(old)
    staging.rename(folder)
    _fresh(old)
