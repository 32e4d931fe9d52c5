"""`kokai publish [PLAN]`: packages, a saved plan or a hand-over zip to a catalogue; samples never leave this machine."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from publish.commands.arguments import add_datasets, add_output, add_strict, add_workspace

if TYPE_CHECKING:
    from pipelines.declare import Catalogue, Workspace
    from pipelines.model import Dataset, Package
    from publish.commands.portal import Desk
    from publish.plan import Plan
    from publish.push import Planned
    from publish.run import Place, Withdrawal


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_datasets(parser)
    parser.add_argument("--yes", action="store_true", help="確認せずに公開します(自動実行用) / do not ask")
    parser.add_argument("--adopt", action="store_true",
                        help="手で登録されたデータセットを引き継ぎます / take over datasets that a person registered")
    parser.add_argument("--catalogue", default="embedded", metavar="NAME",
                        help="公開先(datasets/catalogues.yml の名前。既定: embedded) / catalogue to publish to")
    parser.add_argument("--wait", type=float, default=60.0, metavar="SECONDS",
                        help="DataStore への取り込みを待つ秒数(既定 60、0で待たない) / wait for the DataStore")
    parser.add_argument("--tables", action="store_true",
                        help="変更のないデータセットも、DataStore を確かめて入れ直します / check and refill the DataStore")
    add_workspace(parser)
    add_strict(parser)
    add_output(parser)


def run(args: argparse.Namespace) -> int:
    from publish.commands.portal import choose_catalogue
    from publish.run import open_workspace

    workspace = open_workspace(args.workspace, sources=not from_zip(args))
    catalogue = choose_catalogue(args.catalogue, workspace.catalogues)
    if catalogue.kind == "embedded":
        return _publish_embedded(args, workspace, catalogue)
    return _publish_ckan(args)


def from_zip(args: argparse.Namespace) -> bool:
    """True when what is published comes in a hand-over zip: the sections' files stay on the other PC."""
    return any(d.endswith(".zip") for d in args.datasets)


def _publish_embedded(args: argparse.Namespace, workspace: Workspace, catalogue: Catalogue) -> int:
    from publish.commands.clock import current_time, current_user
    from publish.commands.portal import print_undone, undone_in
    from publish.report.outcome import print_changes
    from publish.run import Place, dumps, publish_embedded

    place = Place(args.workspace)
    planned = _planned(args, workspace, place, catalogue)
    packages, withdrawals = (_zip_or_register(args, workspace, place), []) if planned is None else planned
    refuse_samples([p for _, p in packages], catalogue)
    release = publish_embedded(workspace, place, packages, now=current_time(), by=current_user(), withdrawals=withdrawals)
    held = [p for _, p in packages if p.manifest.get("status") != "ready"]
    if args.format == "json":
        sys.stdout.write(dumps({"number": release.number, "changes": release.changes, "index": str(release.index),
                                "held": {p.name: p.manifest["reasons"] for p in held}}) + "\n")
    else:
        print_changes(dict(release.changes), release.number)
        print_undone(undone_in(place, [p for _, p in packages], catalogue.name))
        for package in held:
            reasons = "".join(r["ja"] for r in package.manifest["reasons"])
            sys.stdout.write(f"  保留 {package.name}: {reasons}\n")
        if release.number:
            sys.stdout.write(f"開くページ: {release.index}\n")
    return 1 if args.strict and held else 0


def _planned(
    args: argparse.Namespace, workspace: Workspace, place: Place, catalogue: Catalogue
) -> tuple[list[tuple[Dataset, Package]], list[Withdrawal]] | None:
    """The packages and withdrawals of a saved plan for the embedded catalogue; None when no plan is named.

    CatalogueError when it is stale.
    """
    from pathlib import Path

    from publish.plan import read_plan
    from publish.push.embedded import refuse_moved_release
    from publish.push.publishing import refuse_other_packages
    from publish.run import Withdrawal, choose_datasets, register_packages

    files = [Path(d) for d in args.datasets if d.endswith(".json")]
    if not files:
        return None
    plan = read_plan(files[0])
    _refuse_other_catalogue(plan, catalogue.name, plan.address)
    names = [c.name for c in plan.changes if c.action != "withdraw"]
    pairs = register_packages(workspace, place, choose_datasets(workspace, names) if names else [])
    refuse_other_packages(plan, {p.name: p for _, p in pairs})
    refuse_moved_release(place.catalogue, plan)
    graves = [c for c in plan.changes if c.action == "withdraw"]
    return pairs, [Withdrawal(choose_datasets(workspace, [c.name])[0], c.said_by, c.said_why) for c in graves]


def _zip_or_register(args: argparse.Namespace, workspace: Workspace, place: Place) -> list[tuple[Dataset, Package]]:
    """The packages on disk, or those of a hand-over zip: the register says what each is, the sources are not needed."""
    from pathlib import Path

    from publish.handover import read_handover
    from publish.run import choose_datasets, package_name, register_packages

    zips = [Path(d) for d in args.datasets if d.endswith(".zip")]
    if not zips:
        return register_packages(workspace, place, choose_datasets(workspace, args.datasets))
    packages = read_handover(zips[0], place.root / "var" / "handover")
    choose_datasets(workspace, [p.name for p in packages])
    declared = {package_name(d, workspace): d for d in workspace.datasets}
    return [(declared[p.name], p) for p in packages]


