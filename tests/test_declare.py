"""Declarations: every wrong YAML stops with its file, key and fix; init and add make what loads."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.declare import (
    Counting,
    add_dataset,
    check_declarations,
    declaration_schema,
    init_workspace,
    load_body,
    load_dataset,
    load_workspace,
    municipal_corporate_number,
    read_declaration,
)
from pipelines.declare.adding import yaml_scalar
from pipelines.errors import DeclarationError
from pipelines.messages import load_messages
from pipelines.model import Standard
from pipelines.standards import load_standard
from pipelines.values.codes import is_corporate_number

ROOT = Path(__file__).resolve().parent.parent
NAMES = ("municipality", "plan", "dataset", "catalogues")

DATASET = """kind: aed
edition: municipal-standard-v3
title: AED設置箇所一覧
description: 見本の説明
section: 見本課
frequency: annual
as_of: 2026-04-01
source_file: inbox/aed.csv
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A workspace of 美祢市 with one AED list."""
    init_workspace(tmp_path / "w", "352136", "美祢市")
    body = tmp_path / "w" / "datasets" / "352136_mine"
    (body / "inbox" / "aed.csv").write_text("名称,住所\n見本公民館,山口県美祢市大嶺町東分1\n", encoding="utf-8")
    (body / "aed.yml").write_text(DATASET, encoding="utf-8")
    return tmp_path / "w"


def shipped(root: Path) -> None:
    """Load and check a workspace against the shipped standards."""
    loaded = load_workspace(root)

    def load(kind: str, edition: str) -> Standard:
        return load_standard(kind, edition, loaded.local_schemas)

    check_declarations(loaded, load, messages=load_messages())


def stopped(root: Path, **texts: str) -> DeclarationError:
    """What stops the run when the files named (key = file stem) hold the given text."""
    body = root / "datasets" / "352136_mine"
    for stem, text in texts.items():
        place = root / "datasets" if stem == "catalogues" else body
        (place / f"{stem}.yml").write_text(text, encoding="utf-8")
    with pytest.raises(DeclarationError) as caught:
        shipped(root)
    error = caught.value
    assert error.ja and error.en and error.todo_ja and error.todo_en and error.where, error.as_dict()
    return error


def test_a_right_workspace_loads_and_its_dataset_carries_the_keys_of_the_yaml(workspace: Path) -> None:
    shipped(workspace)
    (dataset,) = load_workspace(workspace).datasets
    assert (dataset.id, dataset.kind, dataset.as_of) == ("aed", "aed", "2026-04-01")
    assert dataset.body.full_name == "山口県美祢市"
    assert dataset.source_file == "inbox/aed.csv"


# (what is wrong, change of the right YAML, code, words that the message must hold)
WRONG_DATASETS = [
    ("an unknown key names the nearest", ("section:", "sektion:"), "declaration-unknown-key", ["sektion", "section"]),
    ("a key is missing", ("section: 見本課\n", ""), "declaration-missing-key", ["section"]),
    ("a word that is not in the list", ("annual", "anual"), "declaration-unknown-value", ["anual", "annual"]),
    ("a day that does not exist", ("2026-04-01", "2026-02-30"), "declaration-wrong-value", ["2026-02-30"]),
    ("a day in another notation", ("2026-04-01", "R8.4.1"), "declaration-wrong-value", ["R8.4.1"]),
    ("a date run together is a number", ("2026-04-01", "20260401"), "declaration-unquoted", ["20260401"]),
    ("a key twice", ("section:", "kind: aed\nsection:"), "declaration-duplicate-key", ["kind", "2 回"]),
    ("an unknown kind", ("kind: aed", "kind: aeds"), "kind-unknown", ["aeds"]),
    ("an unknown edition", ("municipal-standard-v3", "municipal-standard-v9"), "edition-unknown", ["v9"]),
    ("a missing source file", ("inbox/aed.csv", "inbox/adg.csv"), "declaration-source-missing", ["adg.csv", "aed.csv"]),
    ("a source outside the folder", ("inbox/aed.csv", "../../aed.csv"), "declaration-source-outside", ["../aed"]),
    ("no source at all", ("source_file: inbox/aed.csv\n", ""), "declaration-no-source", ["source_file"]),
    ("two sources", ("section:", "generated: opendata_list\nsection:"), "declaration-two-sources", ["generated"]),
    ("an unclosed quote", ("section: 見本課", 'section: "見本課'), "declaration-yaml-syntax", []),
    ("a tab as indentation", ("section:", "ignore:\n\t メモ: 理由\nsection:"), "declaration-yaml-syntax", ["タブ"]),
    ("a text where a list belongs", ("section:", "keywords: AED\nsection:"), "declaration-wrong-type", ["keywords"]),
    ("an empty value", ("section: 見本課", "section:"), "declaration-wrong-type", ["section"]),
    ("an alias", ("section: 見本課", "section: &a 見本課\ntheme: *a"), "declaration-alias", ["theme"]),
    (
        "an unquoted code",
        ("section:", "constants:\n  全国地方公共団体コード: 011002\nsection:"),
        "declaration-unquoted",
        ["011002", '"011002"', "全国地方公共団体コード"],
    ),
    (
        "a number as the right value of a lookup",
        ("section:", "lookups:\n  備考: {無料: 0}\nsection:"),
        "declaration-unquoted",
        ['"0"', "無料"],
    ),
    (
        "a heading that the standard does not have",
        ("section:", "columns:\n  設置場所: 名称_かな\nsection:"),
        "declaration-unknown-column",
        ["名称_かな", "設置場所"],
    ),
    (
        "a constant that is not in the code list",
        ("section:", "constants:\n  小児対応設備の有無: ある\nsection:"),
        "declaration-unknown-value",
        ["ある", "有"],
    ),
    (
        "periods for a kind without dates",
        ("source_file: inbox/aed.csv", 'periods:\n  - {stamp: "20260401", file: inbox/aed.csv, as_of: 2026-04-01}'),
        "declaration-not-dated",
        ["periods"],
    ),
    (
        "a gate with an unknown key",
        ("section:", "expect: {rows: {minimum: 3}}\nsection:"),
        "declaration-unknown-key",
        ["minimum", "min"],
    ),
    ("an unknown fix rule", ("section:", "accept_fixes: [swap-axis]\nsection:"), "declaration-unknown-value", []),
    (
        "an allowance for a code that does not exist",
        ("section:", "allowances: [{field: 電話番号, code: guard-mobil-phone, reason: 公表済み}]\nsection:"),
        "declaration-unknown-value",
        ["guard-mobile-phone"],
    ),
    ("a sample without its mark", ("section:", "sample: true\nsection:"), "declaration-sample-mark", ["【見本】"]),
]


@pytest.mark.parametrize(
    ("change", "code", "words"), [w[1:] for w in WRONG_DATASETS], ids=[w[0] for w in WRONG_DATASETS]
)
def test_a_wrong_dataset_stops_with_file_key_and_fix(
    workspace: Path, change: tuple[str, str], code: str, words: list[str]
) -> None:
    assert change[0] in DATASET
    error = stopped(workspace, aed=DATASET.replace(*change))
    assert error.code == code, error.as_dict()
    assert "aed.yml" in error.where
    told = json.dumps(error.as_dict(), ensure_ascii=False).replace('\\"', '"')
    for word in words:
        assert word in told, error.as_dict()


def test_the_line_of_the_wrong_key_is_told(workspace: Path) -> None:
    error = stopped(workspace, aed=DATASET.replace("section:", "sektion:"))
    assert "5 行目" in error.where
    error = stopped(workspace, aed=DATASET.replace("section: 見本課", 'section: "見本課'))
    assert "行目" in error.where


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        (('code: "352136"', "code: 352136"), "declaration-unquoted", ['code: "352136"']),
        (('code: "352136"', 'code: "352137"'), "declaration-check-digit", ["352136"]),
        (("4000020352136", "4000020352135"), "declaration-corporate-number", ["4000020352135"]),
        (('code: "352136"', 'code: "352128"'), "declaration-folder-name", ["352136_mine"]),
        (("catalogues: [embedded]", "catalogues: [embeded]"), "declaration-unknown-catalogue", ["embedded"]),
        (("crs: EPSG:6668", "crs: JGD2011"), "declaration-wrong-value", ["EPSG:6668"]),
    ],
)
def test_a_wrong_municipality_stops_with_its_fix(
    workspace: Path, change: tuple[str, str], code: str, words: list[str]
) -> None:
    right = (workspace / "datasets" / "352136_mine" / "municipality.yml").read_text(encoding="utf-8")
    assert change[0] in right
    error = stopped(workspace, municipality=right.replace(*change))
    assert error.code == code, error.as_dict()
    for word in words:
        assert word in str(error.as_dict().values())


PLAN = """plans:
  - id: p1
    title: 見本計画
    source: 見本計画(令和8年)
    period: {start: 2021-04-01, end: 2026-03-31}
    unit: 種類
    baseline: {value: 14, unit: 件, as_of: null}
    target: {value: 50, unit: 種類, deadline: 2026-03-31, quote: 「50件」}
    counts_in: [embedded]
    lists:
      - title: 一覧
        items: [{title: AED, dataset: aed}]
