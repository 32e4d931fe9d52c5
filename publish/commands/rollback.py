"""`kokai rollback DATASET --by NAME --reason TEXT`: an edition that was public before, public again with a new time."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from publish.commands.arguments import add_workspace
from publish.commands.portal import add_catalogue

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines.errors import CatalogueError
    from pipelines.model import Package
    from publish.push import Kept
    from publish.run import Place


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("dataset", metavar="DATASET", help="データセットの名前 / the dataset")
    parser.add_argument("--to", type=int, metavar="N", help="戻す版の番号(既定: 一つ前) / the edition, default: the one before")
    parser.add_argument("--list", action="store_true", help="戻せる版を表示します / show the editions at hand")
    add_catalogue(parser)
    parser.add_argument("--by", default="", metavar="NAME", help="氏名または職名(戻すときは必要) / who decides")
    parser.add_argument("--reason", default="", metavar="TEXT", help="理由(戻すときは必要) / why")
    add_workspace(parser)


def run(args: argparse.Namespace) -> int:
    from pipelines.errors import ApprovalError
    from publish.commands.portal import choose_catalogue
    from publish.run import Place, choose_datasets, open_workspace, package_name

    workspace = open_workspace(args.workspace, sources=False)
    catalogue = choose_catalogue(args.catalogue, workspace.catalogues)
    place = Place(args.workspace)
    dataset = choose_datasets(workspace, [args.dataset])[0]
    name = package_name(dataset, workspace)
    editions = _embedded_editions(place, name) if catalogue.kind == "embedded" else _kept(place, catalogue.name, name)
    if args.list:
        for k in editions:
            d = k.package.descriptor
            sys.stdout.write(f"{k.number}  {d['version']}  {d['kokai']['rows']}件  {k.sha256[:12]}\n")
        return 0
    if not (args.by and args.reason):
        raise ApprovalError(
            "signature-missing", "戻すときは、氏名(--by)と理由(--reason)が要ります。", "going back needs --by and --reason",
            todo_ja="--by 氏名 --reason 理由 を付けてください。", todo_en="Add --by NAME --reason TEXT.", where=name,
        )
    chosen = _choose(editions, args.to, name)
    _refuse_withdrawn(place, catalogue.name, name)
    if catalogue.kind == "embedded":
        if chosen.sha256 == editions[-1].sha256:
            raise _same(name, chosen.number)
        return _to_embedded(args, chosen)
    return _to_ckan(args, chosen)


def _refuse_withdrawn(place: Place, catalogue: str, name: str) -> None:
    """ApprovalError for a dataset that was withdrawn from the catalogue: it comes back by an approval, not by a number."""
    from pipelines.errors import ApprovalError
    from publish.ledger import read_ledgers
    from publish.push.publishing import last_events

    if last_events(read_ledgers(place.ledger), catalogue).get(name) == "withdrawn":
        raise ApprovalError(
            "rollback-withdrawn", f"「{name}」は取り下げてあるので、前の版に戻せません。",
            f"{name} is withdrawn, so it cannot go back",
            todo_ja=f"もう一度公開してよければ、先に kokai approve {name} で承認してください。",
            todo_en=f"If it may be public again, approve it first: kokai approve {name}", where=name,
        )


def _same(name: str, number: int) -> CatalogueError:
    from pipelines.errors import CatalogueError

    return CatalogueError(
        "rollback-same", f"「{name}」の第{number}版は、いま公開している版です。",
        f"edition {number} of {name} is the one that is public now",
        todo_ja="kokai rollback に --list を付けて、戻す版の番号を確かめてください。",
        todo_en="See the editions with --list.", where=name,
    )


def _kept(place: Place, catalogue: str, name: str) -> list[Kept]:
    from publish.push import kept_packages

    return kept_packages(place.root / "var" / "publish" / catalogue, name)


def _embedded_editions(place: Place, name: str) -> list[Kept]:
    """The editions of a dataset in the releases that are kept, oldest first, each once."""
    from pipelines.model import Package
    from publish.ckan.wanted import descriptor_sha256
    from publish.push import Kept

    root = place.catalogue / "releases"
    made: list[Kept] = []
    for number in sorted(int(p.name) for p in root.iterdir() if p.name.isdigit()) if root.is_dir() else []:
        folder = root / str(number) / "datasets" / name
        if (folder / "datapackage.json").is_file():
            package = _as_package(folder, place.root / "var" / "rollback" / name / str(number))
            sha = descriptor_sha256(package)
            if not made or made[-1].sha256 != sha:
                made.append(Kept(number, Package.read(package.folder), sha))
    return made


def _as_package(released: Path, folder: Path) -> Package:
    """A copy of a released dataset in the form of a package."""
    import shutil

    from pipelines.model import Package

    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(released, folder / "public", ignore=shutil.ignore_patterns("*.html"))
    return Package.read(folder)


def _choose(editions: list[Kept], number: int | None, name: str) -> Kept:
    from pipelines.errors import CatalogueError

    found = [k for k in editions if k.number == number] if number is not None else editions[-2:-1]
    if found:
        return found[0]
    known = "、".join(str(k.number) for k in editions) or "なし"
    raise CatalogueError(
        "rollback-unknown", f"「{name}」に戻せる版がありません(手元にある版: {known})。",
        f"no such edition of {name} at hand ({known})",
        todo_ja="kokai rollback --list で確かめてください。", todo_en="See kokai rollback --list.", where=name,
    )


def _to_embedded(args: argparse.Namespace, chosen: Kept) -> int:
    """Through the same door as a publication; the ledger says who and why."""
    from dataclasses import replace

    from publish.commands.clock import current_time
    from publish.ledger import append_entries, return_words
    from publish.run import Place, choose_datasets, open_workspace, publish_embedded

    workspace, place = open_workspace(args.workspace, sources=False), Place(args.workspace)
    dataset = choose_datasets(workspace, [args.dataset])[0]
    package = replace(chosen.package, manifest={"status": "ready", "counts": {"rows": chosen.package.descriptor["kokai"]["rows"]}})
    now = current_time()
    release = publish_embedded(workspace, place, [(dataset, package)], now=now, by=args.by, named=True)
    append_entries(place.ledger, dataset.body.code, [{
        "at": now.strftime("%Y-%m-%dT%H:%M:%S+09:00"), "event": "noted", "body": dataset.body.code, "dataset": dataset.id,
        "name": package.name, "catalogue": args.catalogue, "release": str(release.number), "sha256": chosen.sha256,
        "by": args.by, "reason": return_words(chosen.number, args.reason),
    }])
    sys.stdout.write(f"戻しました: {package.name} 第{chosen.number}版(公開は第{release.number}版)。台帳に理由を記録しました。\n")
    return 0


def _to_ckan(args: argparse.Namespace, chosen: Kept) -> int:
    from publish.commands.clock import current_time
    from publish.commands.portal import make_plan, open_desk, print_outcome, print_plan
    from publish.ledger import append_entries, return_words
    from publish.push import publish_changes
    from publish.push.publishing import failed

    desk = open_desk(args.workspace, args.catalogue, sources=False)
    planned = make_plan(desk, [chosen.package], everything=False, named=True)
    print_plan(planned.plan, [])
    if not planned.plan.active:
        raise _same(chosen.package.name, chosen.number)
    now = current_time()
    outcomes = publish_changes(desk.connection, desk.place, planned.plan, planned.wanted, planned.packages, desk.bodies,
                               now=now, by=args.by, on_done=print_outcome)
    if failed(outcomes):
        return 2
    code = str(chosen.package.descriptor["kokai"]["code"])
    append_entries(desk.place.ledger, code, [{
        "at": now.strftime("%Y-%m-%dT%H:%M:%S+09:00"), "event": "noted", "body": code,
        "dataset": chosen.package.descriptor["kokai"]["dataset"], "name": chosen.package.name,
        "catalogue": desk.catalogue.name, "sha256": chosen.sha256, "by": args.by,
        "reason": return_words(chosen.number, args.reason),
    }])
    return 0
