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
from hypothesis import given, settings
from hypothesis import strategies as st

from publish.site import publish_release
from publish.site.queries import parse_query
from publish.site.serving import make_server
from tests.fake_packages import make_body, make_dataset, make_package, make_standard

DAY = datetime(2026, 11, 21, tzinfo=UTC)
BODY = make_body()
DATASET: dict[str, Any] = {
    "name": "352136_aed", "title": "t", "notes": "n", "tags": [], "author": "a", "extras": [], "state": "active",
}
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
        # what ckanext-harvest 1.6.3 sends for organizations_filter_include with a last run
        ({"fq": "organization:mine-city OR organization:yanai metadata_modified:[2026-11-20T00:00:00Z TO *]"},
         ["352136_aed", "352136_toilet", "352136_wifi"]),
        ({"fq": "organization:hagi OR organization:yanai metadata_modified:[2026-11-20T00:00:00Z TO *]"}, []),
        ({"fq": "-organization:mine-city"}, []),
        ({"fq": "NOT name:352136_aed AND res_format:CSV"}, ["352136_toilet", "352136_wifi"]),
        ({"fq": '(name:352136_aed OR organization:"yanai")'}, ["352136_aed"]),
        ({"fq": "name:352136_aed || name:352136_wifi"}, ["352136_aed", "352136_wifi"]),
        ({"fq": "(name:352136_* AND (tags:無線LAN OR tags:公衆トイレ))"}, ["352136_toilet", "352136_wifi"]),
        ({"fq": "tags:(公衆トイレ)"}, ["352136_toilet"]),
        ({"fq": "+dataset_type:dataset +name:352136_aed"}, ["352136_aed"]),
        ({"fq_list": '["name:352136_*", "-name:352136_aed", "-name:352136_wifi"]'}, ["352136_toilet"]),
        ({"q": "title:aed"}, ["352136_aed"]),
        ({"q": "ａｅｄ設置箇所 美祢"}, ["352136_aed"]),
        ({"q": '"無線LAN一覧"'}, ["352136_wifi"]),
        ({"fq": "kind:aed"}, ["352136_aed"]),
        ({"fq": "num_resources:[99 TO *]"}, []),
        ({"fq": "groups:disaster"}, []),
        ({"fq": "private:true"}, []),
        ({"q": "name:352136\\_aed"}, ["352136_aed"]),
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


@pytest.mark.parametrize("arguments", [{"rows": "x"}, {"start": "-1"}, {"rows": "１"}])
def test_wrong_arguments_get_ckans_validation_error_by_field(served: tuple[str, Path], arguments: dict[str, str]) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        call(served[0], "package_search", **arguments)
    assert caught.value.code == 409
    assert json.load(caught.value)["error"] == {"__type": "Validation Error", next(iter(arguments)): ["Must be a natural number"]}


@pytest.mark.parametrize("arguments", [
    {"sort": "secret desc"}, {"fq": "name:(a OR"}, {"fq": "a)"}, {"fq": "()"}, {"fq": "OR a"}, {"fq": "a AND"},
    {"fq": "metadata_modified:[2026 2027]"}, {"fq": "metadata_modified:[NOW-7DAYS TO *]"}, {"q": "(" * 40 + "a" + ")" * 40},
    {"q": "name:*a*a*a*a*a*"}, {"q": "x" * 5000},
])
def test_a_query_that_cannot_be_read_is_an_error_never_an_empty_answer(
    served: tuple[str, Path], arguments: dict[str, str]
) -> None:
    """A harvester takes an empty answer for a catalogue from which everything has gone."""
    with pytest.raises(urllib.error.HTTPError) as caught:
        call(served[0], "package_search", **arguments)
    assert caught.value.code == 400 and json.load(caught.value)["error"]["__type"] == "Search Query Error"


@settings(max_examples=200)
@given(query=st.text(alphabet='ab:"()[]{}*?+-!|&\\ ANDORTNOname_12', max_size=40))
def test_no_query_breaks_the_reader(query: str) -> None:
    try:
        holds = parse_query(query)
    except ValueError:
        return
    assert holds(DATASET) in (True, False)


def test_only_the_fields_asked_for_are_given(served: tuple[str, Path]) -> None:
    found = call(served[0], "package_search", fl="name,title", fq="name:352136_aed")
    assert found["results"] == [{"name": "352136_aed", "title": "【美祢市】AED設置箇所一覧"}]


def ask(address: str, data: bytes | None = None, **headers: str) -> tuple[int, Any, Any]:
    request = urllib.request.Request(address, data=data, headers={k.replace("_", "-"): v for k, v in headers.items()})
    try:
        with urllib.request.urlopen(request, timeout=5) as reply:
            return reply.status, reply.headers, reply.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


