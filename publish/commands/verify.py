"""`kokai verify`: download what is public, compare it with what was published, and report what drifted."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from publish.commands.arguments import add_output, add_workspace
from publish.commands.portal import add_catalogue

if TYPE_CHECKING:
    from publish.commands.portal import Desk
    from publish.plan import Wanted


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("datasets", nargs="*", metavar="DATASET",
                        help="データセットの名前(既定: 台帳にあるすべて) / datasets, default: all in the ledger")
    add_catalogue(parser, "ckan")
    add_workspace(parser)
    add_output(parser)


def run(args: argparse.Namespace) -> int:
    from publish.ckan.portal import Portal
    from publish.ckan.token import Token
    from publish.ckan.verifying import verify_portal
    from publish.commands.portal import open_desk
    from publish.run import dumps

    desk = open_desk(args.workspace, args.catalogue, sources=False)
    portal = desk.connection.portal
    wanted, withdrawn = expected(desk, args.datasets)
    public = Portal(portal.address, Token("", "none"), timeout_s=portal.timeout_s, delay_s=portal.delay_s)
    found = verify_portal(portal, public, wanted, withdrawn, parallel=desk.catalogue.parallel)
    if args.format == "json":
        sys.stdout.write(dumps({"datasets": found.datasets, "files": found.files, "bytes": found.size_bytes,
                                "findings": [d.as_dict() for d in found.drifts]}) + "\n")
    else:
        for d in found.drifts:
            sys.stdout.write(f"{d.name} {d.place}: {d.ja} [{d.code}]\n")
        sys.stdout.write(f"確かめたもの: データセット{found.datasets}件、ファイル{found.files}個({found.size_bytes:,}バイト)。"
                         f"違い{len(found.drifts)}件\n")
    return 1 if found.drifts else 0


def expected(desk: Desk, datasets: list[str]) -> tuple[dict[str, Wanted | None], list[str]]:
    """name -> what was published there last (None: not kept here); and the names that were withdrawn."""
    from publish.ckan.wanted import descriptor_sha256, want
    from publish.kpi import PUBLIC_EVENTS
    from publish.ledger import read_ledgers
    from publish.push import kept_packages
    from publish.run import choose_datasets, package_name, register_packages

    chosen = choose_datasets(desk.workspace, datasets)
    names = {package_name(d, desk.workspace) for d in chosen}
    on_disk = {p.name: p for _, p in register_packages(desk.workspace, desk.place, chosen)}
    last: dict[str, tuple[str, str]] = {}
    for name, event, where, sha in read_ledgers(desk.place.ledger).select("name", "event", "catalogue", "sha256").iter_rows():
        if where == desk.catalogue.name and (event in PUBLIC_EVENTS or event == "withdrawn") and (not datasets or name in names):
            last[name] = (event, sha or "")
    wanted: dict[str, Wanted | None] = {}
    for name, (event, sha) in last.items():
        if event == "withdrawn":
            continue
        at_hand = [k.package for k in kept_packages(desk.connection.folder, name) if k.sha256 == sha]
        if name in on_disk and descriptor_sha256(on_disk[name]) == sha:
            at_hand.append(on_disk[name])
        body = desk.bodies.get(name[:6])
        wanted[name] = want(at_hand[-1], body, desk.catalogue) if at_hand and body else None
    return wanted, sorted(n for n, (event, _) in last.items() if event == "withdrawn")
