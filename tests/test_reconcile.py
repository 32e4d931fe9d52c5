"""A live catalogue against the ledger: one request, a token only where it belongs, differences are never the KPI."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from pipelines.declare import Catalogue
from pipelines.errors import ApprovalError, CatalogueError
from publish.cli import main
from publish.reconcile import read_ckan


class Answering:
    """A CKAN on loopback that answers what it is told to, and remembers what it was asked."""

    def __init__(self) -> None:
        self.packages: list[dict[str, Any]] = []
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.status, self.raw, self.count = 200, b"", -1
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append((self.path, dict(self.headers)))
                told = {"success": True, "result": {"count": outer.count if outer.count >= 0 else len(outer.packages),
                                                    "results": outer.packages}}
                self.send_response(outer.status)
                if outer.status == 302:
                    self.send_header("Location", "http://127.0.0.1:9/elsewhere")
                self.end_headers()
                self.wfile.write(outer.raw or json.dumps(told).encode())

            def log_message(self, *args: object) -> None:
                return None

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def ckan() -> Iterator[Answering]:
    made = Answering()
    yield made
    made.server.shutdown()
    made.server.server_close()


def package(name: str, files: int = 2, title: str = "") -> dict[str, Any]:
    return {"name": name, "title": title, "resources": [{}] * files, "state": "active"}


def test_one_request_is_made_with_the_token_and_a_name(ckan: Answering) -> None:
    ckan.packages = [package("352136_aed")]
    catalogue = Catalogue("y", "ckan", "県", url=ckan.url + "/ckan", token_env="T")
    (listed,) = read_ckan(catalogue, "mine", environ={"T": "secret"})
    assert (listed.name, listed.files) == ("352136_aed", 2)
    ((path, headers),) = ckan.asked
    assert urlsplit(path).path == "/ckan/api/3/action/package_search"
    assert parse_qs(urlsplit(path).query)["fq"] == ['organization:"mine"']
    assert headers["Authorization"] == "secret" and headers["User-Agent"].startswith("Kokai/")


def test_without_a_token_nobody_elses_catalogue_is_asked() -> None:
    with pytest.raises(ApprovalError):
        read_ckan(Catalogue("y", "ckan", "県", url="https://catalogue.invalid", token_env="T"), "mine", environ={})


@pytest.mark.parametrize(("status", "raw", "count"), [(403, b"", -1), (500, b"", -1), (302, b"", -1), (200, b"<html>", -1),
                                                      (200, b"[]", -1), (200, b"", 2000)])
def test_refusals_redirects_other_answers_and_partial_lists_are_told(
    ckan: Answering, status: int, raw: bytes, count: int
) -> None:
    ckan.status, ckan.raw, ckan.count = status, raw, count
    with pytest.raises(CatalogueError) as stop:
        read_ckan(Catalogue("y", "ckan", "県", url=ckan.url), "mine", environ={})
    assert stop.value.ja and stop.value.todo_ja and len(ckan.asked) == 1


def test_a_catalogue_without_an_api_is_told() -> None:
    with pytest.raises(CatalogueError):
        read_ckan(Catalogue("h", "handover", "広島", url="https://catalogue.invalid"), "mine", environ={})


def test_differences_are_listed_and_the_count_stays(
    ckan: Answering, history_workspace: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in (history_workspace / "datasets").glob("*_*/"):
        if folder.is_dir() and not folder.name.startswith("352136"):
            for path in folder.glob("plan.yml"):
                path.unlink()
    listing = history_workspace / "datasets" / "catalogues.yml"
    text = listing.read_text(encoding="utf-8").replace("url: https://yamaguchi-opendata.jp/ckan", f"url: {ckan.url}")
    listing.write_text(text, encoding="utf-8")
    words = ["kpi", "--as-of", "2026-03-31", "--workspace", str(history_workspace), "--format", "json"]
    assert main(words) == 0
    before = json.loads(capsys.readouterr().out)["plans"]
    from datetime import date

    from pipelines.declare import Counting
    from publish.kpi import count
    from publish.ledger import read_ledgers

    own = count(read_ledgers(history_workspace / "ledger", ["352136"]), "352136", date(2026, 3, 31), counts_in=["yamaguchi"],
                counting=Counting(generated_lists=True)).evidence
    ckan.packages = [package(n, f) for n, f in own.select("name", "files").iter_rows() if n != "352136_aed"]
    ckan.packages += [package("eg-mydataset", title="文化財"), ]
    ckan.packages[0]["resources"] = []
    assert main([*words, "--reconcile", "yamaguchi"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["plans"] == before
    (result,) = told["reconciled"]
    assert (result["ledger"], result["listed"]) == (32, 32)
    assert sorted(d["what"] for d in result["differences"]) == ["files", "only-catalogue", "only-ledger"]
    assert result["words"].startswith("台帳32 / カタログ32: 差3件 = ")
    assert len(ckan.asked) == 1
    ckan.packages = [package(n, f) for n, f in own.select("name", "files").iter_rows()]
    assert main([*words[:-2], "--reconcile", "yamaguchi"]) == 0
    assert "差はありません" in capsys.readouterr().out
