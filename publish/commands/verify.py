"""`kokai verify`: download what is public, compare it with what was published, and report what drifted."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from publish.commands.arguments import add_output, add_workspace
from publish.commands.portal import add_catalogue

if TYPE_CHECKING:
    from publish.ckan.verifying import Verified
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
    from publish.commands.portal import choose_catalogue, open_desk
    from publish.run import open_workspace

    workspace = open_workspace(args.workspace, sources=False)
    if choose_catalogue(args.catalogue, workspace.catalogues).kind == "embedded":
        return _tell(_embedded(args), args)
    desk = open_desk(args.workspace, args.catalogue, sources=False)
    portal = desk.connection.portal
    wanted, withdrawn = expected(desk, args.datasets)
    public = Portal(portal.address, Token("", "none"), timeout_s=portal.timeout_s, delay_s=portal.delay_s)
    found = verify_portal(portal, public, wanted, withdrawn, parallel=desk.catalogue.parallel)
    return _tell(found, args)


def _embedded(args: argparse.Namespace) -> Verified:
    """The release on this machine beside its hashes and the ledger, and what is served at `base_url`."""
    from pipelines.errors import CatalogueError
    from publish.kpi import PUBLIC_EVENTS
    from publish.ledger import read_ledgers
    from publish.push.release_check import verify_release
    from publish.run import Place
    from publish.site import current_release

    place = Place(args.workspace)
    release = current_release(place.catalogue)
    if release is None:
        raise CatalogueError(
            "nothing-published", "まだ何も公開されていません。", "nothing is public yet",
            todo_ja="先に kokai run を実行してください。", todo_en="Run kokai run first.", where=str(place.catalogue),
        )
    last = {
        name: (event, sha or "")
        for name, event, where, sha in read_ledgers(place.ledger).select("name", "event", "catalogue", "sha256").iter_rows()
        if where == args.catalogue and (event in PUBLIC_EVENTS or event == "withdrawn")
    }
    return verify_release(release, last)


def _tell(found: Verified, args: argparse.Namespace) -> int:
    from publish.run import dumps

    if args.format == "json":
        sys.stdout.write(dumps({"datasets": found.datasets, "files": found.files, "bytes": found.size_bytes,
                                "findings": [d.as_dict() for d in found.drifts],
                                "notes": [n.as_dict() for n in found.notes]}) + "\n")
    else:
        for d in found.drifts:
            sys.stdout.write(f"{d.name} {d.place}: {d.ja} [{d.code}]\n")
        for n in found.notes:
            sys.stdout.write(f"{n.ja}\n  {n.en}\n")
        if found.notes:
            sys.stdout.write(f"  → kokai publish --catalogue {args.catalogue} --tables で入れ直します / refills them\n")
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
