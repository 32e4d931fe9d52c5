"""The read-only server: CKAN's read API over the current release, and nothing else."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from publish.site import publish_release
from publish.site.serving import answer_action, make_server
from tests.fake_packages import make_body, make_dataset, make_package, make_standard

DAY = datetime(2026, 11, 21, tzinfo=UTC)
BODY = make_body()
KINDS = [("aed", "AED設置箇所一覧"), ("toilet", "公衆トイレ一覧"), ("wifi", "無線LAN一覧")]


def publish(root: Path, packages: Path, day: datetime, **more: Any) -> None:
    made = [make_package(packages, make_dataset(BODY, id=k, kind=k, title=t, **more), make_standard(k, t, k))
            for k, t in KINDS]
    publish_release(root, made, {BODY.code: BODY}, now=day, base_url="http://127.0.0.1/")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    folder = tmp_path_factory.mktemp("served")
    publish(folder / "cat", folder, DAY)
    server = make_server(folder / "cat", port=0)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", folder
    server.shutdown()
    server.server_close()
    thread.join()


def call(address: str, action: str, **arguments: str) -> Any:
    with urllib.request.urlopen(f"{address}/api/3/action/{action}?{urlencode(arguments)}", timeout=5) as reply:
        told = json.load(reply)
    assert told["success"] is True
    return told["result"]


def test_package_search_honours_rows_start_and_sort(served: tuple[str, Path]) -> None:
    address, _ = served
    pages = [call(address, "package_search", rows="2", start=s, sort="id asc")["results"] for s in ("0", "2", "4")]
    assert [len(p) for p in pages] == [2, 1, 0]
    ids = [d["id"] for p in pages for d in p]
    assert ids == sorted(ids) and len(set(ids)) == 3
    names = [d["name"] for d in call(address, "package_search", sort="name desc")["results"]]
    assert names == ["352136_wifi", "352136_toilet", "352136_aed"]


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        ({"q": "トイレ"}, ["352136_toilet"]),
        ({"q": "title:*LAN*"}, ["352136_wifi"]),
        ({"fq": "name:352136_*"}, ["352136_aed", "352136_toilet", "352136_wifi"]),
        ({"fq": "+tags:公衆トイレ"}, ["352136_toilet"]),
        ({"fq": "-name:352136_aed"}, ["352136_toilet", "352136_wifi"]),
        ({"fq": 'extras_source_id:"352136:wifi"'}, ["352136_wifi"]),
        ({"fq": "organization:mine-city AND res_format:GeoJSON"}, ["352136_aed", "352136_toilet", "352136_wifi"]),
        ({"fq": "name:(352136_aed OR 352136_wifi)"}, ["352136_aed", "352136_wifi"]),
        ({"fq": "metadata_modified:[2026-11-20T00:00:00Z TO *]"}, ["352136_aed", "352136_toilet", "352136_wifi"]),
        ({"fq": "metadata_modified:[2026-11-22T00:00:00Z TO *]"}, []),
        ({"q": "*:*", "fq": "organization:yanai"}, []),
    ],
)
def test_package_search_understands_what_harvesters_and_aggregators_ask(
    served: tuple[str, Path], arguments: dict[str, str], names: list[str]
) -> None:
    found = call(served[0], "package_search", sort="name asc", **arguments)
    assert [d["name"] for d in found["results"]] == names and found["count"] == len(names)


def test_package_show_answers_to_name_and_id_and_404(served: tuple[str, Path]) -> None:
    address, _ = served
    by_name = call(address, "package_show", id="352136_aed")
    assert call(address, "package_show", id=by_name["id"]) == by_name
    with pytest.raises(urllib.error.HTTPError) as caught:
        call(address, "package_show", id="352136_none")
    assert caught.value.code == 404
    assert json.load(caught.value)["error"]["__type"] == "Not Found Error"


@pytest.mark.parametrize("arguments", [{"rows": "x"}, {"start": "-1"}, {"sort": "secret desc"}, {"rows": "１"}])
def test_wrong_arguments_get_ckans_validation_error(served: tuple[str, Path], arguments: dict[str, str]) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        call(served[0], "package_search", **arguments)
    assert caught.value.code == 409 and json.load(caught.value)["error"]["__type"] == "Validation Error"


def test_ckanapi_talks_to_it_as_to_a_ckan(served: tuple[str, Path]) -> None:
    import ckanapi

    with ckanapi.RemoteCKAN(served[0], user_agent="kokai-test") as remote:
        assert remote.action.package_list() == ["352136_aed", "352136_toilet", "352136_wifi"]
        assert remote.action.package_show(id="352136_aed")["title"] == "【美祢市】AED設置箇所一覧"
        assert remote.action.package_search(rows=1)["count"] == 3
        assert remote.action.organization_show(id="mine-city")["package_count"] == 3
        assert remote.action.status_show()["ckan_version"]
        with pytest.raises(ckanapi.NotFound):
            remote.action.package_show(id="nothing")
        with pytest.raises(ckanapi.CKANAPIError):
            remote.action.package_delete(id="352136_aed")


@pytest.mark.parametrize(
    ("path", "media_type"),
    [("/", "text/html"), ("/catalog.jsonld", "application/ld+json"), ("/catalog.ttl", "text/turtle"),
     ("/catalog.rdf", "application/rdf+xml"), ("/api/3/action/package_search", "application/json"),
     ("/datasets/352136_aed/352136_aed.csv", "text/csv"), ("/datasets/352136_aed/", "text/html"),
     ("/datasets/352136_aed/352136_aed.geojson", "application/geo+json")],
)
def test_head_gives_the_type_that_harvesters_need(served: tuple[str, Path], path: str, media_type: str) -> None:
    request = urllib.request.Request(served[0] + path, method="HEAD")
    with urllib.request.urlopen(request, timeout=5) as reply:
        assert reply.headers.get_content_type() == media_type and int(reply.headers["Content-Length"]) > 0
        assert reply.read() == b""


@pytest.mark.parametrize("path", ["/datasets/", "/../../.lock", "/%2e%2e/%2e%2e/.lock", "/api/", "/.lock"])
def test_nothing_but_the_release_is_served_and_no_folder_is_listed(served: tuple[str, Path], path: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(served[0] + path, timeout=5)
    assert caught.value.code == 404


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_nothing_can_be_written(served: tuple[str, Path], method: str) -> None:
    request = urllib.request.Request(served[0] + "/index.html", method=method, data=b"x")
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=5)
    assert caught.value.code == 501


def test_a_new_release_shows_at_the_next_request(served: tuple[str, Path]) -> None:
    address, folder = served
    assert call(address, "package_show", id="352136_aed")["version"] == "2025-04-01"
    publish(folder / "cat", folder, DAY + timedelta(days=1), as_of="2026-04-01")
    try:
        assert call(address, "package_show", id="352136_aed")["version"] == "2026-04-01"
    finally:
        publish(folder / "cat", folder, DAY)


def test_an_unknown_action_is_ckans_bad_request(served: tuple[str, Path]) -> None:
    status, body = answer_action(served[1] / "cat" / "current", "no_such_action", {})
    assert status == 400 and body["success"] is False
