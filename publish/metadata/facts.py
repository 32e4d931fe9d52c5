"""From a descriptor to the small facts that every catalogue form shares: addresses, tags, licence, theme, formats."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from pipelines.model import Municipality

FORMATS = {
    "csv": ("CSV", "CSV"),
    "geojson": ("GeoJSON", "GEOJSON"),
    "geoparquet": ("GeoParquet", "PARQUET"),
    "flatgeobuf": ("FlatGeobuf", "FGB"),
    "gtfs": ("GTFS", "ZIP"),
}
"""Descriptor's format -> the name that CKAN shows, the code in the EU file-type list."""

_SPLIT = re.compile(r"[・/／、,，;；|｜()（）「」『』【】\[\]!！?？&＆:：'\"“”。]+")
_NOT_ALLOWED = re.compile(r"[^\w \-.]")


@dataclass(frozen=True)
class LicenceTerms:
    """A licence as catalogues know it."""

    ckan_id: str
    ckan_title: str
    uri: str
    open: bool


def sanitise_tags(words: Iterable[str]) -> list[str]:
    """Tags that CKAN takes: letters of any script, digits, space, `-_.`, 2 to 100 characters; in order, each once.

    救急・防災 becomes two tags and 橋 none, where CKAN would refuse the whole dataset.
    """
    tags = []
    for word in words:
        for part in _SPLIT.split(word):
            tag = " ".join(_NOT_ALLOWED.sub(" ", part).split())
            if 2 <= len(tag) <= 100:
                tags.append(tag)
    return list(dict.fromkeys(tags))


@lru_cache(maxsize=2)
def _table(name: str) -> Mapping[str, Any]:
    read: Mapping[str, Any] = json.loads(Path(__file__).with_name(name).read_text(encoding="utf-8"))
    return read


def licence_terms(descriptor: Mapping[str, Any]) -> LicenceTerms:
    """The first licence with the id and title that CKAN's register has; an unknown one keeps its own."""
    given = descriptor["licenses"][0]
    known = _table("licences.json")["licences"].get(given["name"])
    if known is None:
        return LicenceTerms(given["name"], given.get("title", given["name"]), given.get("path", ""), False)
    return LicenceTerms(known["ckan_id"], known["ckan_title"], known["uri"], known["open"])


def theme_of(kind: str) -> tuple[str, str]:
    """EU data-theme code and its Japanese name for a kind."""
    table = _table("themes.json")
    code = table["themes"].get(kind, table["other"])
    return code, table["labels_ja"][code]


def dataset_page(base_url: str, name: str) -> str:
    """Address of the dataset's page in the embedded catalogue."""
    return f"{base_url.rstrip('/')}/datasets/{name}/"


def file_url(base_url: str, name: str, path: str) -> str:
    return dataset_page(base_url, name) + path


def catalogue_title(bodies: Sequence[Municipality]) -> str:
    """The catalogue's name: the body's for one body, the prefecture's and others' for several."""
    names = [b.name for b in sorted(bodies, key=lambda b: b.code)]
    if len(names) == 1:
        return f"{names[0]} オープンデータカタログ"
    if names and len(names) <= 4:
        return "・".join(names) + " オープンデータカタログ"
    return "オープンデータカタログ"


def csv_resources(descriptor: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [r for r in descriptor["resources"] if r["format"] == "csv"]
