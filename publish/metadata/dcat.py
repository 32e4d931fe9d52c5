"""From published packages to a DCAT-AP 3 graph, with the hints that ckanext-dcat needs."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pipelines.model import Municipality, Package
from publish.metadata.facts import (
    FORMATS,
    catalogue_title,
    dataset_page,
    file_url,
    licence_terms,
    sanitise_tags,
    theme_of,
)

EU = "http://publications.europa.eu/resource/authority/"
FREQUENCIES = {
    "daily": "DAILY",
    "weekly": "WEEKLY",
    "monthly": "MONTHLY",
    "quarterly": "QUARTERLY",
    "semiannual": "ANNUAL_2",
    "annual": "ANNUAL",
    "as-needed": "AS_NEEDED",
    "irregular": "IRREG",
    "never": "NEVER",
}
STANDARD_PAGE = "https://www.digital.go.jp/resources/open_data/municipal-standard-data-set-test"


@dataclass(frozen=True)
class Published:
    """A package, whose it is, when it was first published and when it last changed."""

    package: Package
    body: Municipality
    issued: datetime
    modified: datetime


def dcat_graph(
    published: Sequence[Published], *, base_url: str, title: str | None = None, publisher: Municipality | None = None
) -> Any:
    """An rdflib.Graph without blank nodes: every distribution, contact and period has its own address.

    Traps that it minds, all seen in ckanext-dcat 2.4.4: an HTTP subject and dct:identifier per dataset, the name
    in the title (a harvester munges Japanese titles to `__`), a title on the licence node, labels on media
    types, clean keywords, bare hex checksums, every range class typed for the DCAT-AP shapes.
    """
    import rdflib
    from rdflib.namespace import DCAT, DCTERMS, FOAF, RDF, SKOS

    graph = rdflib.Graph(store="SimpleMemory")  # twice as fast as the default, and one context is all there is
    for prefix, uri in PREFIXES.items():
        graph.bind(prefix, uri, override=True, replace=True)
    write = _Writer(graph)
    bodies = sorted({p.body.code: p.body for p in published}.values(), key=lambda b: b.code)
    root = base_url.rstrip("/") + "/"
    catalogue = write.node(root + "#catalog", DCAT.Catalog)
    name = title or catalogue_title(bodies)
    write.text(catalogue, DCTERMS.title, name)
    purpose = "表計算や地図でそのまま使えるデータを、項目をそろえて公開しています。"
    write.text(catalogue, DCTERMS.description, f"{name}。{purpose}")
    write.link(catalogue, FOAF.homepage, write.node(root, FOAF.Document))
    write.link(catalogue, DCTERMS.language, _japanese(write))
    themes = write.node(EU + "data-theme", SKOS.ConceptScheme)
    write.text(themes, DCTERMS.title, "Data theme", "en")
    write.link(catalogue, DCAT.themeTaxonomy, themes)
    owner = publisher or (bodies[0] if bodies else None)
    if owner is not None:
        write.link(catalogue, DCTERMS.publisher, _agent(write, owner, root))
        write.link(catalogue, DCTERMS.spatial, _region(write, owner, root))
    if published:
        write.moment(catalogue, DCTERMS.modified, max(p.modified for p in published))
        write.moment(catalogue, DCTERMS.issued, min(p.issued for p in published))
        terms = licence_terms(min(published, key=lambda p: p.package.name).package.descriptor)
        write.link(catalogue, DCTERMS.license, _licence(write, terms.uri, terms.ckan_title))
    for item in sorted(published, key=lambda p: p.package.name):
        write.link(catalogue, DCAT.dataset, _dataset(write, item, root))
    assert (None, RDF.type, None) in graph
    return graph


PREFIXES = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dcatap": "http://data.europa.eu/r5r/",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "geo": "http://www.opengis.net/ont/geosparql#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "spdx": "http://spdx.org/rdf/terms#",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}


class _Writer:
    """Adds triples; each call says one thing about one subject."""

    def __init__(self, graph: Any) -> None:
        self.graph = graph
        self._nodes: dict[tuple[str, Any], Any] = {}

    def node(self, uri: str, kind: Any) -> Any:
        from rdflib import RDF, URIRef

        if (uri, kind) not in self._nodes:
            self._nodes[uri, kind] = URIRef(uri)
            self.graph.add((self._nodes[uri, kind], RDF.type, kind))
        return self._nodes[uri, kind]

    def link(self, subject: Any, predicate: Any, target: Any) -> None:
        self.graph.add((subject, predicate, target))

    def text(self, subject: Any, predicate: Any, value: str, lang: str | None = "ja") -> None:
        from rdflib import Literal

        if value:
            self.graph.add((subject, predicate, Literal(value, lang=lang)))

    def typed(self, subject: Any, predicate: Any, value: str, kind: str) -> None:
        from rdflib import Literal, URIRef

        prefix, name = kind.split(":")
        self.graph.add((subject, predicate, Literal(value, datatype=URIRef(PREFIXES[prefix] + name), normalize=False)))

    def moment(self, subject: Any, predicate: Any, value: datetime) -> None:
        self.typed(subject, predicate, value.astimezone(UTC).isoformat(), "xsd:dateTime")


def _japanese(write: _Writer) -> Any:
    from rdflib.namespace import DCTERMS

    return write.node(EU + "language/JPN", DCTERMS.LinguisticSystem)


def _agent(write: _Writer, body: Municipality, root: str) -> Any:
    from rdflib import URIRef
    from rdflib.namespace import DCTERMS, FOAF, SKOS

    agent = write.node(f"{root}#{body.code}", FOAF.Agent)
    write.text(agent, FOAF.name, body.full_name)
    write.text(agent, DCTERMS.identifier, body.code, None)
    local = write.node("http://purl.org/adms/publishertype/LocalAuthority", SKOS.Concept)
    write.text(local, SKOS.prefLabel, "Local Authority", "en")
    write.link(agent, DCTERMS.type, local)
    if body.homepage:
        write.link(agent, FOAF.homepage, URIRef(body.homepage))
        write.node(body.homepage, FOAF.Document)
    return agent


def _region(write: _Writer, body: Municipality, root: str) -> Any:
    from rdflib.namespace import DCTERMS, SKOS

    region = write.node(f"{root}#area-{body.code}", DCTERMS.Location)
    write.text(region, SKOS.prefLabel, body.full_name)
    write.text(region, DCTERMS.identifier, body.code, None)
    return region


def _licence(write: _Writer, uri: str, title: str) -> Any:
    from rdflib.namespace import DCTERMS

    node = write.node(uri, DCTERMS.LicenseDocument)
    write.text(node, DCTERMS.title, title, None)
    return node


def _dataset(write: _Writer, item: Published, root: str) -> Any:
    from rdflib import URIRef
    from rdflib.namespace import DCAT, DCTERMS, FOAF, SKOS

    d, k, body = item.package.descriptor, item.package.descriptor["kokai"], item.body
    page = dataset_page(root, d["name"])
    dataset = write.node(page.rstrip("/"), DCAT.Dataset)
    write.text(dataset, DCTERMS.identifier, d["id"], None)
    write.text(dataset, DCTERMS.title, f"{d['title']} （{d['name']}）")
    write.text(dataset, DCTERMS.description, d["description"])
    for tag in sanitise_tags(d["keywords"]):
        write.text(dataset, DCAT.keyword, tag)
    write.text(dataset, URIRef(PREFIXES["dcat"] + "version"), d["version"], None)
    write.moment(dataset, DCTERMS.issued, item.issued)
    write.moment(dataset, DCTERMS.modified, item.modified)
    write.link(dataset, DCAT.landingPage, write.node(page, FOAF.Document))
    write.link(dataset, DCTERMS.language, _japanese(write))
    write.link(dataset, DCTERMS.publisher, _agent(write, body, root))
    write.link(dataset, DCTERMS.creator, _agent(write, body, root))
    write.link(dataset, DCAT.contactPoint, _contact(write, body, root))
    write.link(dataset, DCTERMS.accessRights, write.node(EU + "access-right/PUBLIC", DCTERMS.RightsStatement))
    frequency = FREQUENCIES.get(k["frequency"])
    if frequency:
        write.link(dataset, DCTERMS.accrualPeriodicity, write.node(EU + "frequency/" + frequency, DCTERMS.Frequency))
    code, label = theme_of(k["kind"])
    theme = write.node(EU + "data-theme/" + code, SKOS.Concept)
    write.text(theme, SKOS.prefLabel, label)
    write.link(dataset, DCAT.theme, theme)
    if not k["local"]:
        standard = write.node(STANDARD_PAGE, DCTERMS.Standard)
        write.text(standard, DCTERMS.title, "自治体標準オープンデータセット")
        write.link(dataset, DCTERMS.conformsTo, standard)
    write.link(dataset, DCTERMS.spatial, _place(write, k, body, dataset))
    period = write.node(f"{dataset}#period", DCTERMS.PeriodOfTime)
    write.typed(period, DCAT.startDate, k["since"], "xsd:date")
    write.typed(period, DCAT.endDate, k["as_of"], "xsd:date")
    write.link(dataset, DCTERMS.temporal, period)
    provenance = write.node(f"{dataset}#provenance", DCTERMS.ProvenanceStatement)
    write.text(provenance, _rdfs("label"), " / ".join(s["title"] for s in d["sources"]))
    write.link(dataset, DCTERMS.provenance, provenance)
    for resource in d["resources"]:
        write.link(dataset, DCAT.distribution, _distribution(write, resource, d, item, root))
    return dataset


def _rdfs(name: str) -> Any:
    from rdflib import URIRef

    return URIRef(PREFIXES["rdfs"] + name)


def _contact(write: _Writer, body: Municipality, root: str) -> Any:
    from rdflib import URIRef
    from rdflib.namespace import Namespace

    vcard = Namespace(PREFIXES["vcard"])
    contact = write.node(f"{root}#contact-{body.code}", vcard.Organization)
    write.node(str(contact), vcard.Kind)
    write.text(contact, vcard.fn, f"{body.name} {body.contact.section}".strip(), None)
    if body.contact.email:
        write.link(contact, vcard.hasEmail, URIRef("mailto:" + body.contact.email))
    if body.contact.url:
        write.link(contact, vcard.hasURL, URIRef(body.contact.url))
    if body.contact.tel:
        write.link(contact, vcard.hasTelephone, URIRef(tel_uri(body.contact.tel)))
    return contact


def tel_uri(tel: str) -> str:
    """A Japanese telephone number as RFC 3966 has it: (0837)52-1110 is tel:+81-837-52-1110."""
    parts = re.findall("[0-9]+", unicodedata.normalize("NFKC", tel))
    number = "-".join(parts)
    return "tel:+81-" + number[1:] if number.startswith("0") else "tel:" + number


def _place(write: _Writer, k: Mapping[str, Any], body: Municipality, dataset: Any) -> Any:
    from rdflib.namespace import DCAT, DCTERMS, SKOS

    place = write.node(f"{dataset}#place", DCTERMS.Location)
    write.text(place, SKOS.prefLabel, body.full_name)
    if k.get("bounds_deg"):
        west, south, east, north = k["bounds_deg"]
        ring = ((west, south), (east, south), (east, north), (west, north), (west, south))
        corners = ", ".join(f"{x} {y}" for x, y in ring)
        write.typed(place, DCAT.bbox, f"POLYGON(({corners}))", "geo:wktLiteral")
        centre = f"POINT({round((west + east) / 2, 6)} {round((south + north) / 2, 6)})"
        write.typed(place, DCAT.centroid, centre, "geo:wktLiteral")
    return place


def _distribution(write: _Writer, r: Mapping[str, Any], d: Mapping[str, Any], item: Published, root: str) -> Any:
    from rdflib import URIRef
    from rdflib.namespace import DCAT, DCTERMS, SKOS, Namespace

    spdx, dcatap = Namespace(PREFIXES["spdx"]), Namespace(PREFIXES["dcatap"])
    address = file_url(root, d["name"], r["path"])
    node = write.node(dataset_page(root, d["name"]).rstrip("/") + "#" + r["id"], DCAT.Distribution)
    write.text(node, DCTERMS.identifier, r["id"], None)
    write.text(node, DCTERMS.title, r["title"])
    write.text(node, DCTERMS.description, r["description"])
    for predicate in (DCAT.accessURL, DCAT.downloadURL):
        write.link(node, predicate, write.node(address, _rdfs("Resource")))
    shown, eu_code = FORMATS[r["format"]]
    media = write.node("https://www.iana.org/assignments/media-types/" + r["mediatype"], DCTERMS.MediaType)
    write.text(media, _rdfs("label"), r["mediatype"], None)
    write.link(node, DCAT.mediaType, media)
    file_type = write.node(EU + "file-type/" + eu_code, DCTERMS.MediaTypeOrExtent)
    # ckanext-dcat 2.4.4 reads the label only of an IMT whose type stands first; else CKAN shows the long address
    write.node(str(file_type), URIRef(PREFIXES["dct"] + "IMT"))
    write.text(file_type, _rdfs("label"), shown, None)
    write.link(node, DCTERMS.format, file_type)
    terms = licence_terms(d)
    write.link(node, DCTERMS.license, _licence(write, terms.uri, terms.ckan_title))
    write.link(node, DCTERMS.rights, write.node(EU + "access-right/PUBLIC", DCTERMS.RightsStatement))
    write.typed(node, DCAT.byteSize, str(r["bytes"]), "xsd:nonNegativeInteger")
    write.moment(node, DCTERMS.issued, item.issued)
    write.moment(node, DCTERMS.modified, item.modified)
    write.link(node, DCTERMS.language, _japanese(write))
    available = write.node(EU + "planned-availability/AVAILABLE", SKOS.Concept)
    write.text(available, SKOS.prefLabel, "available", "en")
    write.link(node, dcatap.availability, available)
    checksum = write.node(f"{node}-sha256", spdx.Checksum)
    write.link(checksum, spdx.algorithm, write.node(str(spdx.checksumAlgorithm_sha256), spdx.ChecksumAlgorithm))
    write.typed(checksum, spdx.checksumValue, str(r["hash"]).removeprefix("sha256:"), "xsd:hexBinary")
    write.link(node, spdx.checksum, checksum)
    return node
