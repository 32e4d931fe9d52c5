"""From a package to the dict that CKAN's package_show gives for it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pipelines.model import Municipality, Package
from publish.metadata.facts import FORMATS, dataset_page, file_url, licence_terms, sanitise_tags, theme_of

WITHDRAWN_TAG = "取下げ"
STANDARD_TAGS = ("自治体標準ODS", "推奨データセット")
"""Tags by which data of the national standards is gathered: on datasets of a standard kind that have files."""


def ckan_time(moment: datetime) -> str:
    """UTC as CKAN prints it, with microseconds and without Z; ckanext-harvest compares it as text."""
    utc = moment.astimezone(UTC) if moment.tzinfo else moment
    return utc.replace(tzinfo=None).isoformat(timespec="microseconds")


def ckan_dict(
    package: Package, body: Municipality, *, base_url: str, now: datetime, created: datetime | None = None
) -> dict[str, Any]:
    """One dataset as package_show gives it.

    `now` is the moment of this publication and becomes metadata_modified, never the data's own date;
    `created` is the moment of the first one. Ids are those of the descriptor, so they are the same in
    every catalogue. Extras have ASCII keys, because CKAN's index keeps no others. Our SHA-256 stands
    in `sha256` of each resource: `hash` belongs to xloader.
    """
    d = package.descriptor
    terms = licence_terms(d)
    tags = sanitise_tags(d["keywords"])
    page = dataset_page(base_url, d["name"])
    modified, first = ckan_time(now), ckan_time(created or now)
    resources = [_resource(r, d, base_url, first, modified, n) for n, r in enumerate(d["resources"])]
    return {
        "author": f"{body.name} {d['kokai']['section']}".strip(),
        "author_email": "",
        "creator_user_id": None,
        "extras": _extras(d, body),
        "groups": [],
        "id": d["id"],
        "isopen": terms.open,
        "license_id": terms.ckan_id,
        "license_title": terms.ckan_title,
        "license_url": terms.uri,
        "maintainer": f"{body.name} {body.contact.section}".strip(),
        "maintainer_email": body.contact.email,
        "metadata_created": first,
        "metadata_modified": modified,
        "name": d["name"],
        "notes": d["description"],
        "num_resources": len(resources),
        "num_tags": len(tags),
        "organization": organization_dict(body),
        "owner_org": body.organization_id,
        "private": False,
        "relationships_as_object": [],
        "relationships_as_subject": [],
        "resources": resources,
        "state": "active",
        "tags": [_tag(t) for t in tags],
        "title": d["title"],
        "type": "dataset",
        "url": page,
        "version": d["version"],
    }


def organization_dict(body: Municipality) -> dict[str, Any]:
    """The body as CKAN's organisation."""
    return {
        "approval_status": "approved",
        "description": f"{body.full_name}（全国地方公共団体コード {body.code}）",
        "id": body.organization_id,
        "image_url": "",
        "is_organization": True,
        "name": body.organization_id,
        "state": "active",
        "title": body.name,
        "type": "organization",
    }


def tombstone(dataset: Mapping[str, Any], *, now: datetime) -> dict[str, Any]:
    """A withdrawn dataset as it stays in the feed: no files, a tag and a note that say so.

    CKAN's harvester never deletes (ckanext-harvest 1.6.3), so the withdrawal has to arrive as a change. The tags of the
    standards go: who gathers data by them seeks files.
    """
    tags = [*(t for t in dataset["tags"] if t["name"] not in STANDARD_TAGS), _tag(WITHDRAWN_TAG)]
    return {
        **dataset,
        "metadata_modified": ckan_time(now),
        "notes": f"このデータは取り下げられました。{dataset['notes']}",
        "num_resources": 0,
        "num_tags": len(tags),
        "resources": [],
        "tags": tags,
        "title": f"【取下げ】{dataset['title']}",
    }


def _tag(name: str) -> dict[str, Any]:
    return {"display_name": name, "id": None, "name": name, "state": "active", "vocabulary_id": None}


def _resource(
    r: Mapping[str, Any], d: Mapping[str, Any], base_url: str, created: str, modified: str, position: int
) -> dict[str, Any]:
    return {
        "cache_last_updated": None,
        "cache_url": None,
        "created": created,
        "datastore_active": False,
        "description": r["description"],
        "format": FORMATS[r["format"]][0],
        "hash": "",
        "id": r["id"],
        "last_modified": modified,
        "metadata_modified": modified,
        "mimetype": r["mediatype"],
        "mimetype_inner": None,
        "name": r["title"],
        "package_id": d["id"],
        "position": position,
        "resource_type": None,
        "sha256": str(r["hash"]).removeprefix("sha256:"),
        "size": r["bytes"],
        "state": "active",
        "url": file_url(base_url, d["name"], r["path"]),
        "url_type": None,
    }


def _extras(d: Mapping[str, Any], body: Municipality) -> list[dict[str, str]]:
    k = d["kokai"]
    values = {
        "as_of": k["as_of"],
        "conforms_to": "" if k["local"] else k["edition_title"],
        "edition": k["edition"],
        "frequency": k["frequency_ja"],
        "kind": k["kind"],
        "language": "ja",
        "municipality_code": body.code,
        "points_filled": str(sum(f["count"] for f in k.get("filled_points", [])) or ""),
        "records": str(k["rows"]),
        "sample": "true" if k["sample"] else "",
        "source_id": f"{body.code}:{k['dataset']}",
        "spatial": _box(k.get("bounds_deg")),
        "spatial_text": body.full_name,
        "temporal_end": k["as_of"],
        "temporal_start": k["since"],
        "theme": k["theme"] or theme_of(k["kind"])[1],
    }
    return [{"key": key, "value": value} for key, value in sorted(values.items()) if value]


def _box(bounds: list[float] | None) -> str:
    """The box of the points as GeoJSON text, which ckanext-spatial reads from the extra `spatial`."""
    if not bounds:
        return ""
    west, south, east, north = bounds
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return json.dumps({"type": "Polygon", "coordinates": [ring]}, separators=(",", ":"))
