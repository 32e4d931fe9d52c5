"""`kokai serve`: read-only, this machine only while there are samples, addresses that lead to itself, a quiet end."""

from __future__ import annotations

import hashlib
import json
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from publish.cli import main
from publish.commands.serve import open_server
from publish.loopback import is_loopback_host
from publish.site import publish_release
from publish.site.serving import make_server, served_address
from tests.fake_packages import make_body, make_dataset, make_package

ROOT = Path(__file__).parents[1]
NOW = datetime(2026, 11, 21, tzinfo=UTC)


def catalogue(workspace: Path, *, sample: bool, base_url: str = "") -> Path:
    body = make_body(sample=sample)
    package = make_package(workspace / "packages", make_dataset(body, sample=sample))
    root = workspace / "var" / "catalogue"
    publish_release(root, [package], {body.code: body}, now=NOW, base_url=base_url)
    return root


@contextmanager
def running(server: ThreadingHTTPServer) -> Iterator[str]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield served_address(server)
    finally:
        server.shutdown()
        server.server_close()


def get(address: str) -> bytes:
    with urllib.request.urlopen(address, timeout=5) as reply:
        data: bytes = reply.read()
    return data


def test_serve_prints_its_address_answers_ckanapi_and_ends_quietly_with_ctrl_c(tmp_path: Path) -> None:
    import ckanapi

    catalogue(tmp_path, sample=True)
    command = [sys.executable, "-m", "publish.cli", "serve", "--port", "0", "--workspace", str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stderr is not None
        address = process.stdout.readline().split()[-1]
        assert address.startswith("http://127.0.0.1:")
        with ckanapi.RemoteCKAN(address, user_agent="kokai-test") as remote:
            (dataset,) = remote.action.package_search(q="AED")["results"]
            assert remote.action.package_show(id=dataset["id"])["name"] == "352136_aed"
            resource = remote.action.resource_show(id=dataset["resources"][0]["id"])
        assert hashlib.sha256(get(resource["url"])).hexdigest() == resource["sha256"]
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
        assert "終了しました" in process.stdout.read() and process.stderr.read() == ""


def test_samples_are_refused_beyond_this_machine(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    catalogue(tmp_path, sample=True)
    assert main(["serve", "--host", "0.0.0.0", "--port", "0", "--workspace", str(tmp_path)]) == 2
    assert "sample-stays-here" in capsys.readouterr().err


def test_own_data_may_be_served_to_others(tmp_path: Path) -> None:
    root = catalogue(tmp_path, sample=False, base_url="https://data.example.lg.jp/")
    with running(open_server(root, "0.0.0.0", 0)) as address:
        text = get(address.replace("0.0.0.0", "127.0.0.1") + "catalog.ttl").decode()
        assert "https://data.example.lg.jp/datasets/352136_aed" in text, "a declared address is never rewritten"


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_samples_that_come_while_the_server_is_open_to_others_are_not_answered(tmp_path: Path, method: str) -> None:
    root = catalogue(tmp_path, sample=True)
    with running(make_server(root, host="0.0.0.0", port=0)) as address:
        url = address.replace("0.0.0.0", "127.0.0.1") + "api/3/action/package_search"
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=5)
        assert caught.value.code == 403


def test_nothing_public_yet_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--workspace", str(tmp_path)]) == 2
    err = capsys.readouterr().err
    assert "nothing-published" in err and "kokai run" in err


@pytest.mark.parametrize("port", ["taken", "70000"])
def test_a_port_that_cannot_be_had_is_said_clearly(
    tmp_path: Path, port: str, capsys: pytest.CaptureFixture[str]
) -> None:
    catalogue(tmp_path, sample=True)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        number = str(other.getsockname()[1]) if port == "taken" else port
        assert main(["serve", "--port", number, "--workspace", str(tmp_path)]) == 2
    assert "port-taken" in capsys.readouterr().err


def test_addresses_lead_to_the_port_that_serves_and_data_files_stay_byte_for_byte(tmp_path: Path) -> None:
    root = catalogue(tmp_path, sample=True)  # made for the default address, port 8000
    with running(make_server(root, port=0)) as address:
        for name in ("catalog.ttl", "catalog.rdf", "catalog.jsonld", "sitemap.xml", "robots.txt", "datapackage.json",
                     "open_data_list.csv", "index.html", "datasets/352136_aed/", "api/3/action/package_search",
                     "api/3/action/package_show?id=352136_aed"):
            text = get(address + name).decode()
            assert "127.0.0.1:8000" not in text, name
            assert address in text, name
        released = root / "current" / "datasets" / "352136_aed"
        for line in get(f"{address}datasets/352136_aed/SHA256SUMS").decode().splitlines():
            wanted, _, file = line.partition("  ")
            data = get(f"{address}datasets/352136_aed/{file}")
            assert hashlib.sha256(data).hexdigest() == wanted and data == (released / file).read_bytes()


def test_facets_count_what_was_found(tmp_path: Path) -> None:
    root = catalogue(tmp_path, sample=True)
    with running(make_server(root, port=0)) as address:
        url = address + "api/3/action/package_search?facet.field=%5B%22tags%22,%22res_format%22%5D&rows=0"
        result: dict[str, Any] = json.loads(get(url))["result"]
    assert result["results"] == [] and result["facets"]["res_format"]["CSV"] == 1
    assert {"name": "AED", "display_name": "AED", "count": 1} in result["search_facets"]["tags"]["items"]


@pytest.mark.parametrize("action", ["tag_list", "group_list", "license_list", "organization_list", "status_show"])
def test_the_lists_that_aggregators_ask_for_are_answered(tmp_path: Path, action: str) -> None:
    root = catalogue(tmp_path, sample=True)
    with running(make_server(root, port=0)) as address:
        told = json.loads(get(f"{address}api/3/action/{action}"))
    assert told["success"] is True and (told["result"] or action == "group_list")


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("localhost", True), ("::1", True), ("[::1]", True), ("127.9.9.9", True),
     ("0.0.0.0", False), ("::", False), ("192.168.1.4", False), ("data.example.lg.jp", False), ("", False)],
)
def test_only_this_machine_is_loopback(host: str, loopback: bool) -> None:
    assert is_loopback_host(host) is loopback


