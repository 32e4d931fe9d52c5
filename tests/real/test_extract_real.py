"""Every real file opens with the encoding, format, header row and row count that its index has."""

from __future__ import annotations

import csv
import os
import random
from pathlib import Path

import pytest

from pipelines.errors import SourceError
from pipelines.extract import Limits, open_source

SHARED = Path(os.environ.get("KOKAI_SHARED", Path(__file__).resolve().parents[2].parent / "shared"))
REAL = SHARED / "real"
pytestmark = pytest.mark.shared
if not (REAL / "INDEX.csv").exists():
    pytest.skip("the shared test input is not here (KOKAI_SHARED)", allow_module_level=True)

with (REAL / "INDEX.csv").open(encoding="utf-8-sig", newline="") as _file:
    INDEX = list(csv.DictReader(_file))
ENCODINGS = {"UTF-8": "utf-8", "UTF-8 BOM": "utf-8-sig", "CP932": "cp932", "XLSX": None, "XLS": None,
             "UTF-8 GeoJSON": "utf-8", "ZIP (UTF-8 BOM txt)": "utf-8-sig"}
FORMATS = {"XLSX": "xlsx", "XLS": "xls", "UTF-8 GeoJSON": "geojson", "ZIP (UTF-8 BOM txt)": "zip"}


@pytest.mark.parametrize("entry", INDEX, ids=[e["path"] for e in INDEX])
def test_a_real_file_opens_as_the_index_says(entry: dict[str, str]) -> None:
    source = open_source(REAL / entry["path"])
    rows = sum(table.rows for table, _ in source.blocks())
    assert source.encoding == ENCODINGS[entry["encoding"]]
    assert source.format == FORMATS.get(entry["encoding"], "tsv" if "tab separated" in entry["notes"] else "csv")
    assert source.header_row == (int(entry["header_row"]) if entry["header_row"] else None)
    assert rows == int(entry["rows"])
    assert source.size_bytes == int(entry["bytes"])
    assert len(set(source.columns)) == len(source.columns)


def test_damaged_copies_of_real_files_raise_nothing_but_a_source_error(tmp_path: Path) -> None:
    chance = random.Random(20240401)
    small = [e["path"] for e in INDEX if int(e["bytes"]) < 60_000]
    limits = Limits(seconds=20, memory_bytes=1 << 30)
    for i, name in enumerate(chance.sample(small, 30)):
        data = bytearray((REAL / name).read_bytes())
        if i % 3 == 0:
            del data[chance.randrange(1, len(data)) :]
        else:
            for _ in range(1 + len(data) // 500):
                data[chance.randrange(len(data))] = chance.randrange(256)
        path = tmp_path / f"damaged-{i}.bin"
        path.write_bytes(bytes(data))
        try:
            source = open_source(path, limits=limits)
            for table, findings in source.blocks():
                assert table.columns == source.columns
                assert findings.width == 6
        except SourceError as error:
            assert error.ja
            assert error.todo_en
