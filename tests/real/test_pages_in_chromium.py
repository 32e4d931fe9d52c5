"""The catalogue's pages in a real Chromium, wide and narrow: nothing overflows, the search finds, the page is whole."""

from __future__ import annotations

import functools
import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from html import unescape
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from publish.cli import main

ROOT = Path(__file__).parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--virtual-time-budget=8000", "--dump-dom")
pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")]

PROBE = """<!doctype html><meta charset="utf-8"><iframe id="f" src="{page}" style="width:{width}px;height:900px"></iframe>
<pre id="out"></pre><script>
document.getElementById("f").onload = function () {{
  var page = this.contentDocument, root = page.documentElement, box = page.getElementById("q"), out = {{}};
  out.overflow = root.scrollWidth - root.clientWidth;
  out.title = page.title;
  out.cards = page.querySelectorAll(".card:not([hidden])").length;
  out.rows = page.querySelectorAll("table tbody tr").length;
  out.points = page.querySelectorAll("svg circle").length;
  if (box) {{
    box.value = "ａed";
    box.dispatchEvent(new Event("input"));
    out.found = page.querySelectorAll(".card:not([hidden])").length;
  }}
  document.getElementById("out").textContent = JSON.stringify(out);
}};
</script>"""


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: Any) -> None:
        return None


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    root = tmp_path_factory.mktemp("site")
    shutil.copytree(ROOT / "datasets", root / "datasets")
    assert main(["run", "--workspace", str(root), "--quiet"]) == 0
    folder = (root / "var" / "catalogue" / "current").resolve()
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}", folder
    server.shutdown()


def probe(site: tuple[str, Path], tmp_path: Path, page: str, width: int) -> dict[str, Any]:
    """What Chromium sees of `page` in a frame `width` pixels wide."""
    address, folder = site
    (folder / "probe.html").write_text(PROBE.format(page=page, width=width), encoding="utf-8")
    assert CHROMIUM is not None
    done = subprocess.run([CHROMIUM, *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", f"{address}/probe.html"],
                          capture_output=True, text=True, timeout=120, check=False)
    told = re.search(r'<pre id="out">(.*?)</pre>', done.stdout, re.DOTALL)
    assert told and told[1], done.stderr[-2000:]
    seen: dict[str, Any] = json.loads(unescape(told[1]))
    return seen


@pytest.mark.parametrize("width", [1280, 390])
def test_the_index_fits_and_its_search_folds_width(site: tuple[str, Path], tmp_path: Path, width: int) -> None:
    seen = probe(site, tmp_path, "index.html", width)
    assert seen["overflow"] <= 0
    assert seen["cards"] >= 29 and seen["found"] == 4  # one AED list of each body
    assert "オープンデータカタログ" in seen["title"]


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", ["352128_tourism", "352012_population", "352136_aed"])
def test_a_dataset_page_fits_and_shows_its_rows_and_points(
    site: tuple[str, Path], tmp_path: Path, name: str, width: int
) -> None:
    seen = probe(site, tmp_path, f"datasets/{name}/index.html", width)
    assert seen["overflow"] <= 0
    assert seen["rows"] >= 8
    assert (seen["points"] >= 8) == (name != "352012_population")
