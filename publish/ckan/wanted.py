"""A package to what a CKAN shall hold for it: fields, tags, extras and files that the catalogue takes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pipelines.declare import Catalogue
from pipelines.errors import CatalogueError
from pipelines.model import Municipality, Package
from publish.metadata import STANDARD_TAGS, ckan_dict, dataset_page
from publish.plan import Wanted, WantedFile

FIELDS = ("title", "notes", "author", "author_email", "maintainer", "maintainer_email", "version")
FILE_FIELDS = ("name", "description", "format", "mimetype", "sha256", "size")
NO_MOMENT = datetime(1970, 1, 1, tzinfo=UTC)  # no time of ours goes to CKAN: it keeps its own


def want(package: Package, body: Municipality, catalogue: Catalogue) -> Wanted:
    """What `catalogue` shall hold for `package`: only the formats that it takes, its own licence id.

    CatalogueError when a file is over the catalogue's `max_upload_bytes` or a file name is not ASCII.
    """
    d = package.descriptor
    made = ckan_dict(package, body, base_url=body.base_url or "https://localhost/", now=NO_MOMENT)
    fields = {k: made[k] for k in FIELDS}
    fields["owner_org"] = body.organization_id
    fields["license_id"] = catalogue.licence_ids.get(d["licenses"][0]["name"], made["license_id"])
    fields["url"] = dataset_page(body.base_url, d["name"]) if body.base_url else body.homepage
    local = bool(d["kokai"]["local"])
    tags = [t["name"] for t in made["tags"] if not (local and t["name"] in STANDARD_TAGS)]
    facts = {**_counts(package.manifest), "rows": d["kokai"]["rows"], "sample": d["kokai"]["sample"],
             "as_of": d["kokai"]["as_of"], "generated": d["kokai"].get("generated") is not None,
             "section": d["kokai"]["section"], "body": body.full_name}
    keys = (d["kokai"]["kind"], made_extras(made).get("theme", ""), "*")
    group = next((catalogue.groups[k] for k in keys if k in catalogue.groups), "")
    described = {str(r["id"]): r for r in made["resources"]}
    files = tuple(
        _file(r, described[str(r["id"])], package, catalogue) for r in d["resources"] if r["format"] in catalogue.formats
    )
    return Wanted(
        d["name"], d["id"], body.code, d["kokai"]["dataset"], fields, tuple(tags),
        made_extras(made), files, descriptor_sha256(package), facts, (group,) if group else (),
    )


def made_extras(made: Mapping[str, Any]) -> dict[str, str]:
    """CKAN's list of extras as a dict."""
    return {str(e["key"]): str(e["value"]) for e in made["extras"]}


def descriptor_sha256(package: Package) -> str:
    """SHA-256 of public/datapackage.json, which carries the hashes of all files."""
    return hashlib.sha256((package.public / "datapackage.json").read_bytes()).hexdigest()


def _counts(manifest: Mapping[str, Any]) -> dict[str, Any]:
    counts = manifest.get("counts", {})
    return {k: counts[k] for k in ("points", "errors", "warnings", "fixes") if k in counts}


def _file(r: Mapping[str, Any], made: Mapping[str, Any], package: Package, catalogue: Catalogue) -> WantedFile:
    limit = catalogue.max_upload_bytes
    path = str(r["path"])
    if limit is not None and r["bytes"] > limit:
        raise CatalogueError(
            "file-over-limit", f"{path} は {r['bytes']:,} バイトで、「{catalogue.name}」の上限 {limit:,} バイトを超えています。",
            f"{path} has {r['bytes']:,} bytes; {catalogue.name} takes {limit:,}",
            todo_ja="データを分けるか、カタログの上限を上げてもらい catalogues.yml の max_upload_bytes を直してください。",
            todo_en="Split it, or have the limit raised and mend max_upload_bytes in catalogues.yml.", where=package.name,
        )
    if not path.isascii():
        raise CatalogueError(
            "file-name-not-ascii", f"ファイル名「{path}」に英数字以外があります(CKANは名前を壊します)。",
            f"the file name {path!r} is not ASCII; CKAN would spoil it",
            todo_ja="kokai build で作り直してください。", todo_en="Build the package again.", where=package.name,
        )
    schema = r.get("schema") or {}
    columns = tuple(schema.get("fields", ()))
    places = {f.get("rule"): str(f["name"]) for f in reversed(columns)}
    key = schema.get("primaryKey", ())
    return WantedFile(
        str(r["id"]), path, str(r["hash"]).removeprefix("sha256:"), int(r["bytes"]),
        {**{k: made[k] for k in FILE_FIELDS}, "source_file": path}, package.public / path, r.get("rows"),
        (key,) if isinstance(key, str) else tuple(key), places.get("lat", ""), places.get("lon", ""), columns,
    )