def _publish_ckan(args: argparse.Namespace) -> int:
    """A saved plan, a hand-over zip, or a plan made now, shown and asked for; then carried out."""
    from publish.commands.clock import current_time, current_user
    from publish.commands.portal import open_desk, outcome_dict, print_outcome
    from publish.push import publish_changes
    from publish.push.publishing import failed
    from publish.run import dumps

    desk = open_desk(args.workspace, args.catalogue, sources=not from_zip(args))
    plan, planned = _plan_to_carry_out(args, desk)
    _ask(args, plan)
    text = args.format != "json"
    outcomes = publish_changes(
        desk.connection, desk.place, plan, planned.wanted, planned.packages, planned.bodies or desk.bodies,
        now=current_time(), by=current_user(), on_done=print_outcome if text else lambda o: None,
        wait_s=args.wait,
    )
    count = desk.connection.portal.count.as_dict()
    for note in [n for o in outcomes for n in o.notes] if text else []:
        sys.stdout.write(f"  {note.ja}\n    {note.en}\n")
    if text:
        sys.stdout.write(f"書き込み{count['writes']}回、送ったファイル{count['uploads']}個({count['upload_bytes']:,}バイト)、"
                         f"やり直し{count['retries']}回\n")
    else:
        sys.stdout.write(dumps({"outcomes": [outcome_dict(o) for o in outcomes], "line": count}) + "\n")
    if failed(outcomes):
        return 2
    held = [p for p in planned.packages.values() if p.manifest.get("status", "ready") != "ready"]
    return 1 if args.strict and held else 0


def _plan_to_carry_out(args: argparse.Namespace, desk: Desk) -> tuple[Plan, Planned]:
    from pathlib import Path

    from publish.commands.portal import desk_packages, make_plan, print_plan, print_undone, undone_in
    from publish.plan import read_plan
    from publish.plan.written import plan_number
    from publish.push.planning import still_valid, want_packages, with_tables
    from publish.push.publishing import refuse_other_packages

    files = [Path(d) for d in args.datasets if d.endswith((".json", ".zip"))]
    if not files:
        planned = make_plan(desk, desk_packages(desk, args.datasets), everything=not args.datasets)
        if args.tables:
            planned = with_tables(desk.connection, planned)
        if args.format != "json":
            print_plan(planned.plan, list(planned.packages.values()))
            print_undone(undone_in(desk.place, desk_packages(desk, args.datasets), desk.catalogue.name))
        return planned.plan, planned
    if files[0].suffix == ".zip":
        from publish.commands.handover import plan_handover

        planned = plan_handover(desk, files[0])
        if args.format != "json":
            print_plan(planned.plan, list(planned.packages.values()))
        return planned.plan, planned
    plan = read_plan(files[0])
    if args.format != "json":
        sys.stdout.write(f"計画の番号 {plan_number(plan)}({plan.made_at} {plan.made_by})\n")
    _refuse_other_catalogue(plan, desk.catalogue.name, desk.connection.portal.address)
    names = [c.name for c in plan.changes if c.action != "withdraw"]
    packages = desk_packages(desk, names) if names else []
    planned = want_packages(desk.connection, packages, desk.bodies)
    refuse_other_packages(plan, planned.packages)
    return still_valid(desk.connection, planned, plan), planned


def _refuse_other_catalogue(plan: Plan, name: str, address: str) -> None:
    from pipelines.errors import CatalogueError

    if (plan.catalogue, plan.address) != (name, address):
        raise CatalogueError(
            "plan-other-catalogue", f"この計画は「{plan.catalogue}」({plan.address})のものです。",
            f"this plan was made for {plan.catalogue} ({plan.address})",
            todo_ja=f"--catalogue {plan.catalogue} を指定するか、計画を作り直してください。",
            todo_en=f"Give --catalogue {plan.catalogue}, or make the plan again.", where=name,
        )


def _ask(args: argparse.Namespace, plan: Plan) -> None:
    """A yes before anything is sent: `--yes`, else a person at the terminal. Taking over another's dataset has its own."""
    from pipelines.errors import ApprovalError

    adopted = [c.name for c in plan.changes if c.action == "adopt"]
    if not plan.active or (args.yes and (args.adopt or not adopted)):
        return
    if args.yes or not sys.stdin.isatty():
        if adopted and args.yes:
            raise ApprovalError(
                "adopt-needs-yes", f"手で登録されたデータセットを引き継ぐには、確認が要ります: {'、'.join(adopted)}",
                f"taking over what a person registered needs a yes: {', '.join(adopted)}",
                todo_ja="kokai plan で内容を確かめ、--adopt を付けてください。",
                todo_en="Read it with kokai plan, then add --adopt.", where=plan.catalogue,
            )
        raise ApprovalError(
            "publish-needs-yes", "公開する前に確認が要ります。", "a yes is needed before publishing",
            todo_ja="内容を確かめ、--yes を付けて実行してください。", todo_en="Read the plan, then add --yes.",
            where=plan.catalogue,
        )
    question = f"{len(plan.active)}件を変更します。よろしいですか"
    question += f"(手で登録された{len(adopted)}件を引き継ぎます)" if adopted else ""
    sys.stdout.write(f"{question} [はい/いいえ]: ")
    sys.stdout.flush()
    if sys.stdin.readline().strip().lower() not in ("はい", "y", "yes"):
        raise ApprovalError("publish-refused", "公開しませんでした。", "not published", where=plan.catalogue)


def refuse_samples(packages: Iterable[Package], catalogue: Catalogue) -> None:
    """ApprovalError when a sample would leave this machine: only loopback and the embedded catalogue take samples."""
    stay_here([p.name for p in packages if p.descriptor.get("kokai", {}).get("sample")], catalogue)


def stay_here(samples: Sequence[str], catalogue: Catalogue) -> None:
    """ApprovalError if there are samples and the catalogue stands beyond this machine."""
    from pipelines.errors import ApprovalError
    from publish.loopback import is_loopback

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
