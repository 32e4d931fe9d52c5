"""The pages and feeds of a release: everything escaped, every link leads somewhere, nothing from outside."""

from __future__ import annotations

import json
import re
import threading
import urllib.request
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urljoin, urlparse

import polars as pl
import pytest

from pipelines.model import ROW, Fix, fixes_frame
from pipelines.package import ResourceData
from publish.site import publish_release
from publish.site.drawing import Area, draw_map, read_area
from tests.fake_packages import AED_FIELDS, AED_ROWS, make_body, make_dataset, make_package, make_standard, make_table

NOW = datetime(2026, 11, 21, tzinfo=UTC)
BASE = "https://data.example.lg.jp/catalogue/"
EVIL = '</script><img src=x onerror=alert(1)>"\'&'
VOID = {"meta", "link", "input", "br", "img"}


class Page(HTMLParser):
    """Links, ids, text and the balance of tags of one page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.tags: list[str] = []
        self.open: list[str] = []
        self.ids: list[str] = []
        self.scripts: list[str] = []
        self.feed(text)
        assert self.open == [], f"left open: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        given = {k: v or "" for k, v in attrs}
        if tag not in VOID:
            self.open.append(tag)
        if "id" in given:
            self.ids.append(given["id"])
        assert not [k for k in given if k.startswith("on")], given
        if tag == "a":
            self.links.append(given["href"])
        if tag == "script" and "src" in given or tag in ("img", "iframe"):
            self.loads.append(given["src"])
        if tag == "link" and given["rel"] == "stylesheet":
            self.loads.append(given["href"])

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-3:]}"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "script" and data.strip():
            self.scripts.append(data)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    area = folder / "area"
    area.mkdir()
    ring = [[131.1, 34.1], [131.4, 34.1], [131.4, 34.3], [131.1, 34.3], [131.1, 34.1]]
    outline = {"type": "Feature", "properties": {"rough": True}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    (area / "area.geojson").write_text(json.dumps(outline))
    mine = make_body(folder=area)
    yanai = make_body("352128", "柳井市", organization_id="yanai-city")
    evil = make_table([*AED_ROWS, ["352136", "9", EVIL, EVIL, "34.2", "131.2", "1", EVIL]])
    packages = [
        make_package(folder, make_dataset(mine, sample=True, description=EVIL, keywords=(EVIL, "救急・防災")),
                     resources=[ResourceData(None, evil, "2025-04-01")], credits=["「位置参照情報」（国土交通省）を加工して作成"],
                     fixes=fixes_frame([Fix(evil.frame[ROW][1], f, None, "34.2", "geocode-oaza") for f in ("緯度", "経度")])),
        make_package(folder, make_dataset(yanai, id="wifi", kind="wifi", title="無線LAN一覧", frequency="irregular"),
                     make_standard("wifi", "公衆無線LANアクセスポイント一覧", "public_wireless_lan"),
                     [ResourceData(None, make_table([]), "2024-04-01")]),
    ]
    publish_release(folder / "cat", packages, {"352136": mine, "352128": yanai}, now=NOW, base_url=BASE)
    return folder / "cat" / "current"


def pages(site: Path) -> list[Path]:
    return sorted(site.rglob("*.html"))


def test_every_page_is_well_formed_and_every_link_leads_to_a_file(site: Path) -> None:
    assert len(pages(site)) == 4
    for path in pages(site):
        page = Page(path.read_text("utf-8"))
        assert len(page.ids) == len(set(page.ids))
        for link in page.links + page.loads:
            address = urlparse(link)
            if address.scheme or link.startswith("#"):
                continue
            target = (path.parent / unquote(address.path)).resolve()
            assert target.is_file() or (target / "index.html").is_file(), f"{path}: {link}"


def test_pages_load_nothing_from_outside(site: Path) -> None:
    for path in pages(site):
        assert all(not urlparse(x).scheme and not x.startswith("//") for x in Page(path.read_text("utf-8")).loads)
    css = (site / "style.css").read_text("utf-8")
    assert "url(" not in css and "@import" not in css
    assert "fetch(" not in (site / "search.js").read_text("utf-8")


def test_cells_titles_and_keywords_are_shown_as_text_never_as_markup(site: Path) -> None:
    text = (site / "datasets" / "352136_aed" / "index.html").read_text("utf-8")
    page = Page(text)
    assert "img" not in page.tags and "b" in page.tags
    assert "&lt;b&gt;美東&lt;/b&gt;総合支所" in text and "<b>美東" not in text
    assert "&lt;/script&gt;&lt;img" in text


def test_the_schema_org_block_is_one_valid_json_whatever_the_description(site: Path) -> None:
    for path in (site / "datasets").glob("*/index.html"):
        (script,) = Page(path.read_text("utf-8")).scripts
        told = json.loads(script)
        assert told["@type"] == "Dataset" and told["url"] == f"{BASE}datasets/{path.parent.name}/"
        assert 50 <= len(told["description"]) <= 5000


def test_the_index_lists_datasets_by_body_with_rows_date_formats_and_sample_mark(site: Path) -> None:
    text = (site / "index.html").read_text("utf-8")
    assert text.index("柳井市 <small>") < text.index("美祢市 <small>")
    assert text.count("【見本】") >= 1 and "2025年4月1日時点" in text
    for name in ("352136_aed.csv", "352136_aed.geojson", "352136_aed.parquet", "352136_aed.fgb"):
        assert f'href="datasets/352136_aed/{name}"' in text
    assert 'data-due="2026-04-02"' in text and 'data-due=""' in text


def test_a_dataset_page_shows_preview_fields_map_licence_and_downloads(site: Path) -> None:
    text = (site / "datasets" / "352136_aed" / "index.html").read_text("utf-8")
    for words in ("美祢市役所", "◎ 必須", "○ 推奨（推定）", "<svg", "市町の輪郭はおおよその形です", "SHA-256",
                  "https://creativecommons.org/licenses/by/4.0/deed.ja", "位置が空欄の1件"):
        assert words in text, words
    assert text.count("<circle") == 3


def test_a_dataset_without_rows_has_a_page_without_map(site: Path) -> None:
    text = (site / "datasets" / "352128_public_wireless_lan" / "index.html").read_text("utf-8")
    assert "まだ1件も登録されていません" in text and "<svg" not in text


def test_only_csv_has_a_bom(site: Path) -> None:
    for path in site.rglob("*"):
        if path.is_file():
            assert path.read_bytes().startswith(b"\xef\xbb\xbf") is (path.suffix == ".csv"), path


def test_the_sitemap_names_every_page(site: Path) -> None:
    found = {e.text for e in ET.parse(site / "sitemap.xml").iter() if e.tag.endswith("loc")}
    assert found == {BASE, BASE + "datasets/352136_aed/", BASE + "datasets/352128_public_wireless_lan/"}


def test_frictionless_reads_the_package_of_the_whole_catalogue(site: Path) -> None:
    import frictionless

    assert not list(frictionless.Package.metadata_validate(json.loads((site / "datapackage.json").read_text("utf-8"))))
    for path in site.glob("datasets/*/datapackage.json"):
        assert frictionless.validate(str(path)).valid


@pytest.fixture
def served(site: Path) -> Iterator[str]:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_ckan_harvester_needs_no_server_of_ours(served: str) -> None:
    """ckanext-harvest asks package_search with rows, start and sort until a page brings nothing new."""
    ids: set[str] = set()
    for start in (0, 100):
        query = f"api/3/action/package_search?rows=100&start={start}&sort=id+asc"
        with urllib.request.urlopen(urljoin(served, query), timeout=5) as reply:
            found = json.load(reply)["result"]["results"]
        new = {d["id"] for d in found} - ids
        ids |= new
        assert [d["id"] for d in found] == sorted(d["id"] for d in found)
    assert len(ids) == 2 and not new
    with urllib.request.urlopen(urljoin(served, "api/3/action/package_show/352136_aed"), timeout=5) as reply:
        shown = json.load(reply)["result"]
    assert shown["num_resources"] == 4 and shown["resources"][0]["url"].startswith(BASE)
    head = urllib.request.Request(urljoin(served, "catalog.rdf"), method="HEAD")
    with urllib.request.urlopen(head, timeout=5) as reply:
        assert reply.headers["Content-Type"].startswith("application/rdf+xml")


def test_the_map_keeps_its_shape_with_one_point_or_many(tmp_path: Path) -> None:
    fields = AED_FIELDS
    one = pl.DataFrame({"名称": ["a"], "緯度": ["34.2"], "経度": ["131.2"]})
    many = pl.DataFrame({
        "名称": ["a"] * 9000,
        "緯度": [f"{34 + i / 90000:.6f}" for i in range(9000)],
        "経度": [f"{131 + i / 90000:.6f}" for i in range(9000)],
    })
    for frame, words in ((one, "1件の位置"), (many, "9,000件の位置")):
        drawn = draw_map(frame, fields, None)
        assert drawn is not None and words in drawn.note
        ET.fromstring(drawn.svg)
        numbers = [float(n) for n in re.findall(r'c[xy]="([-0-9.]+)"', drawn.svg)]
        assert min(numbers) >= 0 and max(numbers) <= 720
        assert drawn.svg.count("<circle") <= 4000
    assert draw_map(one.with_columns(pl.lit(None, pl.String).alias("緯度")), fields, None) is None


def test_the_outline_is_read_from_every_geojson_form(tmp_path: Path) -> None:
    ring = [[131.0, 34.0], [131.1, 34.0], [131.1, 34.1], [131.0, 34.0]]
    polygon = {"type": "Polygon", "coordinates": [ring]}
    multi = {"type": "MultiPolygon", "coordinates": [[ring], [ring]]}
    collection = {"type": "FeatureCollection", "features": [{"type": "Feature", "properties": None, "geometry": multi}]}
    for value, rings in ((polygon, 1), (multi, 2), (collection, 2)):
        (tmp_path / "area.geojson").write_text(json.dumps(value))
        area = read_area(tmp_path)
        assert isinstance(area, Area) and len(area.rings) == rings and not area.rough
    assert read_area(tmp_path / "nowhere") is None


def test_points_found_from_the_address_have_a_mark_a_count_and_their_source(site: Path) -> None:
    text = (site / "datasets" / "352136_aed" / "index.html").read_text("utf-8")
    assert text.count('<circle class="filled"') == 1
    (mark,) = re.findall(r'<circle class="filled"[^>]*><title>([^<]*)</title>', text)
    assert "大字・町の代表点" in mark
    assert "1件（大字・町の代表点 1件）" in text and "出典: 「位置参照情報」（国土交通省）を加工して作成" in text
    other = (site / "datasets" / "352128_public_wireless_lan" / "index.html").read_text("utf-8")
    assert "住所から求めた位置" not in other


def test_each_page_tells_its_metadata_quality_and_the_fix_that_gains_most(site: Path) -> None:
    overview = (site / "quality.html").read_text("utf-8")
    for name in ("352136_aed", "352128_public_wireless_lan"):
        text = (site / "datasets" / name / "index.html").read_text("utf-8")
        assert "優（Excellent）" in text and "いちばん点が増える直し方" in text and "80点" in text
        assert f"datasets/{name}/index.html" in overview


def test_a_long_index_has_a_list_of_bodies_and_shows_a_part_at_a_time(tmp_path: Path) -> None:
    """With 2,000 datasets of 100 bodies, buttons for each would fill a telephone's screen."""
    bodies = {f"{c}": make_body(f"{c}", f"試験{c}市", organization_id=f"city-{c}") for c in range(100000, 100130, 10)}
    packages = [make_package(tmp_path, make_dataset(b), resources=[ResourceData(None, make_table([]), "2025-04-01")])
                for b in bodies.values()]
    publish_release(tmp_path / "cat", packages, bodies, now=NOW, base_url=BASE)
    text = (tmp_path / "cat" / "current" / "index.html").read_text("utf-8")
    assert text.count("<option") == 14 and 'class="chip"' not in text and 'id="more"' in text
