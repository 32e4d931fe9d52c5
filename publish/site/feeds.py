"""From the items of a release to the files that machines read: CKAN API, DCAT, Data Package, lists, sitemap."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from pipelines.package import csv_bytes
from pipelines.standards import load_standard
from publish.metadata import (
    catalogue_title,
    dataset_page,
    opendata_list,
    organization_dict,
    rdf_texts,
)
from publish.site.items import Item, Withdrawn

EDITIONS = {"municipal-standard-v3": "open_data_list.csv", "recommended-v1": "open_data_list_recommended.csv"}


def write_feeds(
    staging: Path, items: Sequence[Item], gone: Sequence[Withdrawn], *, base_url: str, graph: Any
) -> None:
    """api/3/action/*, catalog.*, datapackage.json, open_data_list*.csv, sitemap.xml, robots.txt; only CSV has a BOM."""
    _write_api(staging / "api" / "3" / "action", items, gone, base_url)
    published = [i.published for i in items]
    for ending, text in rdf_texts(graph).items():
        (staging / f"catalog.{ending}").write_bytes(text.encode())
    _write_json(staging / "datapackage.json", _catalogue_package(items, base_url))
    for edition, name in EDITIONS.items():
        table = opendata_list(published, load_standard("opendata_list", edition), base_url=base_url)
        (staging / name).write_bytes(csv_bytes(table))
    pages = [base_url, *(dataset_page(base_url, i.name) for i in items)]
    urls = "".join(f"  <url><loc>{escape(p)}</loc></url>\n" for p in pages)
    sitemap = '<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
    (staging / "sitemap.xml").write_bytes(f"{sitemap}{urls}</urlset>\n".encode())
    (staging / "robots.txt").write_bytes(f"User-agent: *\nAllow: /\nSitemap: {base_url}sitemap.xml\n".encode())


def _write_json(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes((json.dumps(value, ensure_ascii=False) + "\n").encode())


def _write_api(folder: Path, items: Sequence[Item], gone: Sequence[Withdrawn], base_url: str) -> None:
    """The answers of CKAN's read API as plain files: a harvester pages through package_search and needs no server."""
    datasets = sorted([*(i.ckan for i in items), *(w.ckan for w in gone)], key=lambda d: str(d["id"]))
    found = {"count": len(datasets), "facets": {}, "results": datasets, "search_facets": {}, "sort": "id asc"}
    bodies = {i.published.body.organization_id: i.published.body for i in items}
    counts = {o: sum(d["owner_org"] == o for d in datasets) for o in bodies}
    organizations = [{**organization_dict(b), "package_count": counts[o]} for o, b in sorted(bodies.items())]
    answers: dict[str, Any] = {
        "package_search": found,
        "package_list": sorted(d["name"] for d in datasets),
        "organization_list": [o["name"] for o in organizations],
        "status_show": {
            "ckan_version": "2.11.0",
            "extensions": [],
            "locale_default": "ja",
            "site_title": catalogue_title(list(bodies.values())),
            "site_url": base_url.rstrip("/"),
        },
    }
    answers |= {f"package_show/{d['name']}": d for d in datasets}
    answers |= {f"organization_show/{o['name']}": o for o in organizations}
    for action, result in answers.items():
        told = {"help": f"{base_url}api/3/action/help_show?name={action.split('/')[0]}", "success": True}
        _write_json(folder / action, {**told, "result": result})


def _catalogue_package(items: Sequence[Item], base_url: str) -> dict[str, Any]:
    """A Data Package of the whole catalogue: one resource per dataset, its own datapackage.json."""
    bodies = {i.published.body.code: i.published.body for i in items}
    resources = [
        {
            "name": i.name,
            "path": f"datasets/{i.name}/datapackage.json",
            "title": i.published.package.descriptor["title"],
            "format": "json",
            "mediatype": "application/json",
            "encoding": "utf-8",
        }
        for i in items
    ]
    return {
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "name": "catalogue",
        "title": catalogue_title(list(bodies.values())),
        "homepage": base_url,
        "resources": resources,
    }
