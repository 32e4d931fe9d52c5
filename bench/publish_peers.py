"""The same packages published by ckanapi and by frictionless, as their documentation shows it."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench.publish_sets import BODY, files_of, make, resource_ids, timed
from publish.ckan.portal import Portal
from publish.ckan.token import Token


def with_ckanapi(address: str, token: str, folder: Path, count: int) -> dict[str, Any]:
    """ckanapi as its README shows: package_create, then resource_create with upload for each file; again: the same by update."""
    from ckanapi import RemoteCKAN

    made = make(folder / "c", count)
    remote = RemoteCKAN(address, apikey=token)

    def first() -> None:
        for p in made:
            remote.action.package_create(name=f"ckanapi_{p.name}", title=p.descriptor["title"], owner_org=BODY.organization_id)
            for r in files_of(p):
                with (p.public / r["path"]).open("rb") as handle:
                    remote.action.resource_create(package_id=f"ckanapi_{p.name}", name=r["title"], format=r["format"],
                                                  upload=handle)

    return {"datasets": count, "first_s": timed(first)}


def with_frictionless(address: str, token: str, folder: Path, count: int) -> dict[str, Any]:
    """frictionless publish, twice, with allow_update."""
    add_mapper(folder)
    import frictionless
    from frictionless.portals import CkanControl

    made = make(folder / "f", count)
    sources = []
    for p in made:
        target = folder / "frictionless" / p.name
        target.mkdir(parents=True)
        described = {"name": f"frictionless_{p.name}", "title": p.descriptor["title"],
                     "resources": [{"name": r["name"].lower().replace("_", "-"), "path": r["path"]} for r in files_of(p)]}
        for r in files_of(p):
            shutil.copyfile(p.public / r["path"], target / r["path"])
        (target / "datapackage.json").write_text(json.dumps(described))
        sources.append(target / "datapackage.json")

    def go(update: bool) -> None:
        for source in sources:
            control = CkanControl(baseurl=address, dataset=json.loads(source.read_text())["name"], apikey=token,
                                  organization_name=BODY.organization_id, allow_update=update)
            frictionless.Package(str(source)).publish(control=control)

    portal = Portal(address, Token(token, "bench"))
    names = [f"frictionless_{p.name}" for p in made]
    try:
        first = timed(lambda: go(False))
        before = resource_ids(portal, names)
        again = timed(lambda: go(True))
        after = resource_ids(portal, names)
    except Exception as error:  # noqa: BLE001 - a peer's failure is a result
        return {"datasets": count, "failed": f"{type(error).__name__}: {error}"[:300]}
    return {"datasets": count, "first_s": first, "unchanged_s": again, "ids_before": len(before), "ids_after": len(after),
            "ids_kept": len(before & after)}


def add_mapper(folder: Path) -> None:
    """What `frictionless[ckan]` needs beside frictionless: put where only this process finds it."""
    if importlib.util.find_spec("frictionless_ckan_mapper") is None:
        subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--target", str(folder / "peer"),
                        "frictionless-ckan-mapper==1.0.9"], check=True, capture_output=True, timeout=300)
        sys.path.append(str(folder / "peer"))