@pytest.mark.parametrize(("data", "content_type"), [
    (b'{"id": "352136_aed"}', "application/json"), (b'{"id": "352136_aed"}', "application/x-www-form-urlencoded"),
    (b"id=352136_aed", "application/x-www-form-urlencoded"),
])
def test_a_post_in_json_or_as_a_form_is_answered(served: tuple[str, Path], data: bytes, content_type: str) -> None:
    status, _, body = ask(f"{served[0]}/api/3/action/package_show", data, Content_Type=content_type)
    told = json.loads(body)
    assert (status, told["result"]["name"]) == (200, "352136_aed")
    assert told["help"] == f"{served[0]}/api/3/action/help_show?name=package_show"


@pytest.mark.parametrize("data", [b"nonsense", b"[1]", b"\xff\xfe"])
def test_a_body_that_is_no_json_gets_a_json_string(served: tuple[str, Path], data: bytes) -> None:
    status, headers, body = ask(f"{served[0]}/api/3/action/package_show", data)
    assert status == 400 and headers.get_content_type() == "application/json"
    assert json.loads(body).startswith("Bad request: JSON Error")


def test_the_root_of_the_api_tells_its_version(served: tuple[str, Path]) -> None:
    assert json.loads(ask(f"{served[0]}/api/3")[2]) == json.loads(ask(f"{served[0]}/api/3/")[2]) == {"version": 3}


@pytest.mark.parametrize("path", ["/api/3/action/package_search", "/", "/datasets/352136_aed/"])
def test_what_a_reader_already_has_is_not_sent_again(served: tuple[str, Path], path: str) -> None:
    status, headers, body = ask(served[0] + path)
    assert status == 200 and body and headers["ETag"]
    assert ask(served[0] + path, If_None_Match=headers["ETag"])[::2] == (304, b"")
    assert ask(served[0] + path, If_None_Match='"other"')[0] == 200


def test_a_file_unchanged_since_is_not_sent_again(served: tuple[str, Path]) -> None:
    address = served[0] + "/datasets/352136_aed/352136_aed.csv"
    _, headers, _ = ask(address)
    assert ask(address, If_Modified_Since=headers["Last-Modified"])[::2] == (304, b"")


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
        with pytest.raises(ckanapi.NotAuthorized):
            remote.action.package_delete(id="352136_aed")
        with pytest.raises(ckanapi.ValidationError):
            remote.action.package_show()


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


def test_an_unknown_action_is_ckans_bad_request_a_json_string(served: tuple[str, Path]) -> None:
    status, headers, body = ask(f"{served[0]}/api/3/action/no_such_action")
    assert status == 400 and headers.get_content_type() == "application/json"
    assert json.loads(body) == "Bad request: Action name not known: no_such_action"


def test_a_boost_or_a_fuzzy_mark_is_no_part_of_the_word(served: tuple[str, Path]) -> None:
    """An empty answer would read as: everything is gone."""
    address, _ = served
    queries = ("name:352136_aed^2", "title:AED~1", "title:AED^0.5", 'title:"AED設置箇所一覧"^3', "title:(AED無線 OR AED)^2",
               "title:AED~")
    for query in queries:
        assert [d["name"] for d in call(address, "package_search", q=query)["results"]] == ["352136_aed"], query


def test_blank_arguments_are_as_if_not_given(served: tuple[str, Path]) -> None:
    address, _ = served
    assert call(address, "package_search", sort="", rows="", start="", q="", fq="")["count"] == len(KINDS)
    assert len(call(address, "package_list", limit="", offset="")) == len(KINDS)


def test_organizations_are_told_whole_and_with_their_datasets_when_asked(served: tuple[str, Path]) -> None:
    address, _ = served
    names = call(address, "organization_list")
    whole = call(address, "organization_list", all_fields="true")
    assert [o["name"] for o in whole] == names and whole[0]["package_count"] == len(KINDS)
    assert "packages" not in call(address, "organization_show", id=names[0])
    shown = call(address, "organization_show", id=names[0], include_datasets="True")
    assert {d["name"] for d in shown["packages"]} == {f"352136_{slug}" for slug, _ in KINDS}


def test_the_help_that_every_answer_names_is_there(served: tuple[str, Path]) -> None:
    address, _ = served
    for action in ("package_search", "status_show", "organization_list", "help_show"):
        assert action in call(address, "help_show", name=action)
    for name in ("nope", "../../../release.json"):
        with pytest.raises(urllib.error.HTTPError) as stop:
            call(address, "help_show", name=name)
        assert stop.value.code == 404
