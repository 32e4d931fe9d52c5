"""Files that a portal serves to the hashes of their bytes, compared with what was meant."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from publish.ckan.portal import Portal
from publish.ckan.trouble import Later
from publish.plan import Wanted, WantedFile


@dataclass(frozen=True)
class Served:
    """What came down: its hash, its size and, for a table, its number of rows."""

    sha256: str
    size_bytes: int
    rows: int | None


def fetch(portal: Portal, url: str, *, count_rows: bool = False) -> Served:
    """Download `url` in pieces and hash it; tried again after transient failures. CatalogueError after the last."""
    from publish.ckan.trouble import unreachable

    for n in range(portal.tries):
        try:
            return _fetch_once(portal, url, count_rows)
        except Later as later:
            if n + 1 == portal.tries:
                raise unreachable(portal.token.hide(later.said), url, portal.tries) from None
            portal.pause(n, later)
    raise AssertionError("not reached")


def _fetch_once(portal: Portal, url: str, count_rows: bool) -> Served:
    digest, size, kept = hashlib.sha256(), 0, []
    with portal.download(url) as pieces:
        for piece in pieces:
            digest.update(piece)
            size += len(piece)
            if count_rows:
                kept.append(piece)
    return Served(digest.hexdigest(), size, _rows(b"".join(kept)) if count_rows else None)


def _rows(data: bytes) -> int:
    """Records of a CSV below its header; a line feed within quotes does not end one."""
    quoted = data.split(b'"')[0::2]
    lines = sum(part.count(b"\n") for part in quoted)
    return max(lines - (1 if data.endswith(b"\n") else 0), 0) if data else 0


def file_address(portal: Portal, dataset_id: str, resource_id: str, path: str) -> str:
    """Where CKAN serves an uploaded file; built from our base URL, since `url` may name another host."""
    return f"{portal.address}/dataset/{dataset_id}/resource/{resource_id}/download/{path}"


def damaged(portal: Portal, wanted: Wanted, held: Mapping[str, Any], ids: Mapping[str, str]) -> list[WantedFile]:
    """The files of `ids` (path -> resource id) whose bytes at the portal are not the ones that we have."""
    bad = []
    for f in wanted.files:
        if f.path not in ids:
            continue
        served = fetch(portal, file_address(portal, str(held["id"]), ids[f.path], f.path))
        if (served.sha256, served.size_bytes) != (f.sha256, f.size_bytes):
            bad.append(f)
    return bad
