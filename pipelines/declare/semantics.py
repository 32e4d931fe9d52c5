"""Holds the declarations of a workspace against the standards, the sections' files and each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from pipelines.declare.checking import nearest_word
from pipelines.declare.loading import Workspace
from pipelines.declare.plans import Plan
from pipelines.declare.reading import Document, KeyPath, read_declaration, stop
from pipelines.errors import DeclarationError
from pipelines.model import Dataset, Standard

LoadStandard = Callable[[str, str], Standard]


def check_declarations(
    workspace: Workspace,
    load_standard: LoadStandard,
    *,
    sources: bool = True,
    messages: Mapping[str, Mapping[str, object]] | None = None,
) -> None:
    """Raise DeclarationError for the first declaration that does not fit.

    `load_standard(kind, edition)` returns the Standard and raises DeclarationError for an unknown kind or
    edition; the message then names the declaration. Tested: kind, edition and source_edition, the names in
    columns, constants, lookups, allowances and expect, the sections' files (unless `sources` is False: on
    the PC that only publishes there are none), package names that clash, catalogues and plans that are
    named but not there. With `messages` (load_messages()) also the fix rules of refuse_fixes and accept_fixes
    and the finding codes of allowances.
    """
    _check_bodies(workspace)
    for dataset in workspace.datasets:
        check_dataset(dataset, load_standard, sources=sources, messages=messages)
    _check_names(workspace, load_standard)
    for plan in workspace.plans:
        _check_plan(workspace, plan)


def check_dataset(
    dataset: Dataset,
    load_standard: LoadStandard,
    *,
    sources: bool = True,
    messages: Mapping[str, Mapping[str, object]] | None = None,
) -> None:
    """The part of `check_declarations` that is about one register entry."""
    document = read_declaration(dataset.path)
    if dataset.planned and dataset.source_file is None and not dataset.periods:
        return
    standard = _standard(document, load_standard, dataset.kind, dataset.edition, "edition")
    editions = [standard]
    if dataset.source_edition:
        editions.append(_standard(document, load_standard, dataset.kind, dataset.source_edition, "source_edition"))
    known = {name for s in editions for name in s.names}
    for at, name in _standard_names(dataset):
        if name not in known and not dataset.generated:
            near = nearest_word(name, known)
            raise stop(
                document,
                at,
                "declaration-unknown-column",
                f"「{name}」は{standard.title_ja}({standard.edition})の見出しにありません。"
                + (f"「{near}」のことでしょうか。" if near else ""),
                f"'{name}' is not a column of {standard.kind} {standard.edition}."
                + (f" Did you mean '{near}'?" if near else ""),
                f"標準の見出しを書いてください: kokai schema show {standard.kind} で一覧が出ます。",
                f"kokai schema show {standard.kind} lists the columns.",
            )
    if dataset.periods and not standard.dated:
        raise stop(
            document,
            ("periods",),
            "declaration-not-dated",
            f"{standard.title_ja}はファイル名に日付が付かない種類です。",
            f"{standard.kind} is not a dated kind.",
            "periods ではなく source_file を使ってください。",
            "Use source_file, not periods.",
        )
    _check_constants(document, dataset, standard)
    if messages is not None:
        _check_words(document, dataset, messages)
    if sources:
        _check_files(document, dataset)


def _standard(document: Document, load: LoadStandard, kind: str, edition: str, key: str) -> Standard:
    try:
        return load(kind, edition)
    except DeclarationError as error:
        wrong_kind = "kind" in error.code and "edition" not in error.code
        raise DeclarationError(
            error.code,
            error.ja,
            error.en,
            todo_ja=error.todo_ja or "kokai schema list で種類と版の一覧が出ます。",
            todo_en=error.todo_en or "kokai schema list prints the kinds and editions.",
            where=document.where(("kind",) if wrong_kind else (key,)),
        ) from None


def _standard_names(dataset: Dataset) -> Iterator[tuple[KeyPath, str]]:
    """(key path, standard heading) for each standard heading that the declaration names."""
    for source, name in dataset.columns.items():
        yield ("columns", source), name
    for name in dataset.constants:
        yield ("constants", name), name
    for name in dataset.lookups:
        if name not in dataset.columns:
            yield ("lookups", name), name
    for i, allowance in enumerate(dataset.allowances):
        yield ("allowances", i, "field"), allowance.field
    for key in ("fill", "mean"):
        for name in dataset.expect.get(key, {}):
            yield ("expect", key, name), name
    keys: Mapping[str, list[str]] = dataset.expect.get("keys", {})
    for i, name in enumerate(keys.get("columns", ())):
        yield ("expect", "keys", "columns", i), name
    for i, example in enumerate(dataset.examples):
        for name in example["wanted"]:
            yield ("examples", i, "wanted", name), name


def _check_constants(document: Document, dataset: Dataset, standard: Standard) -> None:
    for name, value in dataset.constants.items():
        field = standard.get(name)
        if field is not None and field.enum and value and value not in field.enum:
            raise stop(
                document,
                ("constants", name),
                "declaration-unknown-value",
                f"「{value}」は{name}に入れられません。",
                f"'{value}' is not in the list of {name}.",
                f"次のどれかを書いてください: {'、'.join(field.enum)}",
                f"Write one of: {', '.join(field.enum)}",
            )


def _check_words(document: Document, dataset: Dataset, words: Mapping[str, Mapping[str, object]]) -> None:
    """Fix rules and finding codes that the declaration names must be those of messages.yml."""
    named: list[tuple[KeyPath, str, str]] = [
        (("refuse_fixes", i), rule, "rules") for i, rule in enumerate(dataset.refuse_fixes)
    ]
    named += [(("accept_fixes", i), rule, "rules") for i, rule in enumerate(dataset.accept_fixes)]
    named += [(("allowances", i, "code"), a.code, "findings") for i, a in enumerate(dataset.allowances)]
    for at, name, section in named:
        if name not in words[section]:
            near = nearest_word(name, words[section])
            raise stop(
                document,
                at,
                "declaration-unknown-value",
                f"「{name}」という{'自動修正' if section == 'rules' else '検査の番号'}はありません。"
                + (f"「{near}」のことでしょうか。" if near else ""),
                f"There is no {'fix rule' if section == 'rules' else 'finding code'} '{name}'."
                + (f" Did you mean '{near}'?" if near else ""),
                "kokai check の結果に出る名前を書いてください。",
                "Write a name as kokai check prints it.",
            )


def _check_files(document: Document, dataset: Dataset) -> None:
    files: list[tuple[KeyPath, str]] = []
    if dataset.source_file:
        files.append((("source_file",), dataset.source_file))
    files += [(("periods", i, "file"), p.file) for i, p in enumerate(dataset.periods)]
    folder = dataset.body.folder.resolve()
    for at, name in files:
        path = (folder / name).resolve()
        if not path.is_relative_to(folder):
            raise stop(
                document,
                at,
                "declaration-source-outside",
                f"元のファイル「{name}」がこのフォルダーの外にあります。",
                f"'{name}' lies outside this folder.",
                "ファイルを inbox に置いて、inbox/ファイル名 と書いてください。",
                "Put the file into inbox/.",
            )
        if not path.is_file():
            there = [p.name for p in sorted(path.parent.iterdir())] if path.parent.is_dir() else []
            near = nearest_word(Path(name).name, there)
            raise stop(
                document,
                at,
                "declaration-source-missing",
                f"元のファイル「{name}」がありません。" + (f"「{near}」のことでしょうか。" if near else ""),
                f"The source file '{name}' does not exist." + (f" Did you mean '{near}'?" if near else ""),
                f"所管課のファイルを {dataset.body.folder.name}/{Path(name).parent} に置くか、名前を直してください。",
                "Put the file there or correct its name.",
            )


def _check_bodies(workspace: Workspace) -> None:
    names = [c.name for c in workspace.catalogues]
    seen: dict[str, Path] = {}
    for body in workspace.bodies:
        document = read_declaration(body.folder / "municipality.yml")
        if body.code in seen:
            raise stop(
                document,
                ("code",),
                "declaration-duplicate-id",
                f"コード {body.code} のフォルダーが二つあります({seen[body.code].name} と {body.folder.name})。",
                f"Two folders have the code {body.code}.",
                "一つにまとめてください。",
                "Keep one of them.",
            )
        seen[body.code] = body.folder
        for i, name in enumerate(body.catalogues):
            if name not in names:
                raise _unknown_catalogue(document, ("catalogues", i), name, names)


def _unknown_catalogue(document: Document, at: KeyPath, name: str, names: list[str]) -> DeclarationError:
    near = nearest_word(name, names)
    return stop(
        document,
        at,
        "declaration-unknown-catalogue",
        f"「{name}」というカタログはありません。" + (f"「{near}」のことでしょうか。" if near else ""),
        f"There is no catalogue '{name}'." + (f" Did you mean '{near}'?" if near else ""),
        f"datasets/catalogues.yml にある名前を書いてください: {'、'.join(names)}",
        f"Write a name of datasets/catalogues.yml: {', '.join(names)}",
    )


def _check_names(workspace: Workspace, load_standard: LoadStandard) -> None:
    taken: dict[str, Dataset] = {}
    for dataset in workspace.datasets:
        if dataset.planned and dataset.source_file is None and not dataset.periods:
            continue
        name = dataset.name(load_standard(dataset.kind, dataset.edition))
        if name in taken:
            document = read_declaration(dataset.path)
            raise stop(
                document,
                ("slice",),
                "declaration-duplicate-name",
                f"公開する名前 {name} が {taken[name].id}.yml と同じになります。",
                f"The public name {name} is the same as that of {taken[name].id}.yml.",
                "同じ種類を二つに分けるときは、片方に slice: 名前 を書いてください。",
                "Give one of them a slice.",
            )
        taken[name] = dataset


def _check_plan(workspace: Workspace, plan: Plan) -> None:
    if plan.path is None:
        return
    document = read_declaration(plan.path)
    index = next(i for i, p in enumerate(document.data["plans"]) if p["id"] == plan.id)
    at: KeyPath = ("plans", index)
    names = [c.name for c in workspace.catalogues]
    for i, name in enumerate(plan.counts_in):
        if name not in names:
            raise _unknown_catalogue(document, (*at, "counts_in", i), name, names)
    ids = {d.id for d in workspace.datasets_of(plan.body)}
    for i, named in enumerate(plan.lists):
        for j, item in enumerate(named.items):
            if item.dataset is not None and item.dataset not in ids:
                raise stop(
                    document,
                    (*at, "lists", i, "items", j, "dataset"),
                    "declaration-unknown-dataset",
                    f"登録簿に「{item.dataset}」がありません。",
                    f"There is no dataset '{item.dataset}'.",
                    f"{item.dataset}.yml を作るか、まだないときは dataset: null と書いてください。",
                    f"Make {item.dataset}.yml or write dataset: null.",
                )
    others = {p.id for p in workspace.plans if p.id != plan.id}
    for key, values in (("includes", plan.includes), ("successor", (plan.successor,) if plan.successor else ())):
        for value in values:
            if value not in others:
                near = nearest_word(value, others)
                raise stop(
                    document,
                    (*at, key),
                    "declaration-unknown-plan",
                    f"「{value}」という計画はありません。" + (f"「{near}」のことでしょうか。" if near else ""),
                    f"There is no plan '{value}'." + (f" Did you mean '{near}'?" if near else ""),
                    "plan.yml にある計画の id を書いてください。",
                    "Write the id of a plan of plan.yml.",
                )
    if plan.period_start and plan.period_start > plan.period_end:
        raise stop(
            document,
            (*at, "period", "end"),
            "declaration-wrong-value",
            "計画の終わりが始まりより前です。",
            "The plan ends before it begins.",
            "start と end の日付を確かめてください。",
            "Check start and end.",
        )
