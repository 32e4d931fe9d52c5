"""The same packages published by ckanapi and by frictionless, as their documentation shows it."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.publish_sets import BODY, files_of, link
from pipelines.model import Package
from publish.ckan.portal import Portal
from publish.push.planning import want_packages

Send = Callable[[list[Package]], None]


def with_ckanapi(address: str, token: str, folder: Path, *, words: bool) -> Send:
    """package_create, then resource_create with upload for each file, as ckanapi's README shows.

    `words`: with the description, tags, extras and file fields that Kokai sends for the same package; without, a title
    and an organisation are all that the dataset gets.
    """
    from ckanapi import RemoteCKAN

    remote = RemoteCKAN(address, apikey=token)
    to = link(address, token, folder)

    def send(made: list[Package]) -> None:
        wanted = want_packages(to, made, {BODY.code: BODY}).wanted if words else {}
        for p in made:
            dataset: dict[str, Any] = {"title": p.descriptor["title"], "owner_org": BODY.organization_id}
            files = {r["path"]: {"name": r["title"], "format": r["format"]} for r in files_of(p)}
            if words:
                w = wanted[p.name]
                dataset = {**w.fields, "tags": [{"name": t} for t in w.tags],
                           "extras": [{"key": k, "value": v} for k, v in w.extras.items()]}
                files = {f.path: dict(f.fields) for f in w.files}
            name = f"ckanapi_{p.name}"
            remote.action.package_create(name=name, **dataset)
            for path, fields in files.items():
                with (p.public / path).open("rb") as handle:
                    remote.action.resource_create(package_id=name, upload=handle, **fields)

    return send


def with_frictionless(address: str, token: str, folder: Path, *, again: bool = False) -> Send:
    """`frictionless publish` of a package with the same title, description, keywords and files; `again`: with allow_update."""
    add_mapper(folder)
    import frictionless
    from frictionless.portals import CkanControl

    def send(made: list[Package]) -> None:
        for p in made:
            target = folder / "frictionless" / p.name
            target.mkdir(parents=True, exist_ok=True)
            d = p.descriptor
            described = {"name": frictionless_name(p), "title": d["title"], "description": d["description"],
                         "licenses": list(d["licenses"]),
                         "resources": [{"name": r["name"].lower().replace("_", "-"), "path": r["path"]} for r in files_of(p)]}
            for r in files_of(p):
                shutil.copyfile(p.public / r["path"], target / r["path"])
            (target / "datapackage.json").write_text(json.dumps(described))
            control = CkanControl(baseurl=address, dataset=frictionless_name(p), apikey=token,
                                  organization_name=BODY.organization_id, allow_update=again)
            frictionless.Package(str(target / "datapackage.json")).publish(control=control)

    return send


def frictionless_name(p: Package) -> str:
    return f"frictionless_{p.name}"


def resource_ids(portal: Portal, names: list[str]) -> set[str]:
    return {str(r["id"]) for n in names for r in (portal.show(n) or {"resources": []})["resources"]}


def add_mapper(folder: Path) -> None:
    """What `frictionless[ckan]` needs beside frictionless: put where only this process finds it."""
    if importlib.util.find_spec("frictionless_ckan_mapper") is None:
        subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--target", str(folder / "peer"),
                        "frictionless-ckan-mapper==1.0.9"], check=True, capture_output=True, timeout=300)
        sys.path.append(str(folder / "peer"))
