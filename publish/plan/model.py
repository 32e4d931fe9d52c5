"""The words of a plan: what we want a catalogue to hold, and the changes that lead there (frozen dataclasses)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class WantedFile:
    """One file as it shall stand in the catalogue; `fields` are the resource's fields that are ours."""

    id: str
    path: str  # ASCII file name
    sha256: str
    size_bytes: int
    fields: Mapping[str, Any]
    local: Path | None = None  # where its bytes lie; None in a plan that was read back
    rows: int | None = None
    key: tuple[str, ...] = ()  # primary key of the table
    lat: str = ""  # heading of the latitude, if any
    lon: str = ""
    columns: tuple[Mapping[str, Any], ...] = ()  # Table Schema fields of a table


@dataclass(frozen=True)
class Wanted:
    """One dataset as it shall stand in the catalogue; `fields` are the dataset's fields that are ours."""

    name: str
    id: str
    code: str  # 全国地方公共団体コード
    dataset: str  # id in the register
    fields: Mapping[str, Any]  # title, notes, license_id, owner_org, ... texts
    tags: tuple[str, ...]
    extras: Mapping[str, str]
    files: tuple[WantedFile, ...]
    package_sha256: str  # of public/datapackage.json, which carries the hashes of all files
    facts: Mapping[str, Any] = field(default_factory=dict)  # for people: rows, errors, fixes, sample
    groups: tuple[str, ...] = ()  # names of the portal's groups


@dataclass(frozen=True)
class FieldChange:
    """One field: what the catalogue says now, what it will say."""

    field: str
    before: str
    after: str


@dataclass(frozen=True)
class FileChange:
    """One file: upload (new or other bytes), update (words only), keep, withdraw; `id` is the catalogue's."""

    action: str
    path: str
    id: str
    reason: str  # a key of wording.REASONS
    size_bytes: int = 0
    sha256_before: str = ""
    sha256_after: str = ""
    fields: tuple[FieldChange, ...] = ()
    rows: Mapping[str, Any] = field(default_factory=dict)  # RowDifference.as_dict(), where both tables are at hand


@dataclass(frozen=True)
class Change:
    """What happens to one dataset: create, update, keep, withdraw, adopt."""

    action: str
    name: str
    reason: str  # a key of wording.REASONS
    id: str  # the catalogue's id, "" before it exists
    revision: str  # metadata_modified that the plan was made against, "" before it exists
    private: bool  # as it stands now
    code: str
    dataset: str
    title: str
    package_sha256: str
    fields: tuple[FieldChange, ...] = ()
    files: tuple[FileChange, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    said_by: str = ""  # who decided a withdrawal
    said_why: str = ""
    tables: tuple[str, ...] = ()  # of a dataset that stays: tables that the portal's DataStore lacks; filled, no publication

    @property
    def uploads(self) -> tuple[FileChange, ...]:
        return tuple(f for f in self.files if f.action == "upload")


@dataclass(frozen=True)
class Plan:
    """All changes against one catalogue, made at one moment against one state of it."""

    catalogue: str
    address: str
    made_at: str  # JST, ISO 8601
    made_by: str
    portal: Mapping[str, Any]  # version, number of datasets read, number of requests
    changes: tuple[Change, ...]
    unknown: tuple[str, ...] = ()  # datasets of ours in the catalogue that no package stands for: left alone

    @property
    def active(self) -> tuple[Change, ...]:
        """The changes that write something."""
        return tuple(c for c in self.changes if c.action != "keep")

    def counts(self) -> dict[str, int]:
        """How many datasets per action, and what goes over the line."""
        made = {a: sum(1 for c in self.changes if c.action == a) for a in
                ("create", "update", "adopt", "withdraw", "keep")}
        files = [f for c in self.changes for f in c.files]
        made["uploads"] = sum(1 for f in files if f.action == "upload")
        made["upload_bytes"] = sum(f.size_bytes for f in files if f.action == "upload")
        return made
