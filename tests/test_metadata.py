"""What catalogues read, and each trap of their own parsers."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.model import Licence
from pipelines.package import ResourceData
from pipelines.standards import load_standard
from publish.metadata import (
    RDF_FORMATS,
    STANDARD_TAGS,
    Published,
    ckan_dict,
    ckan_time,
    dcat_graph,
    opendata_list,
    rdf_text,
    sanitise_tags,
    schema_org,
    tombstone,
)
from publish.metadata.dcat import tel_uri
from tests.fake_packages import make_body, make_dataset, make_package, make_standard, make_table

JST = timezone(timedelta(hours=9))
NOW = datetime(2026, 11, 21, 9, 30, tzinfo=JST)
BASE = "https://data.example.lg.jp/catalogue/"
DCT, DCAT = "http://purl.org/dc/terms/", "http://www.w3.org/ns/dcat#"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> list[Published]:
    folder = tmp_path_factory.mktemp("packages")
    mine, yanai = make_body(), make_body("352128", "柳井市", organization_id="yanai-city")
    toilet = make_standard("toilet", "公衆トイレ一覧", "public_toilet")
    empty = [ResourceData(None, make_table([]), "2024-04-01")]
    return [
        Published(make_package(folder, make_dataset(mine)), mine, NOW, NOW),
        Published(make_package(folder, make_dataset(yanai, id="toilet", kind="toilet", title="公衆トイレ一覧"), toilet,
                               empty), yanai, NOW, NOW + timedelta(days=1)),
    ]


# --- CKAN ---------------------------------------------------------------------------------------------------------


def test_ckan_dict_is_what_package_show_gives(published: list[Published]) -> None:
    p = published[0]
    d = ckan_dict(p.package, p.body, base_url=BASE, now=NOW)
    assert (d["name"], d["title"]) == ("352136_aed", "【美祢市】AED設置箇所一覧")
    assert (d["state"], d["type"], d["private"]) == ("active", "dataset", False)
    assert d["id"] == p.package.descriptor["id"]
    assert d["num_resources"] == len(d["resources"]) == 4
    assert d["organization"]["name"] == d["owner_org"] == "mine-city"
    assert [r["format"] for r in d["resources"]] == ["CSV", "GeoJSON", "GeoParquet", "FlatGeobuf"]
    assert all(r["mimetype"] and r["size"] > 0 for r in d["resources"])
    assert d["resources"][0]["url"] == BASE + "datasets/352136_aed/352136_aed.csv"
    json.dumps(d)


def test_metadata_modified_is_the_moment_of_publication_in_utc_without_z(published: list[Published]) -> None:
    """ckanext-harvest compares the text; the data's own date would make it skip updates silently."""
    d = ckan_dict(published[0].package, published[0].body, base_url=BASE, now=NOW)
    assert d["metadata_modified"] == "2026-11-21T00:30:00.000000"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}", d["metadata_modified"])
    assert ckan_time(datetime(2026, 1, 1, tzinfo=UTC)) < ckan_time(datetime(2026, 1, 1, 0, 0, 0, 1, tzinfo=UTC))


def test_our_sha256_stands_in_a_field_of_its_own(published: list[Published]) -> None:
    """xloader overwrites `hash` with its MD5."""
    for r in ckan_dict(published[0].package, published[0].body, base_url=BASE, now=NOW)["resources"]:
        assert re.fullmatch("[0-9a-f]{64}", r["sha256"]) and r["hash"] == ""


def test_extras_have_ascii_keys_and_text_values(published: list[Published]) -> None:
    """CKAN's index drops every other letter of a key: all Japanese keys become the same one."""
    extras = ckan_dict(published[0].package, published[0].body, base_url=BASE, now=NOW)["extras"]
    assert all(re.fullmatch("[a-z_]+", e["key"]) and isinstance(e["value"], str) and e["value"] for e in extras)
    told = {e["key"]: e["value"] for e in extras}
    assert told["frequency"] == "1年ごと" and told["source_id"] == "352136:aed"
    assert json.loads(told["spatial"])["type"] == "Polygon"


