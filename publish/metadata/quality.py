"""From a DCAT graph to the points that data.europa.eu's Metadata Quality Assessment would give each dataset. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

TOTAL = 405
DCT, DCAT = "http://purl.org/dc/terms/", "http://www.w3.org/ns/dcat#"
IANA = "https://www.iana.org/assignments/media-types/"


@dataclass(frozen=True)
class Metric:
    """One metric of the methodology: its published weight, and what to do where it is not met."""

    key: str
    dimension: str
    weight: int
    ja: str
    fix_ja: str
    online: bool  # can be told only by asking the published address


@dataclass(frozen=True)
class Dimension:
    """The points of one of the five dimensions; `most` leaves out what cannot be told offline."""

    ja: str
    en: str
    gained: float
    most: int


@dataclass(frozen=True)
class Quality:
    """The share (0 to 1) of each metric that a dataset meets; None where only the network could tell."""

    shares: Mapping[str, float | None]

    @property
    def gained(self) -> float:
        """Points that are certain."""
        return sum(m.weight * (self.shares[m.key] or 0.0) for m in metrics())

    @property
    def knowable(self) -> int:
        """Points that can be told offline: 325 of 405."""
        return sum(m.weight for m in metrics() if self.shares[m.key] is not None)

    @property
    def unknown(self) -> int:
        return sum(m.weight for m in metrics() if self.shares[m.key] is None)

    @property
    def score(self) -> int:
        """The points that are certain as a part of those that can be told, on the scale of 405."""
        return round(self.gained * TOTAL / self.knowable)

    @property
    def grade(self) -> Mapping[str, Any]:
        """The methodology's grade of the score: name (English) and ja."""
        grades: Sequence[Mapping[str, Any]] = _rules()["grades"]
        return next(g for g in grades if self.score >= g["from"])

    @property
    def dimensions(self) -> list[Dimension]:
        made = []
        for key, words in _rules()["dimensions"].items():
            own = [m for m in metrics() if m.dimension == key and self.shares[m.key] is not None]
            gained = sum(m.weight * (self.shares[m.key] or 0.0) for m in own)
            made.append(Dimension(words["ja"], words["en"], gained, sum(m.weight for m in own)))
        return made

    @property
    def fixes(self) -> list[tuple[float, Metric]]:
        """What is not wholly met and how many points it would gain, most first."""
        open_ = [(m.weight * (1.0 - share), m) for m in metrics() if (share := self.shares[m.key]) is not None and share < 1]
        return sorted(open_, key=lambda f: -f[0])


@lru_cache(maxsize=1)
def _rules() -> Mapping[str, Any]:
    read: Mapping[str, Any] = json.loads(Path(__file__).with_name("quality.json").read_text(encoding="utf-8"))
    return read


@lru_cache(maxsize=1)
def metrics() -> tuple[Metric, ...]:
    """The 23 checks of the methodology in its order; their weights add up to 405."""
    return tuple(
        Metric(m["key"], m["dimension"], m["weight"], m["ja"], m["fix_ja"], m.get("online", False))
        for m in _rules()["metrics"]
    )


def assess(graph: Any, address: str) -> Quality:
    """The quality of the dataset with this address in an rdflib graph.

    A metric of distributions counts by the share of distributions that meet it (the strictest reading of the
    methodology). Whether addresses can be reached is unknown here. The licence's vocabulary is the EU's own list:
    a Creative Commons address does not count. DCAT-AP compliance means the properties that DCAT-AP 3 makes
    mandatory for dataset, distribution and publisher.
    """
    from rdflib import URIRef

    dataset = _Facts(graph, URIRef(address))
    files = [_Facts(graph, node) for node in dataset.nodes(DCAT + "distribution")]
    shares: dict[str, float | None] = {}
    for metric in metrics():
        if metric.online:
            shares[metric.key] = None
        elif metric.key in _OF_DATASET:
            shares[metric.key] = float(_OF_DATASET[metric.key](dataset))
        else:
            check = _OF_FILE[metric.key]
            shares[metric.key] = sum(check(f) for f in files) / len(files) if files else 0.0
    if shares["dcat_ap"] and files:
        shares["dcat_ap"] = float(all(f.has(DCAT + "accessURL") for f in files))
    return Quality(shares)


class _Facts:
    """What the graph says of one subject."""

    def __init__(self, graph: Any, node: Any) -> None:
        self._graph = graph
        self._node = node

    def nodes(self, predicate: str) -> list[Any]:
        from rdflib import URIRef

        return list(self._graph.objects(self._node, URIRef(predicate)))

    def texts(self, predicate: str) -> list[str]:
        return [str(n) for n in self.nodes(predicate) if str(n).strip()]

    def has(self, predicate: str) -> bool:
        return bool(self.texts(predicate))

    def starts(self, predicate: str, prefix: str) -> bool:
        return any(t.startswith(prefix) for t in self.texts(predicate))

    def named_publisher(self) -> bool:
        agents = [_Facts(self._graph, n) for n in self.nodes(DCT + "publisher")]
        return any(a.has("http://xmlns.com/foaf/0.1/name") for a in agents)


def _mandatory(dataset: _Facts) -> bool:
    named = not dataset.has(DCT + "publisher") or dataset.named_publisher()
    return dataset.has(DCT + "title") and dataset.has(DCT + "description") and named


def _format_among(file: _Facts, known: str) -> bool:
    rules = _rules()
    return any(t.removeprefix(rules["file_types"]) in rules[known] for t in file.texts(DCT + "format"))


def _in_vocabulary(file: _Facts) -> bool:
    media = (t.removeprefix(IANA) for t in file.texts(DCAT + "mediaType") if t.startswith(IANA))
    return _format_among(file, "known_formats") or any(t in _rules()["media_types"] for t in media)


_OF_DATASET: Mapping[str, Callable[[_Facts], bool]] = {
    "keyword": lambda d: d.has(DCAT + "keyword"),
    "theme": lambda d: d.has(DCAT + "theme"),
    "spatial": lambda d: d.has(DCT + "spatial"),
    "temporal": lambda d: d.has(DCT + "temporal"),
    "dcat_ap": _mandatory,
    "access_rights": lambda d: d.has(DCT + "accessRights"),
    "access_rights_vocabulary": lambda d: d.starts(DCT + "accessRights", _rules()["access_rights"]),
    "contact_point": lambda d: d.has(DCAT + "contactPoint"),
    "publisher": lambda d: d.named_publisher(),
    "issued": lambda d: d.has(DCT + "issued"),
    "modified": lambda d: d.has(DCT + "modified"),
}
_OF_FILE: Mapping[str, Callable[[_Facts], bool]] = {
    "download_url": lambda f: f.has(DCAT + "downloadURL"),
    "format": lambda f: f.has(DCT + "format"),
    "media_type": lambda f: f.has(DCAT + "mediaType"),
    "format_vocabulary": _in_vocabulary,
    "non_proprietary": lambda f: _format_among(f, "non_proprietary"),
    "machine_readable": lambda f: _format_among(f, "machine_readable"),
    "licence": lambda f: f.has(DCT + "license"),
    "licence_vocabulary": lambda f: f.starts(DCT + "license", _rules()["licences"]),
    "rights": lambda f: f.has(DCT + "rights"),
    "byte_size": lambda f: f.has(DCAT + "byteSize"),
}
