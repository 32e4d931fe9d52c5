"""From the packages at hand and the current release to what the next release holds, dataset by dataset."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipelines.errors import CatalogueError
from pipelines.model import Contact, Licence, Municipality, Package
from publish.metadata import Published, ckan_dict, ckan_time, tombstone
from publish.site.release import read_state, verified_files

NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Item:
    """One dataset of the next release: its published facts, where its files lie, and what happens to it."""

    published: Published
    files: Path  # folder with the files now
    names: Sequence[str]  # the files to take
    fingerprint: str
    change: str  # created, updated, kept, carried
    ckan: Mapping[str, Any]

    @property
    def name(self) -> str:
        return self.published.package.name


@dataclass(frozen=True)
class Withdrawn:
    """A dataset that was public and no longer is: its tombstone, and since when."""

    name: str
    since: str  # as CKAN prints it
    ckan: Mapping[str, Any]


def collect(
    packages: Sequence[Package],
    bodies: Mapping[str, Municipality],
    current: Path | None,
    *,
    now: datetime,
    withdraw: Collection[str],
    base_url: str,
) -> tuple[list[Item], list[Withdrawn]]:
    """Given packages first, then every dataset of the current release that is not given (held back: carried over).

    A package whose manifest says `held` counts as not given. CatalogueError when a withdrawal names
    what is not public, or when files do not match their hashes.
    """
    known: dict[str, Any] = read_state(current)["datasets"] if current else {}
    live = {name for name, entry in known.items() if not entry.get("withdrawn")}
    _check_names(withdraw, live)
    items = []
    for package in sorted(packages, key=lambda p: p.name):
        if package.manifest.get("status") == "held" or package.name in withdraw:
            continue
        old = known.get(package.name) if package.name in live else None
        items.append(_item(package, package.public, bodies, old, now=now, base_url=base_url, given=True))
    given = {i.name for i in items}
    for name in sorted(live - given - set(withdraw)):
        assert current is not None
        package = _released_package(current, name)
        items.append(_item(package, package.folder, bodies, known[name], now=now, base_url=base_url, given=False))
    gone = [
        Withdrawn(name, entry["withdrawn"], entry["tombstone"])
        for name, entry in known.items()
        if entry.get("withdrawn") and name not in given
    ]
    for name in sorted(withdraw):
        assert current is not None
        package = _released_package(current, name)
        last = _item(package, package.folder, bodies, known[name], now=now, base_url=base_url, given=False)
        gone.append(Withdrawn(name, ckan_time(now), tombstone(last.ckan, now=now)))
    return sorted(items, key=lambda i: i.name), sorted(gone, key=lambda w: w.name)


def _check_names(withdraw: Collection[str], live: Collection[str]) -> None:
    unknown = sorted(set(withdraw) - set(live))
    if unknown:
        raise CatalogueError(
            "withdraw-unknown",
            f"公開されていないデータセットは取り下げられません: {'、'.join(unknown)}",
            f"not public, so it cannot be withdrawn: {', '.join(unknown)}",
            todo_ja="名前（例 352136_aed）を確かめてください。",
            todo_en="Check the name, for example 352136_aed.",
            where=", ".join(unknown),
        )


def _released_package(current: Path, name: str) -> Package:
    folder = current / "datasets" / name
    try:
        descriptor = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise CatalogueError(
            "release-damaged",
            f"公開中の版に「{name}」の説明ファイルがありません。取下げの指定なしに公開をやめることはできません。",
            f"{name} is missing from the current release; a dataset cannot be lost without a named withdrawal",
            todo_ja=f"releases/ を戻すか、取り下げるときは kokai withdraw {name} を実行してください。",
            todo_en=f"Restore releases/, or run kokai withdraw {name} if it is to go.",
            where=str(folder),
        ) from None
    return Package(folder, descriptor, {})


def _item(
    package: Package,
    files: Path,
    bodies: Mapping[str, Municipality],
    old: Mapping[str, Any] | None,
    *,
    now: datetime,
    base_url: str,
    given: bool,
) -> Item:
    body = bodies.get(package.descriptor["kokai"]["code"]) or body_of(package.descriptor)
    names = verified_files(files, package.name)
    fingerprint = _fingerprint(package, files, body, base_url)
    unchanged = old is not None and old["fingerprint"] == fingerprint
    issued = parse_time(old["issued"]) if old else now
    modified = parse_time(old["modified"]) if old and unchanged else now
    change = ("kept" if unchanged else "updated" if old else "created") if given else "carried"
    published = Published(package, body, issued, modified)
    ckan = ckan_dict(package, body, base_url=base_url, now=modified, created=issued)
    return Item(published, files, names, fingerprint, change, ckan)


def _fingerprint(package: Package, files: Path, body: Municipality, base_url: str) -> str:
    """What a harvester would see of the dataset, times apart: a change of it is a new metadata_modified."""
    seen = ckan_dict(package, body, base_url=base_url, now=NEVER)
    text = json.dumps(seen, ensure_ascii=False, sort_keys=True).encode()
    return hashlib.sha256(text + (files / "SHA256SUMS").read_bytes()).hexdigest()


def parse_time(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def body_of(descriptor: Mapping[str, Any]) -> Municipality:
    """The body as the descriptor knows it, for a dataset whose body is no longer declared."""
    b, licence = descriptor["kokai"]["body"], descriptor["licenses"][0]
    contact = b["contact"]
    return Municipality(
        code=b["code"],
        name=b["name"],
        name_kana=b["name_kana"],
        name_en=b["name_en"],
        prefecture=b["prefecture"],
        corporate_number=b["corporate_number"],
        organization_id=b["organization_id"],
        licence=Licence(licence["name"], licence.get("title", ""), licence.get("path", "")),
        contact=Contact(contact["section"], contact["tel"], contact["email"], contact["url"]),
        crs="EPSG:6668",
        catalogues=(),
        sample=bool(descriptor["kokai"]["sample"]),
        folder=Path(),
        homepage=b.get("homepage", ""),
    )