@pytest.mark.parametrize(
    ("given_id", "ckan_id"),
    [("CC-BY-4.0", "cc-by"), ("CC0-1.0", "cc-zero"), ("CC-BY-SA-4.0", "cc-by-sa"), ("PDL1.0", "PDL1.0"),
     ("local-terms", "local-terms")],
)
def test_licences_have_the_id_that_catalogues_know(tmp_path: Path, given_id: str, ckan_id: str) -> None:
    licence = Licence(given_id, "利用規約", "https://example.lg.jp/terms")
    d = ckan_dict(make_package(tmp_path, make_dataset(licence=licence)), make_body(), base_url=BASE, now=NOW)
    assert d["license_id"] == ckan_id and d["license_title"] and d["license_url"]
    assert d["isopen"] is (given_id != "local-terms")


@pytest.mark.parametrize(
    ("word", "tags"),
    [
        ("子育て・教育", ["子育て", "教育"]),
        ("防災／安全", ["防災", "安全"]),
        ("公共施設（市）", ["公共施設"]),
        ("橋", []),
        ("水", []),
        ("公衆Wi-Fi", ["公衆Wi-Fi"]),
        ("AED, 救急", ["AED", "救急"]),
        ("C++", []),
        ("x" * 101, []),
    ],
)
def test_tags_are_those_that_ckan_takes(word: str, tags: list[str]) -> None:
    assert sanitise_tags([word]) == tags


@given(st.lists(st.text(max_size=30), max_size=5))
def test_no_tag_breaks_ckans_rule_whatever_the_keyword(words: list[str]) -> None:
    for tag in sanitise_tags(words):
        assert re.fullmatch(r"[\w \-.]{2,100}", tag)


def test_a_tombstone_has_no_files_says_so_and_is_newer(published: list[Published]) -> None:
    """ckanext-harvest never deletes, so a withdrawal has to arrive as a change."""
    p = published[0]
    stone = tombstone(ckan_dict(p.package, p.body, base_url=BASE, now=NOW), now=NOW + timedelta(days=3))
    assert stone["resources"] == [] and stone["num_resources"] == 0
    assert stone["title"].startswith("【取下げ】")
    assert [t["name"] for t in stone["tags"] if t["name"] in ("取下げ", *STANDARD_TAGS)] == ["取下げ"]
    assert stone["metadata_modified"] > ckan_time(NOW) and stone["name"] == "352136_aed"


# --- DCAT ---------------------------------------------------------------------------------------------------------


def test_every_subject_has_an_address(published: list[Published]) -> None:
    """A distribution as a blank node loses its id at each harvest, and its links and DataStore with it."""
    from rdflib import BNode, URIRef

    graph = dcat_graph(published, base_url=BASE)
    assert not [t for t in graph for node in t if isinstance(node, BNode)]
    datasets = set(graph.objects(None, URIRef(DCAT + "dataset")))
    assert {str(d) for d in datasets} == {BASE + "datasets/352136_aed", BASE + "datasets/352128_public_toilet"}
    assert all(list(graph.objects(d, URIRef(DCT + "identifier"))) for d in datasets)
    assert len(set(graph.objects(None, URIRef(DCAT + "distribution")))) == 5


def test_the_name_stands_in_the_titles_of_the_dcat_files_only(published: list[Published]) -> None:
    """ckanext-dcat munges a name from the title: without Latin letters in it, datasets are called `__`, `__1` …"""
    from rdflib import URIRef

    graph = dcat_graph(published, base_url=BASE)
    datasets = graph.objects(None, URIRef(DCAT + "dataset"))
    titles = {str(t) for d in datasets for t in graph.objects(d, URIRef(DCT + "title"))}
    assert titles == {"【美祢市】AED設置箇所一覧 （352136_aed）", "【柳井市】公衆トイレ一覧 （352128_public_toilet）"}
    assert "352136" not in ckan_dict(published[0].package, published[0].body, base_url=BASE, now=NOW)["title"]


