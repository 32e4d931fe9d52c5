"""The embedded catalogue's release, its hashes, the ledger and what is served to the places where they differ."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipelines.errors import CatalogueError
from pipelines.package import sha256_of
from publish.ckan.checking import fetch
from publish.ckan.portal import Portal
from publish.ckan.token import Token
from publish.ckan.trouble import Later
from publish.ckan.verifying import Drift, Verified
from publish.loopback import is_loopback
from publish.site.release import read_state, verified_files
from publish.site.unchanged import tree_digest


def verify_release(release: Path, last: Mapping[str, tuple[str, str]], *, served: bool = True) -> Verified:
    """Every file of every dataset in the release. `last`: name -> (event, sha256 of datapackage.json) of the ledger.

    Files are compared with SHA256SUMS, pages and lists with the digest in release.json, the datasets with the ledger;
    and with `served`, where `base_url` lies beyond this machine, every data file is downloaded from there and compared.
    """
    state = read_state(release)
    live = sorted(n for n, entry in state["datasets"].items() if not entry.get("withdrawn"))
    drifts: list[Drift] = []
    files: list[tuple[str, Path]] = []
    for name in live:
        folder = release / "datasets" / name
        try:
            files += [(name, folder / n) for n in verified_files(folder, name)]
        except CatalogueError as error:
            drifts.append(Drift("file-differs", name, "", error.ja, error.en))
            continue
        event, sha = last.get(name, ("", ""))
        if event == "withdrawn":
            drifts.append(Drift("withdrawn-public", name, "", "取り下げたはずのデータが公開されています。",
                                "was withdrawn but is public"))
        elif sha != sha256_of(folder / "datapackage.json"):
            drifts.append(Drift("edition-differs", name, "", "台帳に最後に記録した版と違います。",
                                "is not the edition that the ledger names last"))
    gone = sorted(n for n, (event, _) in last.items() if event != "withdrawn" and n not in live)
    drifts += [Drift("dataset-gone", n, "", "カタログから消えています。", "is gone from the catalogue") for n in gone]
    if not drifts and state["tree"] != tree_digest(release):
        drifts.append(Drift("page-differs", "", "", "ページか一覧のファイルが書き換えられています。kokai publish で作り直します。",
                            "a page or list was changed after publication; kokai publish makes it anew"))
    if served and not is_loopback(state["base_url"]):
        drifts += _served(state, files)
    return Verified(len(live), len(files), sum(f.stat().st_size for _, f in files), tuple(drifts))


def _served(state: Mapping[str, Any], files: list[tuple[str, Path]]) -> list[Drift]:
    """What comes down from `base_url` beside the release; the first address that does not answer ends it."""
    address = str(state["base_url"])
    portal = Portal(address, Token("", "none"), timeout_s=30.0, tries=2)
    drifts: list[Drift] = []
    try:
        with portal.download(address + "api/3/action/package_list") as pieces:
            names = set(json.loads(b"".join(pieces))["result"])
        missing = sorted(set(state["datasets"]) - names)
        drifts += [Drift("served-gone", n, address, "公開先にありません。", "is not served there") for n in missing]
        for name, file in files:
            if name in missing:
                continue
            got = fetch(portal, f"{address}datasets/{name}/{file.name}")
            if got.sha256 != sha256_of(file):
                drifts.append(Drift("served-differs", name, file.name, "公開先の中身が、この版と違います(写し忘れのおそれ)。",
                                    "what is served is not this release"))
    except (CatalogueError, Later, ValueError, KeyError) as error:
        said = error.ja if isinstance(error, CatalogueError) else str(error)
        drifts.append(Drift("served-unreachable", "", address, f"公開先から取り寄せられません: {said}",
                            f"cannot be fetched from where it is served: {error}"))
    return drifts
