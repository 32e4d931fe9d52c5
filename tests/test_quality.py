"""Metadata quality by the metrics of data.europa.eu: weights, what is unknown offline, and that ours is Excellent."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pipelines.model import Contact
from pipelines.package import ResourceData
from publish.metadata import Published, assess, dataset_page, dcat_graph
from publish.metadata.quality import Quality, metrics
from tests.fake_packages import make_body, make_dataset, make_package, make_table

NOW = datetime(2026, 11, 21, tzinfo=UTC)
BASE = "https://data.example.lg.jp/"
DCT, DCAT = "http://purl.org/dc/terms/", "http://www.w3.org/ns/dcat#"


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Any:
    package = make_package(tmp_path_factory.mktemp("p"), make_dataset())
    return dcat_graph([Published(package, make_body(), NOW, NOW)], base_url=BASE)


def quality_of(graph: Any, name: str = "352136_aed") -> Quality:
    return assess(graph, dataset_page(BASE, name).rstrip("/"))


def without(graph: Any, predicate: str) -> Any:
    """The same graph without any statement of this kind."""
    import rdflib

    copy = rdflib.Graph()
    for s, p, o in graph:
        if str(p) != predicate:
            copy.add((s, p, o))
    return copy


def test_the_weights_are_the_published_ones() -> None:
    """data.europa.eu, methodology of the Metadata Quality Assessment: five dimensions, 405 points."""
    by_dimension: dict[str, int] = {}
    for m in metrics():
        by_dimension[m.dimension] = by_dimension.get(m.dimension, 0) + m.weight
    assert by_dimension == {
        "findability": 100, "accessibility": 100, "interoperability": 110, "reusability": 75, "contextuality": 20}
    assert sum(by_dimension.values()) == 405 and len(metrics()) == 23


def test_reachability_is_unknown_offline_and_left_out_of_the_score(graph: Any) -> None:
    quality = quality_of(graph)
    assert (quality.knowable, quality.unknown) == (325, 80)
    assert quality.score == round(quality.gained * 405 / 325)
    assert next(d for d in quality.dimensions if d.en == "Accessibility").most == 20


def test_ours_is_excellent_with_points_and_without(graph: Any, tmp_path: Path) -> None:
    plain = make_package(tmp_path, make_dataset(), resources=[ResourceData(None, make_table([]), "2025-04-01")])
    bare = dcat_graph([Published(plain, make_body(contact=Contact("課", "", "", "")), NOW, NOW)], base_url=BASE)
    for quality in (quality_of(graph), quality_of(bare)):
        assert quality.score >= 351 and quality.grade["name"] == "Excellent"
        assert {m.key for _, m in quality.fixes} <= {"non_proprietary", "machine_readable", "licence_vocabulary"}


@pytest.mark.parametrize(
    ("predicate", "key", "lost"),
    [
        (DCAT + "keyword", "keyword", 30), (DCAT + "theme", "theme", 30), (DCT + "spatial", "spatial", 20),
        (DCT + "temporal", "temporal", 20), (DCAT + "downloadURL", "download_url", 20), (DCT + "license", "licence", 20),
        (DCAT + "contactPoint", "contact_point", 20), (DCAT + "mediaType", "media_type", 10),
        (DCT + "accessRights", "access_rights", 15), (DCT + "publisher", "publisher", 10), (DCT + "rights", "rights", 5),
        (DCAT + "byteSize", "byte_size", 5), (DCT + "issued", "issued", 5), (DCT + "modified", "modified", 5),
        (DCT + "description", "dcat_ap", 30), (DCAT + "accessURL", "dcat_ap", 30),
    ],
)
def test_each_missing_property_costs_its_weight_and_is_named(graph: Any, predicate: str, key: str, lost: int) -> None:
    whole, poor = quality_of(graph), quality_of(without(graph, predicate))
    assert whole.gained - poor.gained == pytest.approx(lost + (2.5 if key == "media_type" else 0))  # .fgb by its type
    assert key in {m.key for _, m in poor.fixes}


def test_the_fix_that_gains_most_comes_first(graph: Any) -> None:
    gain, metric = quality_of(without(graph, DCAT + "keyword")).fixes[0]
    assert (gain, metric.key) == (30, "keyword") and "keywords" in metric.fix_ja


def test_metrics_of_files_count_by_the_share_of_files(graph: Any) -> None:
    """CSV and GeoJSON are on the methodology's lists of formats, GeoParquet and FlatGeobuf are not."""
    shares = quality_of(graph).shares
    assert (shares["machine_readable"], shares["format"], shares["licence_vocabulary"]) == (0.5, 1.0, 0.0)


def test_an_unknown_dataset_has_no_points_and_no_crash(graph: Any) -> None:
    quality = quality_of(graph, "352136_none")
    assert quality.gained == 0 and quality.grade["name"] == "Bad"