def test_the_licence_node_has_a_title_and_media_types_have_labels(published: list[Published]) -> None:
    """Without them ckanext-dcat gives license_id "" and shows an address as the format."""
    from rdflib import RDFS, Literal, URIRef

    graph = dcat_graph(published, base_url=BASE)
    licences = set(graph.objects(None, URIRef(DCT + "license")))
    assert licences == {URIRef("https://creativecommons.org/licenses/by/4.0/")}
    assert (None, URIRef(DCT + "title"), Literal("Creative Commons Attribution")) in graph
    labels = {str(o) for m in graph.objects(None, URIRef(DCAT + "mediaType")) for o in graph.objects(m, RDFS.label)}
    assert "text/csv" in labels and "application/geo+json" in labels


@pytest.mark.parametrize("form", sorted(RDF_FORMATS))
def test_a_format_is_first_of_all_an_imt_so_that_its_label_is_read(published: list[Published], form: str) -> None:
    """ckanext-dcat 2.4.4 asks for the first type only, and else shows the address of FlatGeobuf and GeoParquet."""
    import rdflib

    graph = rdflib.Graph().parse(data=rdf_text(dcat_graph(published, base_url=BASE), form), format=RDF_FORMATS[form])
    formats = set(graph.objects(None, rdflib.URIRef(DCT + "format")))
    assert {str(next(graph.objects(f, rdflib.RDF.type))) for f in formats} == {DCT + "IMT"}
    assert {str(label) for f in formats for label in graph.objects(f, rdflib.RDFS.label)} == {
        "CSV", "GeoJSON", "GeoParquet", "FlatGeobuf"}


def test_two_thousand_datasets_stay_below_the_harvesters_fifty_megabytes(published: list[Published]) -> None:
    """ckanext-dcat reads no more, and ours has one page."""
    graph = dcat_graph(published[:1], base_url=BASE)
    for form in RDF_FORMATS:
        assert 2000 * len(rdf_text(graph, form).encode()) < 50 * 1024 * 1024


def test_files_have_ascii_names(published: list[Published]) -> None:
    """CKAN's upload turns 日本語.csv into .csv and 令和7年度_一覧.xlsx into 7_.xlsx."""
    for p in published:
        assert all(re.fullmatch(r"[a-z0-9_]+\.[a-z]+", r["path"]) for r in p.package.descriptor["resources"])


def test_the_body_is_named_in_fields_that_a_harvester_keeps(published: list[Published]) -> None:
    """ckanext-harvest puts its own organisation in the place of ours and drops groups."""
    d = ckan_dict(published[0].package, published[0].body, base_url=BASE, now=NOW)
    told = {e["key"]: e["value"] for e in d["extras"]}
    assert d["author"].startswith("美祢市") and told["municipality_code"] == "352136"
    assert told["spatial_text"] == "山口県美祢市" and d["groups"] == []


@pytest.mark.parametrize(
    ("tel", "uri"),
    [("(0837)52-1110", "tel:+81-837-52-1110"), ("0837-52-1110", "tel:+81-837-52-1110"),
     ("０８３７－５２－１１１０", "tel:+81-837-52-1110"), ("119", "tel:119")],
)
def test_telephones_are_addresses(tel: str, uri: str) -> None:
    assert tel_uri(tel) == uri


def test_checksums_are_bare_hex(published: list[Published]) -> None:
    from rdflib import URIRef

    graph = dcat_graph(published, base_url=BASE)
    values = [str(v) for v in graph.objects(None, URIRef("http://spdx.org/rdf/terms#checksumValue"))]
    assert len(values) == 5 and all(re.fullmatch("[0-9a-f]{64}", v) for v in values)


@pytest.mark.parametrize("form", RDF_FORMATS)
def test_each_form_reads_back_as_the_same_graph_without_bom(published: list[Published], form: str) -> None:
    """A BOM makes rdflib fail on Turtle and JSON-LD."""
    import rdflib

    graph = dcat_graph(published, base_url=BASE)
    text = rdf_text(graph, form)
    assert not text.encode().startswith(b"\xef\xbb\xbf")
    read = rdflib.Graph().parse(data=text, format={"ttl": "turtle", "jsonld": "json-ld", "rdf": "xml"}[form])
    assert set(read) == set(graph)


