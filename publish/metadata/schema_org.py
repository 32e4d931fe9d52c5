"""From a package to the schema.org/Dataset that search engines read in its page."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pipelines.model import Municipality, Package
from publish.metadata.ckan_form import ckan_time
from publish.metadata.facts import FORMATS, dataset_page, file_url, licence_terms


def schema_org(
    package: Package, body: Municipality, *, base_url: str, catalogue: str, issued: datetime, modified: datetime
) -> dict[str, Any]:
    """JSON-LD for Google Dataset Search: name, description of 50 to 5,000 characters, licence, files, place, time."""
    d, k = package.descriptor, package.descriptor["kokai"]
    page = dataset_page(base_url, d["name"])
    place: dict[str, Any] = {"@type": "Place", "name": body.full_name}
    if k.get("bounds_deg"):
        west, south, east, north = k["bounds_deg"]
        place["geo"] = {"@type": "GeoShape", "box": f"{south} {west} {north} {east}"}
    period = k["as_of"] if k["since"] == k["as_of"] else f"{k['since']}/{k['as_of']}"
    made: dict[str, Any] = {
        "@context": "https://schema.org/",
        "@type": "Dataset",
        "@id": page.rstrip("/"),
        "name": d["title"],
        "description": d["description"],
        "url": page,
        "identifier": d["id"],
        "version": d["version"],
        "inLanguage": "ja",
        "isAccessibleForFree": True,
        "license": licence_terms(d).uri,
        "keywords": list(d["keywords"]),
        "creator": _organization(body),
        "publisher": _organization(body),
        "datePublished": ckan_time(issued) + "Z",
        "dateModified": ckan_time(modified) + "Z",
        "temporalCoverage": period,
        "spatialCoverage": place,
        "variableMeasured": _columns(package),
        "includedInDataCatalog": {"@type": "DataCatalog", "name": catalogue, "url": base_url.rstrip("/") + "/"},
        "distribution": [
            {
                "@type": "DataDownload",
                "name": r["title"],
                "contentUrl": file_url(base_url, d["name"], r["path"]),
                "encodingFormat": r["mediatype"],
                "contentSize": f"{r['bytes']} B",
                "sha256": str(r["hash"]).removeprefix("sha256:"),
                "description": f"{FORMATS[r['format']][0]}: {r['description']}",
            }
            for r in d["resources"]
        ],
    }
    if k["credits"]:
        made["creditText"] = " / ".join(k["credits"])
    return made


def _organization(body: Municipality) -> dict[str, Any]:
    made: dict[str, Any] = {"@type": "GovernmentOrganization", "name": body.full_name, "identifier": body.code}
    if body.homepage:
        made["url"] = body.homepage
    return made


def _columns(package: Package) -> list[str]:
    """The headings of the newest table."""
    tables = [r for r in package.descriptor["resources"] if r["format"] == "csv"]
    newest = max(tables, key=lambda r: r["as_of"])
    return [f["name"] for f in newest["schema"]["fields"]]
