"""`kokai publish`: the packages in var/packages/ to a catalogue; samples never leave this machine."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from publish.commands.arguments import add_datasets, add_output, add_strict, add_workspace

if TYPE_CHECKING:
    from pipelines.declare import Catalogue
    from pipelines.model import Dataset, Package


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_datasets(parser)
    parser.add_argument("--catalogue", default="embedded", metavar="NAME",
                        help="公開先(datasets/catalogues.yml の名前。既定: embedded) / catalogue to publish to")
    add_workspace(parser)
    add_strict(parser)
    add_output(parser)


def run(args: argparse.Namespace) -> int:
    from publish.commands.clock import current_time, current_user
    from publish.report.outcome import print_changes
    from publish.run import Place, choose_datasets, dumps, open_workspace, publish_embedded, register_packages

    workspace = open_workspace(args.workspace)
    place = Place(args.workspace)
    catalogue = _choose_catalogue(args.catalogue, workspace.catalogues)
    packages = register_packages(workspace, place, choose_datasets(workspace, args.datasets))
    refuse_samples(packages, catalogue)
    _refuse_unreachable(catalogue)
    release = publish_embedded(workspace, place, packages, now=current_time(), by=current_user())
    held = [p for _, p in packages if p.manifest.get("status") != "ready"]
    if args.format == "json":
        sys.stdout.write(dumps({"number": release.number, "changes": release.changes, "index": str(release.index),
                                "held": {p.name: p.manifest["reasons"] for p in held}}) + "\n")
    else:
        print_changes(dict(release.changes), release.number)
        for package in held:
            reasons = "".join(r["ja"] for r in package.manifest["reasons"])
            sys.stdout.write(f"  保留 {package.name}: {reasons}\n")
        sys.stdout.write(f"開くページ: {release.index}\n")
    return 1 if args.strict and held else 0


def _choose_catalogue(name: str, catalogues: tuple[Catalogue, ...]) -> Catalogue:
    from pipelines.errors import DeclarationError

    for catalogue in catalogues:
        if catalogue.name == name:
            return catalogue
    known = "、".join(c.name for c in catalogues)
    raise DeclarationError(
        "catalogue-unknown", f"「{name}」という公開先はありません。", f"no catalogue named {name!r}",
        todo_ja=f"datasets/catalogues.yml にある名前({known})を指定してください。",
        todo_en=f"Name one of datasets/catalogues.yml: {known}", where="--catalogue",
    )


def refuse_samples(packages: list[tuple[Dataset, Package]], catalogue: Catalogue) -> None:
    """ApprovalError when a sample would leave this machine: only loopback and the embedded catalogue take samples."""
    from pipelines.errors import ApprovalError

    samples = [p.name for d, p in packages if d.sample]
    if not samples or catalogue.kind == "embedded" or is_loopback(catalogue_address(catalogue)):
        return
    raise ApprovalError(
        "sample-stays-here", f"見本のデータ({len(samples)}件)は、この機械の外には公開できません。",
        f"{len(samples)} samples may not be published beyond this machine",
        todo_ja="ご自身のデータの作業フォルダで実行してください(kokai init)。",
        todo_en="Run it in a workspace with data of your own (kokai init).", where=catalogue.name,
    )


def catalogue_address(catalogue: Catalogue) -> str:
    """The catalogue's base URL: from its environment variable where it names one."""
    return (os.environ.get(catalogue.url_env, "") if catalogue.url_env else "") or catalogue.url


def is_loopback(address: str) -> bool:
    """True for http(s) addresses whose host is this machine's loopback."""
    import ipaddress
    from urllib.parse import urlsplit

    host = urlsplit(address).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _refuse_unreachable(catalogue: Catalogue) -> None:
    from pipelines.errors import CatalogueError

    if catalogue.kind != "embedded":
        raise CatalogueError(
            "catalogue-kind", f"「{catalogue.name}」へは、この版の kokai publish では公開できません。",
            f"this version publishes to embedded catalogues only, not to {catalogue.name} ({catalogue.kind})",
            todo_ja="var/packages/ の各パッケージの public/ を手で登録してください。",
            todo_en="Register the files of each package's public/ folder by hand.", where=catalogue.name,
        )