@pytest.mark.parametrize("form", RDF_FORMATS)
def test_rdf_text_does_not_depend_on_the_order_of_packages(published: list[Published], form: str) -> None:
    one = rdf_text(dcat_graph(published, base_url=BASE), form)
    assert one == rdf_text(dcat_graph(published[::-1], base_url=BASE), form)


def test_odd_letters_in_a_title_survive_every_rdf_form(tmp_path: Path) -> None:
    import rdflib

    body = make_body()
    package = make_package(tmp_path, make_dataset(body, title='<b>"髙﨑" & \\ 一覧</b>', description="改行\nと\tタブ"))
    graph = dcat_graph([Published(package, body, NOW, NOW)], base_url=BASE)
    for form, name in (("ttl", "turtle"), ("jsonld", "json-ld"), ("rdf", "xml")):
        assert set(rdflib.Graph().parse(data=rdf_text(graph, form), format=name)) == set(graph), form


@pytest.mark.shared
def test_dcat_ap_3_shapes_hold(published: list[Published]) -> None:
    """SHACL of DCAT-AP 3.0.1 (SEMICeu), shapes and ranges."""
    import os

    import pyshacl
    import rdflib

    folder = Path(os.environ.get("KOKAI_SHARED", Path(__file__).parents[2] / "shared")) / "dcat-ap-3.0.1"
    if not folder.is_dir():
        pytest.skip("the DCAT-AP shapes are not here")
    data = rdflib.Graph().parse(data=rdf_text(dcat_graph(published, base_url=BASE), "ttl"), format="turtle")
    for name in ("shapes.ttl", "range.ttl"):
        shapes = rdflib.Graph().parse(folder / name)
        _, results, text = pyshacl.validate(data, shacl_graph=shapes)
        violation = rdflib.URIRef("http://www.w3.org/ns/shacl#Violation")
        assert (None, rdflib.URIRef("http://www.w3.org/ns/shacl#resultSeverity"), violation) not in results, text


# --- schema.org, オープンデータ一覧 --------------------------------------------------------------------------------


def test_schema_org_has_what_google_dataset_search_needs(published: list[Published]) -> None:
    p = published[0]
    d = schema_org(p.package, p.body, base_url=BASE, catalogue="美祢市のデータ", issued=NOW, modified=NOW)
    assert 50 <= len(d["description"]) <= 5000
    assert d["license"] == "https://creativecommons.org/licenses/by/4.0/"
    assert d["temporalCoverage"] == "2025-04-01"
    assert d["spatialCoverage"]["geo"]["box"] == "34.1667 131.2056 34.228 131.303"
    assert {x["encodingFormat"] for x in d["distribution"]} >= {"text/csv", "application/geo+json"}
    assert d["creator"]["name"] == "山口県美祢市" and d["includedInDataCatalog"]["url"] == BASE
    assert "名称" in d["variableMeasured"]


@pytest.mark.parametrize("edition", ["municipal-standard-v3", "recommended-v1"])
def test_the_list_of_lists_has_one_row_per_file_in_both_editions(published: list[Published], edition: str) -> None:
    standard = load_standard("opendata_list", edition)
    table = opendata_list(published, standard, base_url=BASE)
    assert table.columns == standard.names and table.rows == 5
    for field in standard.fields:
        if field.requirement.mark == "required":
            assert table.frame[field.name].null_count() == 0, field.name


def test_a_body_without_mail_or_homepage_gives_valid_metadata(tmp_path: Path) -> None:
    body = make_body(homepage="")
    body = replace(body, contact=replace(body.contact, email="", url=""))
    package = make_package(tmp_path, make_dataset(body))
    graph = dcat_graph([Published(package, body, NOW, NOW)], base_url=BASE)
    text = rdf_text(graph, "ttl")
    assert "mailto:" not in text and "<>" not in text