def test_serve_asks_no_network_for_its_own_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Looking the machine's name up can take many seconds on a closed network."""

    def no_network(*_: Any) -> str:
        raise AssertionError("asked the network")

    monkeypatch.setattr(socket, "getfqdn", no_network)
    make_server(catalogue(tmp_path, sample=True), host="0.0.0.0", port=0).server_close()


@pytest.mark.parametrize("path", ["/datasets/%00", "/" + "a/" * 3000, "/" + "a" * 5000, "/%ff%fe/%00.csv"])
def test_an_address_that_no_file_can_have_is_not_found(tmp_path: Path, path: str, capfd: pytest.CaptureFixture[str]) -> None:
    with running(make_server(catalogue(tmp_path, sample=True), port=0)) as address:
        for method in ("GET", "HEAD"):
            with pytest.raises(urllib.error.HTTPError) as stop:
                urllib.request.urlopen(urllib.request.Request(address.rstrip("/") + path, method=method), timeout=5)
            assert stop.value.code == 404
    assert "Traceback" not in capfd.readouterr().err


def test_a_reader_that_hangs_up_leaves_no_words(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with running(make_server(catalogue(tmp_path, sample=True), port=0)) as address:
        port = int(address.rstrip("/").rsplit(":", 1)[1])
        for _ in range(5):
            with socket.create_connection(("127.0.0.1", port)) as line:
                line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")  # a reset, not a farewell
                line.sendall(b"GET /api/3/action/package_search HTTP/1.0\r\n\r\n")
        assert get(address + "robots.txt")
    assert "Traceback" not in capfd.readouterr().err
