"""Turns datasets/<code>_<city>/*.yml into Municipality, Dataset, Plan and Catalogue objects."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipelines.declare.checking import check_shape
from pipelines.declare.plans import Catalogue, Plan
from pipelines.declare.promises import load_catalogues, load_plans
from pipelines.declare.reading import Document, read_declaration, stop
from pipelines.errors import DeclarationError
from pipelines.model import Allowance, Contact, Dataset, Licence, Municipality, Period
from pipelines.values.codes import check_digit_lgcode, is_corporate_number, is_lgcode

NOT_DATASETS = ("municipality", "plan")
SAMPLE_MARK = "【見本】"
_ID = re.compile(r"[a-z0-9_]+")


@dataclass(frozen=True)
class Workspace:
    """A folder that Kokai works in: its bodies, register entries, plans and catalogues, in the order of their names."""

    root: Path
    bodies: tuple[Municipality, ...]
    datasets: tuple[Dataset, ...]
    plans: tuple[Plan, ...]
    catalogues: tuple[Catalogue, ...]
    local_schemas: Path | None

    @property
    def sample(self) -> bool:
        """True if any body is a sample: then every number counted here is marked 見本."""
        return any(b.sample for b in self.bodies)

    def datasets_of(self, code: str) -> tuple[Dataset, ...]:
        return tuple(d for d in self.datasets if d.body.code == code)

    def plans_of(self, code: str) -> tuple[Plan, ...]:
        return tuple(p for p in self.plans if p.body == code)

    def body(self, code: str) -> Municipality | None:
        return next((b for b in self.bodies if b.code == code), None)

    def catalogue(self, name: str) -> Catalogue | None:
        return next((c for c in self.catalogues if c.name == name), None)


def load_workspace(root: Path) -> Workspace:
    """Read every declaration below `root`/datasets; raises DeclarationError for the first wrong one.

    Neither the standards nor the sections' files are looked at: that is `check_declarations`.
    """
    folder = root / "datasets"
    if not folder.is_dir():
        raise DeclarationError(
            "declaration-no-workspace",
            "作業フォルダーではありません(datasets フォルダーがありません)。",
            "This is not a workspace (there is no folder 'datasets').",
            todo_ja="作業フォルダーへ移るか --workspace で指定してください。新しく作るときは"
            " kokai init フォルダー --code 352136 --name 美祢市 です。",
            todo_en="Go to the workspace, name it with --workspace, or make one: kokai init DIR --code … --name …",
            where=str(root),
        )
    bodies: list[Municipality] = []
    datasets: list[Dataset] = []
    plans: list[Plan] = []
    for sub in sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith((".", "_"))):
        if not (sub / "municipality.yml").exists() and not any(sub.glob("*.y*ml")):
            continue
        body = load_body(sub)
        bodies.append(body)
        datasets += load_datasets(body)
        plans += load_plans(body)
    schemas = root / "schemas"
    catalogues = load_catalogues(folder / "catalogues.yml")
    return Workspace(
        root, tuple(bodies), tuple(datasets), tuple(plans), catalogues, schemas if schemas.is_dir() else None
    )


def load_body(folder: Path) -> Municipality:
    """Read `folder`/municipality.yml; check digits of code and 法人番号 are tested here."""
    document = read_declaration(folder / "municipality.yml")
    check_shape(document, "municipality")
    data = document.data
    code = data["code"]
    if not is_lgcode(code):
        raise _wrong_code(document, code)
    if not is_corporate_number(data["corporate_number"]):
        raise stop(
            document,
            ("corporate_number",),
            "declaration-corporate-number",
            f"法人番号 {data['corporate_number']} は検査数字が合いません。",
            f"The check digit of {data['corporate_number']} is wrong.",
            "国税庁の法人番号公表サイトで確かめて書き直してください。",
            "Look it up on the National Tax Agency's site.",
        )
    if not folder.resolve().name.startswith(code):
        raise stop(
            document,
            ("code",),
            "declaration-folder-name",
            f"フォルダーの名前「{folder.resolve().name}」がコード {code} で始まっていません。",
            f"The folder's name does not begin with {code}.",
            f"フォルダーの名前を「{code}_(ローマ字)」に変えるか、code を直してください。",
            f"Rename the folder to {code}_<romaji> or correct 'code'.",
        )
    contact = data["contact"]
    return Municipality(
        code=code,
        name=data["name"],
        name_kana=data.get("name_kana", ""),
        name_en=data.get("name_en", ""),
        prefecture=data["prefecture"],
        corporate_number=data["corporate_number"],
        organization_id=data["organization_id"],
        licence=_licence(data["licence"]),
        contact=Contact(**contact),
        crs=data["crs"],
        catalogues=tuple(data["catalogues"]),
        sample=bool(data["sample"]),
        folder=folder,
        base_url=data.get("base_url", ""),
        homepage=data.get("homepage", ""),
    )


def _wrong_code(document: Document, code: str) -> DeclarationError:
    digit = check_digit_lgcode(code[:5])
    right = code[:5] + digit if digit else ""
    return stop(
        document,
        ("code",),
        "declaration-check-digit",
        f"全国地方公共団体コード {code} は検査数字が合いません。",
        f"The check digit of the municipality code {code} is wrong.",
        f'先頭 5 桁が正しければ code: "{right}" です。総務省の一覧で確かめてください。',
        f'If the first five digits are right: code: "{right}".',
    )


def load_datasets(body: Municipality) -> tuple[Dataset, ...]:
    """Every register entry of a body, in the order of the file names; files that begin with _ are not read."""
    for wrong in sorted(body.folder.glob("*.yaml")):
        raise DeclarationError(
            "declaration-file-name",
            "宣言ファイルの拡張子は .yml です。",
            "A declaration's name ends in .yml.",
            todo_ja=f"{wrong.stem}.yml に名前を変えてください。",
            todo_en=f"Rename it to {wrong.stem}.yml.",
            where=str(wrong),
        )
    paths = sorted(p for p in body.folder.glob("*.yml") if p.stem not in NOT_DATASETS)
    return tuple(load_dataset(p, body) for p in paths if not p.name.startswith(("_", ".")))


def load_dataset(path: Path, body: Municipality) -> Dataset:
    """Read one register entry; its id is the file's stem. Keys of the YAML are the fields of `model.Dataset`."""
    document = read_declaration(path)
    if not _ID.fullmatch(path.stem):
        raise DeclarationError(
            "declaration-file-name",
            f"ファイル名「{path.name}」はデータセットの ID に使えません。",
            f"The file name '{path.name}' cannot be a dataset's id.",
            todo_ja="英小文字・数字・_ だけの名前にしてください(例: aed.yml)。",
            todo_en="Use lower-case letters, digits and _ only (aed.yml).",
            where=str(path),
        )
    check_shape(document, "dataset")
    data = dict(document.data)
    _check_source(document)
    sample = bool(data.get("sample", body.sample))
    if sample and not str(data["title"]).startswith(SAMPLE_MARK):
        raise stop(
            document,
            ("title",),
            "declaration-sample-mark",
            f"見本の題名は{SAMPLE_MARK}で始めます。",
            f"The title of a sample begins with {SAMPLE_MARK}.",
            f'title: "{SAMPLE_MARK}{data["title"]}" にするか、見本でなければ sample: false と書いてください。',
            "Add the mark, or write sample: false.",
        )
    return Dataset(
        id=path.stem,
        body=body,
        path=path,
        sample=sample,
        periods=tuple(Period(**p) for p in data.pop("periods", ())),
        allowances=tuple(Allowance(**a) for a in data.pop("allowances", ())),
        licence=_licence(data.pop("licence")) if "licence" in data else None,
        refuse_fixes=tuple(data.pop("refuse_fixes", ())),
        accept_fixes=tuple(data.pop("accept_fixes", ())),
        keywords=tuple(data.pop("keywords", ())),
        examples=tuple(data.pop("examples", ())),
        **{k: v for k, v in data.items() if k != "sample"},
    )


def _check_source(document: Document) -> None:
    """Exactly one of source_file, periods, generated; none only where `planned: true`."""
    given = [k for k in ("source_file", "periods", "generated") if document.data.get(k)]
    planned = bool(document.data.get("planned"))
    if len(given) > 1:
        raise stop(
            document,
            (given[1],),
            "declaration-two-sources",
            f"元になるものが {len(given)} つ書かれています({'、'.join(given)})。",
            f"More than one source is given ({', '.join(given)}).",
            "どれか一つだけにしてください。",
            "Keep one of them.",
        )
    if not given and not planned:
        raise stop(
            document,
            (),
            "declaration-no-source",
            "元のファイルが書かれていません。",
            "No source is given.",
            "source_file: inbox/ファイル名.xlsx を書いてください。まだデータがないときは planned: true とします。",
            "Write source_file: inbox/NAME.xlsx, or planned: true if there is no data yet.",
        )


def _licence(data: Mapping[str, str]) -> Licence:
    return Licence(data["id"], data["title"], data["url"])
