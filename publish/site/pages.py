"""From the items of a release to its pages: index, one page a dataset, tombstones, style and script."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from publish.metadata import assess, catalogue_title, dataset_page, schema_org
from publish.site.items import Item, Withdrawn, parse_time
from publish.site.views import DatasetView, make_view, moment_ja

ASSETS = ("style.css", "search.js")


def write_pages(
    staging: Path, items: Sequence[Item], gone: Sequence[Withdrawn], *, base_url: str, graph: Any
) -> None:
    """index.html, quality.html, datasets/<name>/index.html, style.css, search.js. Every text from data is escaped."""
    environment = _environment()
    bodies = {i.published.body.code: i.published.body for i in items}
    site = {"title": catalogue_title(list(bodies.values())), "base_url": base_url}
    site["updated"] = moment_ja(max(i.published.modified for i in items)) if items else ""
    views = []
    page = environment.get_template("dataset.html")
    for item in items:
        quality = assess(graph, dataset_page(base_url, item.name).rstrip("/"))
        view = make_view(item, quality=quality)
        views.append(view)
        told = _json_ld(item, base_url, site["title"])
        address = dataset_page(base_url, item.name)
        text = page.render(site=site, d=view, json_ld=told, address=address, top="../../")
        _write(staging / "datasets" / item.name / "index.html", text)
    stone = environment.get_template("withdrawn.html")
    for withdrawn in gone:
        since = moment_ja(parse_time(withdrawn.since))
        text = stone.render(site=site, title=withdrawn.ckan["title"], since=since, name=withdrawn.name, top="../../")
        _write(staging / "datasets" / withdrawn.name / "index.html", text)
    groups = _groups(views)
    index = environment.get_template("index.html")
    totals = {
        "datasets": len(items),
        "samples": sum(v.sample for v in views),
        "files": sum(len(v.files) for v in views),
        "rows": f"{sum(i.published.package.descriptor['kokai']['rows'] for i in items):,}",
    }
    _write(staging / "index.html", index.render(site=site, groups=groups, totals=totals, top=""))
    quality_page = environment.get_template("quality.html")
    _write(staging / "quality.html", quality_page.render(site=site, groups=groups, top=""))
    for name in ASSETS:
        (staging / name).write_bytes((files("publish") / "templates" / name).read_bytes())


@lru_cache(maxsize=1)
def _environment() -> Any:
    """Compiling the templates costs more than rendering them."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("publish", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes((text.rstrip() + "\n").encode())


def _groups(views: Sequence[DatasetView]) -> list[dict[str, Any]]:
    """The datasets by body, in order of code, then of name."""
    codes = sorted({v.code for v in views})
    groups = []
    for code in codes:
        own = [v for v in views if v.code == code]
        groups.append({"code": code, "name": own[0].body_name, "full_name": own[0].body_full_name, "datasets": own})
    return groups


def _json_ld(item: Item, base_url: str, catalogue: str) -> Any:
    """schema.org for the page's script element; `<` is escaped so that no text can end the element."""
    from markupsafe import Markup

    p = item.published
    made = schema_org(
        p.package, p.body, base_url=base_url, catalogue=catalogue, issued=p.issued, modified=p.modified
    )
    text = json.dumps(made, ensure_ascii=False, indent=1).replace("<", "\\u003c").replace(">", "\\u003e")
    return Markup(text)