"""


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (("value: 50", 'value: "50"'), "declaration-wrong-type"),
        (("dataset: aed}", "dataset: ead}"), "declaration-unknown-dataset"),
        (("counts_in: [embedded]", "counts_in: [yamaguchi]"), "declaration-unknown-catalogue"),
        (("unit: 種類\n    baseline", "unit: 件数\n    baseline"), "declaration-unknown-value"),
        (("    source: 見本計画(令和8年)\n", ""), "declaration-missing-key"),
        (("    counts_in:", "    includes: [p2]\n    counts_in:"), "declaration-unknown-plan"),
        (("start: 2021-04-01", "start: 2027-04-01"), "declaration-wrong-value"),
    ],
)
def test_a_wrong_plan_stops(workspace: Path, change: tuple[str, str], code: str) -> None:
    assert change[0] in PLAN
    error = stopped(workspace, plan=PLAN.replace(*change))
    assert error.code == code, error.as_dict()
    assert "plan.yml" in error.where


def test_a_right_plan_keeps_what_it_leaves_open(workspace: Path) -> None:
    (workspace / "datasets" / "352136_mine" / "plan.yml").write_text(PLAN, encoding="utf-8")
    shipped(workspace)
    (plan,) = load_workspace(workspace).plans
    assert plan.baseline is not None and plan.baseline.as_of is None
    assert plan.deadline == "2026-03-31"
    assert plan.counting == Counting()
    words = {name: ja for name, ja, _ in plan.counting.words()}
    assert words["generated_lists"].endswith("数えません")
    assert {name for name, _, _ in Counting().words()} - {"deadline"} == {
        "fold_editions", "fold_formats", "fold_catalogues", "generated_lists", "linked_only", "withdrawn", "stale"
    }  # fmt: skip


def test_a_catalogue_without_an_address_stops(workspace: Path) -> None:
    text = "catalogues:\n  embedded: {kind: embedded, title: 埋}\n  x: {kind: ckan, title: 県}\n"
    error = stopped(workspace, catalogues=text)
    assert error.code == "declaration-catalogue-address"


def test_a_token_has_no_key_to_stand_in(workspace: Path) -> None:
    error = stopped(workspace, catalogues="catalogues:\n  x: {kind: ckan, title: 県, url_env: A, token: secret}\n")
    assert error.code == "declaration-unknown-key"
    assert "token_env" in error.ja
    assert "secret" not in str(error)


def test_two_datasets_of_one_public_name_stop_until_one_has_a_slice(workspace: Path) -> None:
    error = stopped(workspace, aed_west=DATASET)
    assert error.code == "declaration-duplicate-name" and "352136_aed" in error.ja
    (workspace / "datasets" / "352136_mine" / "aed_west.yml").write_text(DATASET + "slice: west\n", encoding="utf-8")
    shipped(workspace)


@pytest.mark.parametrize("name", ["AED.yml", "aed-list.yml", "設置.yml", "aed.yaml"])
def test_a_file_name_that_cannot_be_an_id_stops(workspace: Path, name: str) -> None:
    (workspace / "datasets" / "352136_mine" / name).write_text(DATASET, encoding="utf-8")
    with pytest.raises(DeclarationError) as caught:
        load_workspace(workspace)
    assert caught.value.code == "declaration-file-name"


def test_files_that_begin_with_an_underscore_are_not_read(workspace: Path) -> None:
    assert (workspace / "datasets" / "352136_mine" / "_example.yml").exists()
    assert [d.id for d in load_workspace(workspace).datasets] == ["aed"]


def test_the_example_that_init_writes_is_a_valid_declaration(workspace: Path) -> None:
    body = workspace / "datasets" / "352136_mine"
    shutil.copy(body / "_example.yml", body / "aed_example.yml")
    dataset = load_dataset(body / "aed_example.yml", load_body(body))
    assert dataset.columns == {"設置場所": "名称"}


def test_without_sources_the_sections_files_may_be_missing(workspace: Path) -> None:
    (workspace / "datasets" / "352136_mine" / "inbox" / "aed.csv").unlink()
    loaded = load_workspace(workspace)
    check_declarations(loaded, lambda kind, edition: load_standard(kind, edition), sources=False)


def test_a_folder_that_is_no_workspace_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError) as caught:
        load_workspace(tmp_path)
    assert "kokai init" in caught.value.todo_ja


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("a: no", "no"),  # the Norway problem
        ("a: on", "on"),
        ("a: 9:00", "9:00"),  # YAML 1.1 reads 540
        ("a: 2026-03-31", "2026-03-31"),  # YAML 1.1 reads a date
        ("a: 1_000", "1_000"),
        ("a: 0x10", "0x10"),
        ("a: 1e3", "1e3"),
        ("a: =", "="),
        ("a: 〇", "〇"),
        ('a: "011002"', "011002"),
    ],
)
def test_words_stay_words(tmp_path: Path, written: str, read: str) -> None:
    (tmp_path / "x.yml").write_text(written, encoding="utf-8")
    assert read_declaration(tmp_path / "x.yml").data == {"a": read}


def test_a_declaration_in_shift_jis_is_told_so(tmp_path: Path) -> None:
    (tmp_path / "x.yml").write_bytes("a: 見本".encode("cp932"))
    with pytest.raises(DeclarationError) as caught:
        read_declaration(tmp_path / "x.yml")
    assert caught.value.code == "declaration-not-utf8"


@pytest.mark.parametrize(
    "text",
    ["a: " + "[" * 20_000, "a: " + "[" * 700 + "]" * 700, "a: 1\n---\nb: 2", "a: \x07", "- a", "", "a: !!str x"],
)
def test_what_is_no_declaration_is_told_and_never_a_traceback(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.yml").write_text(text, encoding="utf-8")
    try:
        read_declaration(tmp_path / "x.yml")
    except DeclarationError as error:
        assert error.ja and error.todo_ja


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    (tmp_path / "x.yml").write_bytes("a: 見本".encode("utf-8-sig"))
    assert read_declaration(tmp_path / "x.yml").data == {"a": "見本"}


@given(st.text(min_size=1, max_size=30).filter(lambda s: all(c.isprintable() for c in s)))
def test_what_add_writes_reads_back_as_the_same_text(text: str) -> None:
    import yaml

    from pipelines.declare.reading import _Loader

    source = f"{yaml_scalar(text)}: {yaml_scalar(text)}\n"
    node = yaml.compose(source, Loader=_Loader)
    assert [(k.value, v.value, v.tag.rsplit(":", 1)[-1]) for k, v in node.value] == [(text, text, "str")]


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        ({"id": "トイレ", "as_of": "2026-04-01"}, "declaration-file-name"),
        ({"slice": "West", "as_of": "2026-04-01"}, "declaration-file-name"),
        ({"as_of": "R8.4.1"}, "declaration-wrong-value"),
    ],
)
def test_an_add_that_cannot_be_leaves_nothing_behind(
    workspace: Path, tmp_path: Path, keys: dict[str, str], code: str
) -> None:
    (tmp_path / "t.csv").write_text("名称\n見本\n", encoding="utf-8")
    body = load_workspace(workspace).bodies[0]
    before = sorted(p for p in workspace.rglob("*"))
    with pytest.raises(DeclarationError) as caught:
        add_dataset(body, tmp_path / "t.csv", load_standard("toilet", "recommended-v1"), {"名称": "名称"}, **keys)
    assert caught.value.code == code
    assert sorted(p for p in workspace.rglob("*")) == before


def test_the_plan_that_init_writes_is_right_once_its_marks_are_taken_away(workspace: Path) -> None:
    path = workspace / "datasets" / "352136_mine" / "plan.yml"
    assert load_workspace(workspace).plans == ()
    lines = path.read_text(encoding="utf-8").splitlines()
    start = lines.index("# plans:")
    path.write_text("\n".join(line.removeprefix("# ") for line in lines[start:]), encoding="utf-8")
    shipped(workspace)
    (plan,) = load_workspace(workspace).plans
    assert plan.target is not None and plan.target.value == 30


def every_property(schema: dict, path: str = "") -> list[tuple[str, dict]]:
    found = []
    for key, value in schema.get("properties", {}).items():
        found += [(f"{path}.{key}", value), *every_property(value, f"{path}.{key}")]
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            found += every_property(schema[key], path)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_every_key_has_a_description_and_an_example_and_no_other_key_is_allowed(name: str) -> None:
    from jsonschema import Draft202012Validator

    schema = dict(declaration_schema(name))
    Draft202012Validator.check_schema(schema)
    assert schema["additionalProperties"] is False
    for path, value in every_property(schema):
        assert value.get("description"), path
        assert value.get("examples"), path
        if value["type"] == "object" and "properties" in value:
            assert value["additionalProperties"] is False, path
        if path.rsplit(".")[-1] in ("code", "as_of", "deadline", "tel", "edition", "stamp", "corporate_number"):
            assert "string" in value["type"], path


def test_the_keys_of_a_dataset_are_the_fields_of_the_model() -> None:
    from dataclasses import fields

    from pipelines.model import Dataset

    keys = set(declaration_schema("dataset")["properties"])
    assert keys == {f.name for f in fields(Dataset)} - {"id", "body", "path"}


@pytest.mark.parametrize(
    ("code", "name", "words"),
    [
        ("35213", "美祢市", "352136"),  # five digits
        ("352137", "美祢市", "352136"),  # wrong check digit
        ("352136", "柳井市", "美祢市"),
        ("999999", "どこか", "6 桁"),
        ("mine", "美祢市", "6 桁"),
    ],
)
def test_init_refuses_a_wrong_code_and_gives_the_right_one(tmp_path: Path, code: str, name: str, words: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        init_workspace(tmp_path / "w", code, name)
    assert words in caught.value.ja + caught.value.todo_ja
    assert not (tmp_path / "w").exists()


def test_init_makes_a_workspace_that_loads_and_ignores_raw_files(tmp_path: Path) -> None:
    made = init_workspace(tmp_path, "３５２１３６", "美祢市")
    assert Path("datasets/352136_mine/municipality.yml") in made
    shipped(tmp_path)
    assert {"inbox/", "var/"} <= set((tmp_path / ".gitignore").read_text(encoding="utf-8").splitlines())
    assert (tmp_path / "ledger").is_dir() and (tmp_path / "schemas").is_dir()
    workspace = load_workspace(tmp_path)
    assert not workspace.sample and workspace.plans == ()


def test_init_of_a_town_outside_the_table_works_with_and_without_romaji(tmp_path: Path) -> None:
    init_workspace(tmp_path / "a", "131016", "千代田区")
    init_workspace(tmp_path / "b", "131016", "千代田区", romaji="Chiyoda")
    assert [b.folder.name for b in load_workspace(tmp_path / "a").bodies] == ["131016"]
    assert [b.folder.name for b in load_workspace(tmp_path / "b").bodies] == ["131016_chiyoda"]
    assert load_workspace(tmp_path / "b").bodies[0].prefecture == "東京都"


def test_init_never_overwrites(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("*.bak", encoding="utf-8")
    (tmp_path / "はじめに.txt").write_text("わたしの覚え書き", encoding="utf-8")
    init_workspace(tmp_path, "352136", "美祢市")
    assert (tmp_path / "はじめに.txt").read_text(encoding="utf-8") == "わたしの覚え書き"
    assert (tmp_path / ".gitignore").read_text(encoding="utf-8").startswith("*.bak\n")
    with pytest.raises(DeclarationError) as caught:
        init_workspace(tmp_path, "352136", "美祢市")
    assert caught.value.code == "init-already-there"
    init_workspace(tmp_path, "352128", "柳井市")
    assert len(load_workspace(tmp_path).bodies) == 2


@pytest.mark.parametrize(("code", "number"), [("130001", "8000020130001"), ("352136", "4000020352136")])
def test_the_corporate_number_of_a_municipality_is_computed(code: str, number: str) -> None:
    assert municipal_corporate_number(code) == number
    assert is_corporate_number(number)


def test_add_writes_every_column_down_and_copies_the_file(workspace: Path, tmp_path: Path) -> None:
    file = tmp_path / "トイレ 一覧:2026.csv"
    file.write_text("No.,名称,担当者メモ\n1,見本,x\n", encoding="utf-8")
    body = load_workspace(workspace).bodies[0]
    standard = load_standard("toilet", "recommended-v1")
    mapping = {"No.": "NO", "名称": "名称", "担当者メモ": None, "# 備考: yes": "備考"}
    dataset = add_dataset(body, file, standard, mapping, as_of="2026-04-01", edition="municipal-standard-v3")
    assert (dataset.id, dataset.source_file) == ("toilet", "inbox/トイレ 一覧:2026.csv")
    assert dataset.columns == {"No.": "NO", "名称": "名称", "# 備考: yes": "備考"}
    assert list(dataset.ignore) == ["担当者メモ"]
    shipped(workspace)
    with pytest.raises(DeclarationError) as caught:
        add_dataset(body, file, standard, mapping, as_of="2026-04-01")
    assert caught.value.code == "add-already-there"
