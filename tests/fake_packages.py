"""Small made-up bodies, standards and packages for the tests of package, metadata and site."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from pipelines.model import (
    FINDINGS,
    FIXES,
    Contact,
    Dataset,
    Field,
    Licence,
    Municipality,
    Package,
    Requirement,
    Standard,
    Table,
)
from pipelines.package import ResourceData, write_package

CC_BY = Licence("CC-BY-4.0", "クリエイティブ・コモンズ 表示 4.0 国際", "https://creativecommons.org/licenses/by/4.0/deed.ja")

AED_FIELDS: list[dict[str, Any]] = [
    {"name": "全国地方公共団体コード", "type": "string", "rule": "lgcode6",
     "requirement": {"mark": "required", "basis": "read"}, "description": "6桁の団体コード",
     "constraints": {"required": True, "pattern": "[0-9]{6}"}},
    {"name": "ID", "type": "string", "rule": "id", "requirement": {"mark": "recommended", "basis": "inferred"}},
    {"name": "名称", "type": "string", "requirement": {"mark": "required", "basis": "read"},
     "constraints": {"required": True}},
    {"name": "所在地_連結表記", "type": "string", "requirement": {"mark": "required", "basis": "read"}},
    {"name": "緯度", "type": "number", "rule": "lat", "requirement": {"mark": "recommended", "basis": "read"}},
    {"name": "経度", "type": "number", "rule": "lon", "requirement": {"mark": "recommended", "basis": "read"}},
    {"name": "台数", "type": "integer", "requirement": {"mark": "optional", "basis": "unknown"}},
    {"name": "備考", "type": "string", "requirement": {"mark": "optional", "basis": "unknown"}},
]
AED_ROWS: list[list[str | None]] = [
    ["352136", "0001", "美祢市役所", "山口県美祢市大嶺町東分326-1", "34.166700", "131.205600", "2", None],
    ["352136", "0002", '秋芳洞「広場」,南 "入口"', "山口県美祢市秋芳町", "34.228000", "131.303000", "1", "1階\nロビー"],
    ["352136", "0003", "<b>美東</b>総合支所 & 公民館", "山口県美祢市美東町大田", None, None, None, "=1+1"],
]


def make_standard(
    kind: str = "aed", title: str = "AED設置箇所一覧", slug: str = "aed", fields: list[dict[str, Any]] | None = None,
    *, local: bool = False, dated: bool = False,
) -> Standard:
    specs = fields or AED_FIELDS
    made = tuple(
        Field(s["name"], s["type"], s.get("format"), s.get("rule"),
              Requirement(s["requirement"]["mark"], s["requirement"]["basis"]), (), s)
        for s in specs
    )
    schema = {"edition_title": "自治体標準オープンデータセット 正式版", "fields": specs, "missingValues": [""],
              "primaryKey": ["ID"]}
    return Standard(kind, "municipal-standard-v3", title, "AED locations", "13", slug, dated, "exact", made, schema,
                    local=local)


def make_body(code: str = "352136", name: str = "美祢市", folder: Path = Path(), **more: Any) -> Municipality:
    given: dict[str, Any] = {
        "name_kana": "ミネシ", "name_en": "Mine", "prefecture": "山口県", "corporate_number": "4000020352136",
        "organization_id": "mine-city", "licence": CC_BY,
        "contact": Contact("デジタル推進課", "(0837)52-1110", "digital@city.example.lg.jp"), "crs": "EPSG:6668",
        "catalogues": (), "sample": False, "homepage": "https://www.city.example.lg.jp/",
    }
    return Municipality(code=code, name=name, folder=folder, **(given | more))


def make_dataset(body: Municipality | None = None, **more: Any) -> Dataset:
    given: dict[str, Any] = {
        "id": "aed", "kind": "aed", "edition": "municipal-standard-v3", "body": body or make_body(),
        "title": "AED設置箇所一覧", "description": "", "section": "消防本部", "frequency": "annual",
        "as_of": "2025-04-01", "path": Path("aed.yml"), "keywords": ("救急・防災", "AED", "橋"), "theme": "",
    }
    return Dataset(**(given | more))


def make_table(rows: list[list[str | None]] | None = None, columns: list[str] | None = None) -> Table:
    names = columns or [f["name"] for f in AED_FIELDS]
    return Table.from_rows(names, AED_ROWS if rows is None else rows)


def make_package(
    folder: Path, dataset: Dataset | None = None, standard: Standard | None = None,
    resources: list[ResourceData] | None = None, **more: Any,
) -> Package:
    dataset, standard = dataset or make_dataset(), standard or make_standard()
    given: dict[str, Any] = {
        "findings": pl.DataFrame(schema=FINDINGS), "fixes": pl.DataFrame(schema=FIXES), "status": "ready",
        "reasons": [], "sources": [{"name": "aed.csv", "sha256": "0" * 64, "size_bytes": 10, "encoding": "cp932"}],
    }
    data = resources or [ResourceData(None, make_table(), dataset.as_of)]
    return write_package(folder / dataset.name(standard), dataset, standard, data, **(given | more))
