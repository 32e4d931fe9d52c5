"""Schemas: whole, official in number and order, honest about what is sure; a file's kind and edition are guessed."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest

from pipelines.errors import DeclarationError
from pipelines.standards import (
    alias_targets,
    code_list,
    common_facts,
    guess_standard,
    known_headings,
    list_kinds,
    list_standards,
    load_standard,
    load_table_schema,
    schema_folders,
)
from pipelines.standards.index import build_index
from pipelines.values.headings import fold_heading

FOLDER = schema_folders()[0]
ALL = [(s.kind, s.edition) for s in list_standards() if not s.local]
BASIC = [k.id for k in list_kinds() if k.basic]
EVERY = pytest.mark.parametrize(("kind", "edition"), ALL)

# Columns per edition, counted in the published templates and headers named in each schema (2026-11).
OFFICIAL_COUNTS = {
    "aed": (22, 39), "care_service": (22, 34), "medical": (26, 42), "cultural_property": (34, 45), "tourism": (30, 58),
    "event": (32, 78), "wifi": (18, 28), "toilet": (32, 39), "fire_hydrant": (11, 16), "shelter": (26, 39),
    "population": (47, 46), "public_facility": (24, 58), "childcare": (28, 53), "opendata_list": (15, 42),
}  # fmt: skip


def test_the_basic_datasets_are_fourteen_and_the_standard_has_thirty_one() -> None:
    assert sorted(BASIC) == sorted(OFFICIAL_COUNTS)
    numbers = [k.number_new for k in list_kinds() if not k.local]
    assert sorted(numbers) == [f"{n:02}" for n in range(1, 32)]
    assert sorted(k.number_old for k in list_kinds() if k.number_old) == [f"{n:02}" for n in range(1, 15)]


@pytest.mark.parametrize("kind", sorted(OFFICIAL_COUNTS))
def test_every_basic_dataset_has_both_editions_with_the_official_number_of_columns(kind: str) -> None:
    old, new = load_standard(kind, "recommended-v1"), load_standard(kind, "municipal-standard-v3")
    assert (len(old.fields), len(new.fields)) == OFFICIAL_COUNTS[kind]
    assert len(old.number) == len(new.number) == 2


@EVERY
def test_a_schema_is_whole(kind: str, edition: str) -> None:
    standard = load_standard(kind, edition)
    schema = standard.schema
    assert (schema["kind"], schema["edition"]) == (kind, edition)
    assert schema["column_count"] == len(standard.fields) == len(set(standard.names))
    assert schema["title"] and schema["title_en"].isascii() and schema["sources"]
    assert standard.confidence in ("exact", "partial", "from-memory")
    assert re.fullmatch(r"[a-z0-9_]+", standard.file_slug) and "yyyymmdd" not in standard.file_slug
    assert schema["missingValues"] == [""]
    for field in standard.fields:
        assert field.spec["title"] == field.name
        assert field.spec["title_en"].isascii() and field.spec["title_en"].strip()
        assert field.requirement.mark in ("required", "recommended", "optional", "unknown")
        assert field.requirement.basis in ("read", "inferred", "unknown")
        assert field.rule in common_facts()["format_rules"]


@EVERY
def test_only_a_mark_that_was_read_makes_a_column_required(kind: str, edition: str) -> None:
    """A flag (1, or blank where it does not apply) is never required: its blank is an answer."""
    for field in load_standard(kind, edition).fields:
        wanted = field.rule != "flag1" and field.requirement.mark == "required" and field.requirement.basis == "read"
        assert bool(field.spec.get("constraints", {}).get("required")) is wanted


@EVERY
def test_frictionless_accepts_the_schema(kind: str, edition: str) -> None:
    from frictionless import Schema

    schema = json.loads((FOLDER / kind / f"{edition}.json").read_text(encoding="utf-8"))
    assert not Schema.from_descriptor(schema).to_descriptor().get("errors")
    assert list(Schema.metadata_validate(schema)) == []


@EVERY
def test_tags_are_what_ckan_accepts(kind: str, edition: str) -> None:
    tags = load_standard(kind, edition).schema["tags"]
    assert len(tags) == len(set(tags)) == 2
    for tag in tags:
        assert re.fullmatch(r"[\w \-.]{2,100}", tag) and "・" not in tag
    assert ("自治体標準ODS" in tags) is (edition == "municipal-standard-v3")
    assert ("推奨データセット" in tags) is edition.startswith("recommended")


@EVERY
def test_patterns_use_ascii_digits(kind: str, edition: str) -> None:
    for field in load_standard(kind, edition).fields:
        pattern = field.spec.get("constraints", {}).get("pattern")
        assert pattern is None or (r"\d" not in pattern and re.compile(pattern))


@EVERY
def test_an_alias_means_one_column_and_never_another_columns_own_name(kind: str, edition: str) -> None:
    standard = load_standard(kind, edition)
    own = {fold_heading(n) for n in standard.names}
    assert len(own) == len(standard.names)
    meant: dict[str, str] = {}
    for field in standard.fields:
        for alias in field.spec.get("aliases", ()):
            folded = fold_heading(alias)
            assert folded not in own, alias
            assert meant.setdefault(folded, field.name) == field.name, alias


@pytest.mark.parametrize("kind", sorted(OFFICIAL_COUNTS))
def test_counterparts_of_the_two_editions_point_at_each_other(kind: str) -> None:
    old, new = load_standard(kind, "recommended-v1"), load_standard(kind, "municipal-standard-v3")
    for here, there in ((old, new), (new, old)):
        for field in here.fields:
            if name := field.spec.get("counterpart"):
                twin = there.get(name)
                assert twin is not None and twin.spec["counterpart"] == field.name


@pytest.mark.parametrize(
    ("kind", "edition", "typed", "wanted"),
    [
        ("shelter", "municipal-standard-v3", "所在地_連結標記", "所在地_連結表記"),  # at least five cities
        ("shelter", "recommended-v1", "災害種別_崖崩れ_土石流及び地滑り", "災害種別_崖崩れ、土石流及び地滑り"),
        ("tourism", "recommended-v1", "市区町村コード", "都道府県コード又は市区町村コード"),  # 柳井市
        ("tourism", "recommended-v1", "料金(基本)", "料金（基本）"),  # 山口県
        ("toilet", "municipal-standard-v3", "バリアフリー（多目的）トイレ数", "バリアフリートイレ数"),  # 周南市
        ("toilet", "municipal-standard-v3", "barrier_free_wc", "バリアフリートイレ数"),  # physical names
        ("emergency_radio", "municipal-standard-v3", "名称（カナ）", "防災行政無線_名称（カナ）"),  # 防府市
        ("emergency_radio", "municipal-standard-v3", "緯度", "防災行政無線_緯度"),  # 柳井市
        ("public_facility", "recommended-v1", "利用可能日時特記事項", "利用可能時間特記事項"),  # 平生町
        ("public_facility", "recommended-v1", "所在地", "住所"),  # 美祢市 小学校区
        ("aed", "recommended-v1", "所在地_連結表記", "住所"),  # headings of the new edition in an old file
        ("aed", "municipal-standard-v3", "1.名称", "名称"),
        ("aed", "municipal-standard-v3", "建物名等（方書）", "建物名等(方書)"),
        ("population", "recommended-v1", "0～4歳の男性", "0-4歳の男性"),
    ],
)
def test_headings_of_real_files_mean_a_column(kind: str, edition: str, typed: str, wanted: str) -> None:
    assert alias_targets(load_standard(kind, edition))[fold_heading(typed)] == wanted


def test_the_index_is_what_the_schemas_say() -> None:
    triples = [
        (k, e, json.loads((FOLDER / k / f"{e}.json").read_text(encoding="utf-8")))
        for k, e in ((s.kind, s.edition) for s in list_standards() if not s.local)
    ]
    assert json.loads((FOLDER / "_index.json").read_text(encoding="utf-8")) == build_index(triples)
    listed = {(k.id, e) for k in list_kinds() if not k.local for e in k.editions}
    on_disk = {(p.parent.name, p.stem) for k, _ in listed for p in (FOLDER / k).glob("*.json")}
    assert listed == on_disk == {(k, e) for k, e, _ in triples}


def test_poi_codes_keep_their_leading_zero() -> None:
    codes = code_list("poi")
    assert len(codes) == 650 and codes["0101"] == "山" and all(re.fullmatch(r"[0-9]{4}", c) for c in codes)


def test_a_dated_slug_is_said_so() -> None:
    population = load_standard("population", "municipal-standard-v3")
    assert (population.file_slug, population.dated) == ("population", True)
    assert not load_standard("aed", "recommended-v1").dated
    assert load_standard("shelter", "recommended-v1").file_slug == "evacuation_space"


# ---- guessing


@EVERY
def test_the_official_headings_alone_tell_kind_and_edition(kind: str, edition: str) -> None:
    guess = guess_standard(load_standard(kind, edition).names)
    assert (guess.kind, guess.edition) == (kind, edition)


@EVERY
def test_trailing_blank_headings_and_width_do_not_matter(kind: str, edition: str) -> None:
    wide = [n.translate({i: i + 0xFEE0 for i in range(0x21, 0x7F)}) for n in load_standard(kind, edition).names]
    guess = guess_standard(["_id", *wide, "", ""])
    assert (guess.kind, guess.edition) == (kind, edition)


@pytest.mark.parametrize(
    ("headings", "file_name", "lines", "kind"),
    [
        (["監督署", "名　　　称", "〒", "所　在　地", "診療科目", "電 話"], "hospital.xlsx", (), "medical"),  # 千葉県
        (["名称", "所在地", "経度", "緯度", "分類"], "美祢市小学校区.csv", (), "public_facility"),  # 美祢市
        (["データセットID", "データセットタイトル", "形式"], "教育機関一覧.csv", (), "opendata_list"),  # 長門市
        (["@id", "emergency", "man_made", "name", "source"], "20221217_AEDmap.geojson", (), "aed"),  # 調布市
        (["行政区", "世帯数", "男", "女", "計"], "352110_ad_population_202406.xlsx", (), "population"),  # 長門市
        (["NO", "施設・場所名", "住所", "洪水", "津波", "地震"], "352136.json", (), "shelter"),  # 国土地理院
        (["施設名", "住所", "電話"], "list.csv", ("令和6年度 医療機関一覧",), "medical"),
        (["id", "ward", "gakku", "name", "capacity", "tel"], "ShelterModel-2021.csv", (), None),  # 京都市
        (["地区", "センター", "可燃ごみ", "不燃ごみ", "ペットボトル"], "area_days.csv", (), None),  # 京丹後市
        (["NO", "共通ID", "施設・場所名", "住所", "受入対象者", "備考"], "gsi_evacuation.json", (), None),  # 国土地理院
        (["地先名", "規制条件", "路線名", "危険内容", "迂回路", "備考"], "regulation_Point.csv", (), None),  # 和歌山県
        (["pid", "pref", "cid", "city", "citykana", "lat", "lng", "url"], "localgovjp-utf8.csv", (), None),
        (["文化財名", "指定区分", "所在地", "指定年月日", "所有者"], "市内の文化財.xlsx", (), "cultural_property"),
        (["町名", "世帯数", "男", "女", "計"], "人口統計.csv", (), "population"),
        (["", "", ""], "culture.csv", (), "cultural_property"),  # 山口県: no header row
        (["年", "観光客数"], "tourism_statistics.csv", (), None),
        (["施設名", "住所", "緯度", "経度"], "data.csv", (), None),
        ([], "", (), None),
    ],
)
def test_a_file_of_its_own_layout_is_told_by_headings_and_names(
    headings: list[str], file_name: str, lines: tuple[str, ...], kind: str | None
) -> None:
    assert guess_standard(headings, file_name, title_lines=lines).kind == kind


def test_headings_beat_a_file_name_that_says_something_else() -> None:
    names = load_standard("tourism", "municipal-standard-v3").names
    assert guess_standard(names, "352039_aed.csv").kind == "tourism"


def test_a_kind_that_is_said_stays_and_only_the_edition_is_guessed() -> None:
    names = load_standard("tourism", "municipal-standard-v3").names
    guess = guess_standard(names, kind="aed")
    assert (guess.kind, guess.edition) == ("aed", "municipal-standard-v3")
    assert guess_standard(names, edition="recommended-v1").edition == "recommended-v1"


def test_an_unknown_kind_stops_with_the_kinds_that_exist() -> None:
    for ask in (lambda: guess_standard(["名称"], kind="aeds"), lambda: load_standard("aeds", "recommended-v1")):
        with pytest.raises(DeclarationError, match="aed") as stop:
            ask()
        assert stop.value.code == "kind-unknown" and "aed" in stop.value.todo_ja
    with pytest.raises(DeclarationError) as stop:
        load_standard("aed", "v9")
    assert stop.value.code == "edition-unknown" and "recommended-v1" in stop.value.todo_ja
    with pytest.raises(DeclarationError) as stop:
        load_standard("baby_station", "municipal-standard-v3")
    assert stop.value.code == "kind-without-schema"
    with pytest.raises(DeclarationError):
        load_standard("aed", "../aed/recommended-v1")


def test_a_guess_costs_little() -> None:
    names = load_standard("event", "municipal-standard-v3").names
    guess_standard(names)
    start = time.process_time()
    for _ in range(10):
        guess_standard(names, "352071_event.csv")
    assert (time.process_time() - start) / 10 < 0.03


# ---- local kinds and foreign schemas


def _write(path: Path, schema: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(schema, ensure_ascii=False), encoding="utf-8")
    return path


TOWER = {
    "title": "給水塔一覧",
    "fields": [
        {"name": "給水塔名", "type": "string", "constraints": {"required": True}},
        {"name": "水量", "type": "number", "aliases": ["水槽容量"]},
        {"name": "塔高", "type": "number"},
    ],
}


def test_a_workspace_may_have_kinds_of_its_own(tmp_path: Path) -> None:
    _write(tmp_path / "water_tower" / "local-v1.json", TOWER)
    standard = load_standard("water_tower", "local-v1", tmp_path)
    assert standard.local and standard.confidence == "declared" and standard.file_slug == "water_tower"
    assert (standard.fields[0].requirement.mark, standard.fields[0].requirement.basis) == ("required", "declared")
    assert [k.id for k in list_kinds(tmp_path) if k.local][-1] == "water_tower"
    assert [(s.kind, s.columns) for s in list_standards(tmp_path) if s.local][-1] == ("water_tower", 3)
    assert guess_standard(["給水塔名", "水槽容量", "塔高"], local=tmp_path).kind == "water_tower"
    assert fold_heading("水槽容量") in known_headings(tmp_path) - known_headings()


def test_a_kind_of_the_standard_may_not_be_redefined(tmp_path: Path) -> None:
    _write(tmp_path / "aed" / "recommended-v1.json", TOWER)
    with pytest.raises(DeclarationError) as stop:
        load_standard("aed", "recommended-v1", tmp_path)
    assert stop.value.code == "schema-redefines-shipped"


def test_the_checkout_itself_may_be_a_workspace(tmp_path: Path) -> None:
    assert load_standard("aed", "recommended-v1", FOLDER).kind == "aed"
    same = (FOLDER / "aed" / "recommended-v1.json").read_text(encoding="utf-8")
    (tmp_path / "aed").mkdir()
    (tmp_path / "aed" / "recommended-v1.json").write_text(same, encoding="utf-8")
    assert not load_standard("aed", "recommended-v1", tmp_path).local


def test_any_table_schema_becomes_a_standard_without_a_kind(tmp_path: Path) -> None:
    path = _write(
        tmp_path / "s.json", {"fields": [{"name": "id", "type": "integer"}, {"name": "note"}], "primaryKey": "id"}
    )
    standard = load_table_schema(path)
    assert (standard.kind, standard.edition, standard.names) == ("", "", ("id", "note"))
    assert [f.type for f in standard.fields] == ["integer", "any"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", "schema-not-json"),
        ("[]", "schema-not-json"),
        ("{}", "schema-no-fields"),
        ('{"fields": []}', "schema-no-fields"),
        ('{"fields": [{"type": "string"}]}', "schema-field-wrong"),
        ('{"fields": [{"name": "a", "type": "text"}]}', "schema-field-wrong"),
        ('{"fields": [{"name": "a", "constraints": {"pattern": "("}}]}', "schema-field-wrong"),
        ('{"fields": [{"name": "a", "constraints": {"enum": "x"}}]}', "schema-field-wrong"),
        ('{"fields": [{"name": "a"}], "primaryKey": ["b"]}', "schema-field-wrong"),
        ('{"fields": [{"name": "a"}, {"name": "a"}]}', "schema-duplicate-field"),
    ],
)
def test_a_wrong_schema_stops_with_its_place_and_what_to_do(tmp_path: Path, text: str, code: str) -> None:
    path = tmp_path / "s.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DeclarationError) as stop:
        load_table_schema(path)
    assert stop.value.code == code and stop.value.where == str(path)
    assert stop.value.ja and stop.value.en and stop.value.todo_ja and stop.value.todo_en


def test_a_schema_that_is_not_there_stops(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError) as stop:
        load_table_schema(tmp_path / "none.json")
    assert stop.value.code == "schema-unreadable"
