"""Packages and the embedded catalogue's current release to a plan, and a saved one to a yes or no before it is carried out."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from pipelines.declare import Catalogue
from pipelines.model import Municipality, Package
from publish.ckan.carrying import stale_plan
from publish.ckan.wanted import want
from publish.metadata import FORMATS
from publish.plan import Change, Plan, Wanted, compare_rows, make_change, withdrawal
from publish.plan.compare import FILE_KEY, file_name
from publish.push.planning import MAX_COMPARE_BYTES, Planned, unknown_withdrawal
from publish.site import current_release, read_state


def plan_embedded(
    root: Path, catalogue: Catalogue, packages: Sequence[Package], bodies: Mapping[str, Municipality], *, now: datetime,
    by: str, withdrawn: Collection[str] = (), with_rows: bool = True, everything: bool = True,
) -> Planned:
    """What publishing `packages` would change in the release folder of `root`; nothing is written.

    The same words as for a CKAN; every file of a package goes into a release. `portal` of the plan holds the number of
    the release that it was made against (0: none yet).
    """
    release = current_release(root)
    state: Mapping[str, Any] = read_state(release) if release else {"datasets": {}, "base_url": ""}
    live = {n for n, entry in state["datasets"].items() if not entry.get("withdrawn")}
    chosen = {p.name: p for p in packages if p.manifest.get("status", "ready") == "ready" and p.name not in withdrawn}
    everything_taken = replace(catalogue, formats=tuple(FORMATS), max_upload_bytes=None, licence_ids={}, groups={})
    wanted, changes = {}, []
    for name, package in sorted(chosen.items()):
        w = want(package, bodies[str(package.descriptor["kokai"]["code"])], everything_taken)
        w = replace(w, fields={k: v for k, v in w.fields.items() if k != "url"})  # its page: where the folder is served
        held = _held(release, name) if release and name in live else None
        change = make_change(w, held)
        wanted[name] = w
        changes.append(_with_rows(change, w, release) if with_rows and release else change)
    unknown = sorted(live - {p.name for p in packages} - set(withdrawn)) if everything else []
    facts = {"release": int(release.name) if release else 0, "datasets": len(live)}
    plan = Plan(catalogue.name, str(state["base_url"]) or str(root), now.isoformat(timespec="seconds"), by, facts,
                tuple(changes), tuple(unknown))
    return Planned(plan, wanted, chosen, None, bodies)


def plan_embedded_withdrawals(
    root: Path, catalogue: Catalogue, names: Mapping[str, tuple[str, str]], *, now: datetime, by: str, why: str
) -> Plan:
    """The plan that leaves a tombstone for each name (name -> (code, register id)). CatalogueError if one is not public."""
    release = current_release(root)
    state: Mapping[str, Any] = read_state(release) if release else {"datasets": {}, "base_url": ""}
    live = {n for n, entry in state["datasets"].items() if not entry.get("withdrawn")}
    changes = []
    for name, (code, dataset) in sorted(names.items()):
        if release is None or name not in live:
            raise unknown_withdrawal(name)
        changes.append(withdrawal(name, _held(release, name), code=code, dataset=dataset, by=by, why=why))
    facts = {"release": int(release.name) if release else 0, "datasets": len(live)}
    return Plan(catalogue.name, str(state["base_url"]) or str(root), now.isoformat(timespec="seconds"), by, facts, tuple(changes))


def refuse_moved_release(root: Path, plan: Plan) -> None:
    """CatalogueError when the catalogue has another release than the one that the plan was made against."""
    release = current_release(root)
    if (int(release.name) if release else 0) != plan.portal.get("release"):
        raise stale_plan([c.name for c in plan.active] or [plan.catalogue])


def _held(release: Path, name: str) -> dict[str, Any]:
    """The dataset of the release as a CKAN with uploaded files would give it."""
    told = json.loads((release / "api" / "3" / "action" / "package_show" / name).read_text(encoding="utf-8"))["result"]
    files = [{**r, "url_type": "upload", FILE_KEY: file_name(r)} for r in told["resources"]]
    return {**told, "resources": files}


def _with_rows(change: Change, wanted: Wanted, release: Path) -> Change:
    local = {f.path: f for f in wanted.files}
    files = []
    for f in change.files:
        mine, old = local.get(f.path), release / "datasets" / change.name / f.path
        if mine is None or mine.local is None or f.action != "upload" or not mine.columns or f.size_bytes > MAX_COMPARE_BYTES:
            files.append(f)
            continue
        before = old.read_bytes() if f.reason != "file-new" and old.is_file() else b""
        rows = compare_rows(before, mine.local.read_bytes(), key=mine.key, lat=mine.lat, lon=mine.lon)
        files.append(replace(f, rows=rows.as_dict()))
    return replace(change, files=tuple(files))
