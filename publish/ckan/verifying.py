"""What a portal serves to everyone, to the places where it is not what was published: bytes, rows, words, visibility."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from pipelines.errors import KokaiError
from publish.ckan.checking import fetch, file_address
from publish.ckan.datastore import Note, lacking, short_tables
from publish.ckan.portal import Portal
from publish.ckan.trouble import Refused
from publish.plan import FieldChange, Wanted
from publish.plan.compare import file_name, is_tombstone, match_files, remaining, text
from publish.plan.wording import field_ja
from publish.plan.words import difference


@dataclass(frozen=True)
class Drift:
    """One place where the catalogue is not what was published."""

    code: str
    name: str
    place: str  # file or field, "" = the dataset
    ja: str
    en: str

    def as_dict(self) -> dict[str, str]:
        return {"code": self.code, "name": self.name, "place": self.place, "message_ja": self.ja, "message_en": self.en}


@dataclass(frozen=True)
class Verified:
    """What was looked at, and what was found."""

    datasets: int
    files: int
    size_bytes: int
    drifts: tuple[Drift, ...]
    notes: tuple[Note, ...] = ()  # tables that the DataStore lacks: the file is public, so that is no drift


def verify_portal(
    portal: Portal, public: Portal, wanted: Mapping[str, Wanted | None], withdrawn: Sequence[str], *, parallel: int = 2
) -> Verified:
    """Download and compare every file of every dataset.

    `wanted` by name (None: nothing is kept here, so the portal's own `sha256` fields are the measure); `public`
    is the same portal without a token: what everyone sees. `withdrawn`: names that must bear no file.
    """
    try:
        tables = "datastore" in portal.read("status_show").get("extensions", ())
    except Refused:
        tables = False
    with ThreadPoolExecutor(max_workers=max(1, parallel)) as pool:
        found = list(pool.map(lambda item: _guarded(portal, public, item[0], item[1], tables), sorted(wanted.items())))
        graves = list(pool.map(lambda name: _grave(portal, name), sorted(withdrawn)))
    drifts = [d for f in found for d in f.drifts] + [d for g in graves for d in g]
    return Verified(len(wanted) + len(withdrawn), sum(f.files for f in found), sum(f.size_bytes for f in found), tuple(drifts),
                    tuple(n for f in found for n in f.notes))


def _guarded(portal: Portal, public: Portal, name: str, wanted: Wanted | None, tables: bool) -> Verified:
    try:
        return _dataset(portal, public, name, wanted, tables)
    except KokaiError as error:
        return Verified(1, 0, 0, (Drift(error.code, name, error.where, error.ja, error.en),))


def _dataset(portal: Portal, public: Portal, name: str, wanted: Wanted | None, tables: bool) -> Verified:
    held = portal.show(name)
    if held is None:
        return Verified(1, 0, 0, (Drift("dataset-gone", name, "", "カタログから消えています。", "is gone from the catalogue"),))
    drifts = _visibility(public, name, held)
    drifts += _words(name, wanted, held) if wanted else []
    expected = {str(r["id"]): f for f in (wanted.files if wanted else ()) for p, r in match_files(wanted, held).items()
                if p == f.path} if wanted else {}
    size = files = 0
    for r in held.get("resources", ()):
        if text(r.get("url_type")) != "upload":
            continue
        mine = expected.get(str(r["id"]))
        path = mine.path if mine else file_name(r)
        want_sha = mine.sha256 if mine else text(r.get("sha256"))
        is_table = mine is not None and mine.rows is not None
        address = file_address(portal, str(held["id"]), str(r["id"]), file_name(r))
        served = fetch(portal if held.get("private") else public, address, count_rows=is_table)
        files += 1
        size += served.size_bytes
        if want_sha and served.sha256 != want_sha:
            drifts.append(Drift("file-differs", name, path, f"公開中の中身が、公開時と違います({served.size_bytes:,}バイト)。",
                                f"the bytes served are not those published ({served.size_bytes:,} bytes)"))
        elif mine is not None and is_table and served.rows != mine.rows:
            drifts.append(Drift("rows-differ", name, path, f"行数が{served.rows}で、{mine.rows}のはずです。",
                                f"{served.rows} rows, {mine.rows} expected"))
    notes = [lacking(f, said) for f, said in short_tables(portal, wanted, held)] if tables and wanted else []
    return Verified(1, files, size, tuple(drifts), tuple(notes))


def _visibility(public: Portal, name: str, held: Mapping[str, Any]) -> list[Drift]:
    if held.get("private"):
        return [Drift("dataset-private", name, "", "非公開になっています。", "is private")]
    try:
        public.read("package_show", {"id": str(held["id"])}, where=name)
    except Refused:
        return [Drift("dataset-hidden", name, "", "ログインしていない人には見えません。", "is not visible without a login")]
    return []


def _words(name: str, wanted: Wanted, held: Mapping[str, Any]) -> list[Drift]:
    fields, files = remaining(wanted, held)
    made = [_differs(name, f, f.field) for f in fields if f.field != "private"]
    for c in files:
        if c.reason == "file-new":
            made.append(Drift("file-gone", name, c.path, "ファイルがカタログから消えています。", "the file is gone"))
        made += [_differs(name, f, f"{c.path}:{f.field}") for f in c.fields if f.field not in ("sha256", "size")]
    known = {str(r["id"]) for r in match_files(wanted, held).values()}
    for r in held.get("resources", ()):
        if str(r["id"]) not in known:
            made.append(Drift("file-foreign", name, file_name(r), "カタログで足されたファイルです。", "was added on the portal"))
    return made


def _grave(portal: Portal, name: str) -> list[Drift]:
    held = portal.show(name)
    if held is None or (is_tombstone(held) and not held.get("resources")):
        return []
    return [Drift("withdrawn-public", name, "", "取り下げたはずのデータが公開されています。", "was withdrawn but is public")]


def _differs(name: str, f: FieldChange, place: str) -> Drift:
    now, published = difference(f.before, f.after)
    return Drift("field-differs", name, place, f"「{field_ja(f.field)}」が「{now}」です(公開時は「{published}」)。",
                 f"{f.field} is {now!r}, published as {published!r}")
