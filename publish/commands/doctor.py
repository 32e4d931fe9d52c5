"""`kokai doctor`: token, rights, licence ids, size limit and downloads of a catalogue, before anything is sent."""

from __future__ import annotations

import argparse
import sys

from publish.commands.arguments import add_output, add_workspace
from publish.commands.portal import add_catalogue

SIGNS = {"ok": "○", "careful": "△", "bad": "×"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_catalogue(parser, "ckan")
    add_workspace(parser)
    add_output(parser)


def run(args: argparse.Namespace) -> int:
    from publish.ckan.doctor import examine
    from publish.commands.clock import current_time
    from publish.commands.portal import open_desk
    from publish.push.planning import want_packages
    from publish.run import choose_datasets, dumps, register_packages

    desk = open_desk(args.workspace, args.catalogue)
    pairs = register_packages(desk.workspace, desk.place, choose_datasets(desk.workspace, []))
    wanted = want_packages(desk.connection, [p for _, p in pairs], desk.bodies).wanted
    checks = examine(desk.connection.portal, list(wanted.values()), may_create=desk.catalogue.create_organization,
                     limit_bytes=desk.catalogue.max_upload_bytes, now=current_time())
    if args.format == "json":
        sys.stdout.write(dumps({"catalogue": desk.catalogue.name, "checks": [c.as_dict() for c in checks]}) + "\n")
    else:
        sys.stdout.write(f"{desk.catalogue.title} {desk.connection.portal.address}\n")
        for c in checks:
            sys.stdout.write(f"  {SIGNS[c.state]} {c.ja}\n" + (f"    → {c.todo_ja}\n" if c.todo_ja else ""))
    return 1 if any(c.state == "bad" for c in checks) else 0
