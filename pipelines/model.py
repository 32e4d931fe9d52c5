"""The words of the house: Standard, Field, Table, Finding, Fix, Source, Dataset, Municipality, Package.

Findings and fixes travel as polars frames (`FINDINGS`, `FIXES`); the dataclasses are one row's view.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import polars as pl

ROW = "__row__"
"""Name of the column that holds the row number of the source file (1 = first row that Excel shows)."""

FINDINGS: dict[str, Any] = {
    "code": pl.String,  # a key of messages.yml
    "row": pl.Int64,  # row number of the source file, null = about the whole file or column
    "field": pl.String,  # standard heading, else the source's heading; null = about the row or file
    "value": pl.String,  # the cell as it came, null = none
    "params": pl.String,  # JSON object with what the message needs
    "remedy": pl.String,  # the value that we would write, null = we do not know
}
FIXES: dict[str, Any] = {
    "row": pl.Int64,
    "field": pl.String,
    "before": pl.String,
    "after": pl.String,
    "rule": pl.String,  # a key under `rules:` of messages.yml
    "applied": pl.Boolean,  # false: a fix of meaning that waits for a yes; the original stays
}


@dataclass(frozen=True)
class Finding:
    """One problem in the data; the level and the words come from messages.yml and the edition."""

    code: str
    row: int | None = None
    field: str | None = None
    value: str | None = None
    params: Mapping[str, Any] = dataclasses.field(default_factory=dict)  # `field` is the attribute above
    remedy: str | None = None


@dataclass(frozen=True)
class Fix:
    """One automatic change of one cell, reversible."""

    row: int | None
    field: str
    before: str | None
    after: str | None
    rule: str
    applied: bool = True


def findings_frame(findings: Sequence[Finding] = ()) -> pl.DataFrame:
    """Findings as a frame with the columns of `FINDINGS` (empty frame for none)."""
    if not findings:
        return _no_findings().clone()
    rows = [
        (f.code, f.row, f.field, f.value, json.dumps(f.params, ensure_ascii=False, sort_keys=True), f.remedy)
        for f in findings
    ]
    return pl.DataFrame(rows, schema=FINDINGS, orient="row")


@lru_cache(maxsize=1)
def _no_findings() -> pl.DataFrame:
    return pl.DataFrame(schema=FINDINGS)


def fixes_frame(fixes: Sequence[Fix] = ()) -> pl.DataFrame:
    """Fixes as a frame with the columns of `FIXES` (empty frame for none)."""
    rows = [(f.row, f.field, f.before, f.after, f.rule, f.applied) for f in fixes]
    return pl.DataFrame(rows, schema=FIXES, orient="row")


@dataclass(frozen=True)
class Table:
    """One block of rows: text cells (pl.String, null = blank cell) and, first, the column `ROW` (pl.Int64).

    Column names are unique. Types belong to the Standard, not to the frame. A small file is one
    block; a large CSV is many.
    """

    frame: pl.DataFrame

    @property
    def columns(self) -> tuple[str, ...]:
        """The headings, without `ROW`."""
        return tuple(c for c in self.frame.columns if c != ROW)

    @property
    def rows(self) -> int:
        return self.frame.height

    @classmethod
    def from_rows(cls, columns: Sequence[str], rows: Sequence[Sequence[str | None]], first_row: int = 2) -> Table:
        """A table from Python rows; row numbers count from `first_row` (2 = below a header in row 1)."""
        data: dict[str, Any] = {ROW: pl.Series(ROW, range(first_row, first_row + len(rows)), dtype=pl.Int64)}
        for i, name in enumerate(columns):
            data[name] = pl.Series(name, [r[i] for r in rows], dtype=pl.String)
        return cls(pl.DataFrame(data))


@dataclass(frozen=True)
class SheetInfo:
    """What a workbook holds beside the table: listed, never carried along."""

    name: str
    hidden: bool = False
    rows: int = 0
    columns: int = 0


class Source(Protocol):
    """A section's file, opened: where its table stands, and the table in blocks of text.

    `blocks()` may be called more than once and reads the file again each time. Each item is a
    Table whose columns are `columns` (blank headings named, repeated headings made unique) and the
    findings of that block (totals and notes left out, cells that could not be read ...).
    """

    path: Path
    format: str  # csv, tsv, xlsx, xls, ods, geojson, zip
    encoding: str | None  # utf-8, utf-8-sig, cp932, euc_jp, iso2022_jp, utf-16; None for binary formats
    sheet: str | None
    header_row: int | None  # 1-based as Excel counts, None = no header row (GeoJSON, headerless)
    columns: tuple[str, ...]  # unique names, source order
    headings: tuple[str, ...]  # the headings exactly as they stand
    findings: pl.DataFrame  # about the file: title rows, merged cells, hidden sheets, properties ...
    sheets: tuple[SheetInfo, ...]
    crs_hint: str | None  # what the file says about its CRS (GeoJSON "crs"), if anything
    size_bytes: int
    sha256: str

    def blocks(self) -> Iterator[tuple[Table, pl.DataFrame]]: ...

    def records(self) -> Iterator[tuple[Table, pl.DataFrame]]: ...


@dataclass(frozen=True)
class Requirement:
    """A requirement mark and what it rests on. Only `required` with basis `read` is an error when blank."""

    mark: str  # required ◎, recommended ○, optional, unknown
    basis: str  # read, inferred, unknown, declared (local schemas)


@dataclass(frozen=True)
class Field:
    """One column of a Standard; `spec` is the Table Schema field as it stands in the file."""

    name: str
    type: str  # Table Schema type
    format: str | None  # Table Schema format
    rule: str | None  # Kokai's value rule: `fmt` of the standard (lgcode6, kana, tel, dow ...)
    requirement: Requirement
    enum: tuple[str, ...]
    spec: Mapping[str, Any]


@dataclass(frozen=True)
class Standard:
    """One Table Schema of one kind and edition. `schema` is the whole JSON as it stands in the file."""

    kind: str  # id of the dataset in the standard: aed, shelter ...; "" for a foreign Table Schema
    edition: str  # recommended-v1, municipal-standard-v3 ...
    title_ja: str
    title_en: str
    number: str  # official number (01-31) or ""
    file_slug: str  # official slug without a date part: aed, evacuation_space, population ...
    dated: bool  # the file name carries _yyyymmdd
    confidence: str  # exact, partial, from-memory, declared
    fields: tuple[Field, ...]
    schema: Mapping[str, Any]
    levels: Mapping[str, str] = field(default_factory=dict)  # code -> level, where this edition differs
    local: bool = False  # from a workspace's own schemas/

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f.name for f in self.fields)

    def get(self, name: str) -> Field | None:
        for f in self.fields:
            if f.name == name:
                return f
        return None

    def with_rule(self, rule: str) -> tuple[Field, ...]:
        """The fields whose value rule is `rule`, in official order."""
        return tuple(f for f in self.fields if f.rule == rule)


@dataclass(frozen=True)
class Licence:
    id: str  # CC-BY-4.0
    title: str
    url: str


@dataclass(frozen=True)
class Contact:
    section: str
    tel: str = ""
    email: str = ""
    url: str = ""


@dataclass(frozen=True)
class Municipality:
    """datasets/<code>_<city>/municipality.yml."""

    code: str  # 全国地方公共団体コード, 6 digits
    name: str  # 美祢市
    name_kana: str
    name_en: str
    prefecture: str  # 山口県
    corporate_number: str
    organization_id: str  # CKAN organisation name
    licence: Licence
    contact: Contact
    crs: str  # EPSG:6668
    catalogues: tuple[str, ...]
    sample: bool
    folder: Path
    base_url: str = ""  # where the embedded catalogue will be served, for absolute addresses
    homepage: str = ""

    @property
    def full_name(self) -> str:
        """山口県美祢市, as 地方公共団体名 wants it."""
        return self.prefecture + self.name


@dataclass(frozen=True)
class Allowance:
    """A column that may hold what guard would stop, with the reason that a person gave."""

    field: str
    code: str
    reason: str


@dataclass(frozen=True)
class Period:
    """One dated file of a dataset (population): one more resource of the same dataset."""

    stamp: str  # yyyymmdd or yyyymmdd_yyyymmdd, goes into the file name
    file: str
    as_of: str  # YYYY-MM-DD


@dataclass(frozen=True)
class Dataset:
    """One register entry (種類): datasets/<code>_<city>/<id>.yml. Paths are relative to that folder."""

    id: str  # file stem
    kind: str
    edition: str  # the edition that is published
    body: Municipality
    title: str
    description: str
    section: str  # 所管課
    frequency: str  # daily, weekly, monthly, quarterly, semiannual, annual, as-needed, irregular, never
    as_of: str  # YYYY-MM-DD
    path: Path  # the YAML
    source_file: str | None = None  # path under the body's folder; None = generated or periods
    sheet: str | None = None
    header_row: int | None = None
    source_edition: str | None = None  # None = told by the headings
    generated: str | None = None  # opendata_list: made from the register
    slice: str | None = None
    periods: tuple[Period, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)  # source heading -> standard heading
    ignore: Mapping[str, str] = field(default_factory=dict)  # source heading -> reason
    constants: Mapping[str, str] = field(default_factory=dict)  # standard heading -> value
    lookups: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # heading -> {wrong: right}
    refuse_fixes: tuple[str, ...] = ()  # rules that must not be applied
    accept_fixes: tuple[str, ...] = ()  # rules of meaning that a person said yes to
    allowances: tuple[Allowance, ...] = ()
    geocode_coarsest: str = "oaza"  # none, facility, building, block, parcel, chome, oaza
    crs: str | None = None  # of the source's coordinates, None = the body's
    expect: Mapping[str, Any] = field(default_factory=dict)
    publish_with_errors: str | None = None
    keywords: tuple[str, ...] = ()
    theme: str = ""
    licence: Licence | None = None
    sample: bool = False
    examples: tuple[Mapping[str, Any], ...] = ()
    planned: bool = False  # in the register, no data yet

    def name(self, standard: Standard) -> str:
        """Package, dataset and CKAN name: <code>_<file_slug>[_slice]."""
        return f"{self.body.code}_{standard.file_slug}" + (f"_{self.slice}" if self.slice else "")


@dataclass(frozen=True)
class Package:
    """A package folder on disk: `public/` may leave, `record/` stays.

    `descriptor` is public/datapackage.json, `manifest` is record/manifest.json (status ready or
    held with reasons, counts of findings and fixes, hashes).
    """

    folder: Path
    descriptor: Mapping[str, Any]
    manifest: Mapping[str, Any]

    @property
    def name(self) -> str:
        return str(self.descriptor["name"])

    @property
    def public(self) -> Path:
        return self.folder / "public"

    @property
    def record(self) -> Path:
        return self.folder / "record"

    @classmethod
    def read(cls, folder: Path) -> Package:
        """Read a package folder; a missing record/ (handed over) gives an empty manifest."""
        descriptor = json.loads((folder / "public" / "datapackage.json").read_text(encoding="utf-8"))
        manifest_path = folder / "record" / "manifest.json"
        manifest = json.loads(manifest_path.read_text(encoding="utf-8")) if manifest_path.exists() else {}
        return cls(folder, descriptor, manifest)
