"""What a portal holds of ours, read in pages, and which of its datasets stands for which package."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.errors import CatalogueError
from publish.ckan.portal import Portal
from publish.ckan.trouble import Refused, stopped
from publish.plan import Wanted

PAGE = 1000
MAX_PAGES = 200


@dataclass(frozen=True)
class Held:
    """Every dataset of the bodies' organisations and names, by name; and the portal's version."""

    version: str
    site_url: str
    extensions: tuple[str, ...]
    datasets: Mapping[str, Mapping[str, Any]]
    requests: int

    @property
    def has_datastore(self) -> bool:
        return "datastore" in self.extensions

    @property
    def has_xloader(self) -> bool:
        return "xloader" in self.extensions


def read_portal(portal: Portal, codes: Iterable[str], organizations: Iterable[str]) -> Held:
    """Read all datasets named `<code>_*` or of the organisations, private ones too, 1,000 a page. CatalogueError."""
    before = portal.count.reads
    try:
        status = portal.read("status_show")
        query = _query(codes, organizations)
        datasets = _search(portal, query) if query else {}
    except Refused as refused:
        raise stopped(refused, action="package_search", where=portal.address) from None
    return Held(str(status.get("ckan_version", "")), str(status.get("site_url", "")).rstrip("/"),
                tuple(status.get("extensions", ())), datasets, portal.count.reads - before)


def _query(codes: Iterable[str], organizations: Iterable[str]) -> str:
    parts = [f"name:{c}_*" for c in sorted(set(codes))]
    parts += [f'organization:"{o}"' for o in sorted(set(organizations))]
    return f"({' OR '.join(parts)})" if parts else ""


def _search(portal: Portal, query: str) -> dict[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    start, total = 0, 1
    for _ in range(MAX_PAGES):
        answer = portal.read("package_search", {
            "fq": query, "rows": PAGE, "start": start, "sort": "id asc", "include_private": True, "facet": False,
        })
        page, total = answer["results"], int(answer["count"])
        found |= {str(d["name"]): d for d in page if d.get("state") != "deleted"}
        start += len(page)
        if start >= total or not page:
            break
    if start < total:
        raise CatalogueError(
            "portal-search-short", f"カタログの検索が{total}件中{start}件しか返しません。",
            f"the portal's search gives {start} of {total} datasets",
            todo_ja="時間をおいて、もう一度実行してください。", todo_en="Run again later.", where=portal.address,
        )
    return found


@dataclass(frozen=True)
class Match:
    """The portal's dataset for a package, and how it was found when it does not bear our mark."""

    held: Mapping[str, Any] | None
    adopted: str = ""  # "", name, id, title


def match_datasets(wanted: Sequence[Wanted], datasets: Mapping[str, Mapping[str, Any]]) -> dict[str, Match]:
    """name -> Match: by our extra `source_id`, by id, by name, by title (of the same organisation); each dataset once.

    Titles are compared without the body's name, width, case and blanks: 「【美祢市】AED設置箇所一覧」 is what a person
    calls 「ＡＥＤ設置箇所一覧」. CatalogueError when two datasets of the portal claim to be the same register entry, or
    when nobody can tell which of several with one title it is.
    """
    marks: dict[str, list[Mapping[str, Any]]] = {}
    for d in datasets.values():
        if mark := source_id(d):
            marks.setdefault(mark, []).append(d)
    ids = {str(d["id"]): d for d in datasets.values()}
    made: dict[str, Match] = {}
    for w in wanted:
        mine = marks.get(w.extras["source_id"], [])
        if len(mine) > 1:
            raise _doubled(w, mine)
        if mine:
            made[w.name] = Match(mine[0], "" if mine[0]["name"] == w.name else "id")
        elif w.id in ids:
            made[w.name] = Match(ids[w.id], "id")
        elif w.name in datasets:
            made[w.name] = Match(datasets[w.name], "name")
    taken = {str(m.held["id"]) for m in made.values() if m.held is not None}
    bodies = _body_names(wanted)
    titles: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for d in datasets.values():
        if str(d["id"]) not in taken and not source_id(d):
            titles.setdefault((organization_of(d), _bare_title(str(d.get("title", "")), bodies)), []).append(d)
    for w in wanted:
        if w.name not in made:
            alike = titles.pop((str(w.fields["owner_org"]), _bare_title(str(w.fields["title"]), bodies)), [])
            if len(alike) > 1:
                raise _unclear(w, alike)
            made[w.name] = Match(alike[0], "title") if alike else Match(None)
    return made


def _body_names(wanted: Sequence[Wanted]) -> list[str]:
    """山口県美祢市 and 美祢市, the longer ones first."""
    full = {str(w.facts["body"]) for w in wanted if w.facts.get("body")}
    return sorted(full | {re.sub(r"^.{2,3}?[都道府県]", "", f) for f in full}, key=lambda n: (-len(n), n))


def _bare_title(title: str, bodies: Sequence[str]) -> str:
    """The title without blanks, width and case, and without the body's name before it (【美祢市】, 美祢市の)."""
    plain = "".join(unicodedata.normalize("NFKC", title).lower().split())
    names = "|".join(re.escape(b) for b in bodies)
    return re.sub(rf"^(?:【(?:{names})】|(?:{names})の?)", "", plain) if names else plain


def source_id(dataset: Mapping[str, Any]) -> str:
    """Our mark on a dataset: the extra `source_id`, <code>:<register id>."""
    return next((str(e["value"]) for e in dataset.get("extras", ()) if e["key"] == "source_id"), "")


def organization_of(dataset: Mapping[str, Any]) -> str:
    return str((dataset.get("organization") or {}).get("name", ""))


def _unclear(w: Wanted, alike: Sequence[Mapping[str, Any]]) -> CatalogueError:
    names = "、".join(sorted(str(d["name"]) for d in alike))
    return CatalogueError(
        "portal-title-twice", f"「{w.fields['title']}」と同じ題名のデータセットが{len(alike)}つあり、どれか決められません: {names}",
        f"{len(alike)} datasets of the portal have this title; which one is it: {names}",
        todo_ja=f"引き継ぐ方に、追加項目 source_id({w.extras['source_id']})を付けるか、違う方の題名を変えてください。",
        todo_en=f"Give the one the extra source_id = {w.extras['source_id']} on the portal, or rename the others.", where=w.name,
    )


def _doubled(w: Wanted, mine: Sequence[Mapping[str, Any]]) -> CatalogueError:
    names = "、".join(sorted(str(d["name"]) for d in mine))
    return CatalogueError(
        "portal-doubled", f"カタログに同じ登録番号のデータセットが{len(mine)}つあります: {names}",
        f"{len(mine)} datasets of the portal bear the same source_id: {names}",
        todo_ja="使わない方をカタログの画面で消すか、その追加項目 source_id を消してください。",
        todo_en="Delete the one not in use, or its extra source_id, on the portal.", where=w.name,
    )
