"""One tool over one set of files, in a process of its own: `python -m bench.validate_tools TOOL OUT SCHEMA FILE…`.

The peers of the validation bench and the bare CSV reader. Kokai itself runs through its command line.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

BLOCK_BYTES = 4 << 20
GX_SECONDS = 600


def plain_blocks(path: Path, block_bytes: int = BLOCK_BYTES) -> Iterator[bytes]:
    """Blocks of whole CSV records without the header (a record may hold line breaks in quotes)."""
    with path.open("rb") as file:
        file.readline()
        rest = b""
        while True:
            block = file.read(block_bytes)
            data = rest + block
            if not data:
                return
            cut = len(data)
            if block:
                cut = data.rfind(b"\n") + 1
                while cut and data.count(b'"', 0, cut) % 2:
                    cut = data.rfind(b"\n", 0, cut - 1) + 1
            rest = data[cut:]
            if cut:
                yield data[:cut]
            if not block:
                return


def run_read(out: Path, _schema: Path, tables: Sequence[Path]) -> None:
    """Only read the CSV in blocks: the limit that no validator on the same reader can pass."""
    import polars as pl

    rows = 0
    for table in tables:
        for data in plain_blocks(table):
            rows += pl.read_csv(data, has_header=False, infer_schema=False).height
    out.write_text(str(rows), encoding="utf-8")


def run_import(out: Path, _schema: Path, _tables: Sequence[Path]) -> None:
    """Only import polars: what every process of Kokai pays before it begins."""
    import polars as pl

    out.write_text(pl.__version__, encoding="utf-8")


def _frictionless(out: Path, schema: Path, tables: Sequence[Path], **limits: int) -> None:
    from frictionless import Resource, Schema, system  # type: ignore[import-untyped, unused-ignore]

    cells: list[list[Any]] = []
    with system.use_context(trusted=True):
        for table in tables:
            resource = Resource(path=str(table), schema=Schema.from_descriptor(str(schema)))
            report = resource.validate(**limits)
            found = json.loads(report.to_json())["tasks"][0]["errors"]
            cells += [[e["rowNumber"], e["fieldName"]] for e in found if "fieldName" in e]
            out.with_suffix(".json").write_text(report.to_json(), encoding="utf-8")
    out.write_text(json.dumps(cells, ensure_ascii=False), encoding="utf-8")


def run_read_workbook(out: Path, schema: Path, tables: Sequence[Path]) -> None:
    """python-calamine alone, every cell to Python: what reading a workbook costs."""
    import python_calamine

    for table in tables:
        python_calamine.CalamineWorkbook.from_path(str(table)).get_sheet_by_index(0).to_python()


def run_loop(out: Path, schema: Path, tables: Sequence[Path]) -> None:
    """Five million steps of plain Python: 0.3 to 0.5 CPU-s on a quick machine, a yardstick for every absolute number."""
    total = 0
    for i in range(5_000_000):
        total += i * i % 7


def run_frictionless(out: Path, schema: Path, tables: Sequence[Path]) -> None:
    """frictionless 5 with its cap lifted, report as JSON."""
    _frictionless(out, schema, tables, limit_errors=10**9)


def run_frictionless_shipped(out: Path, schema: Path, tables: Sequence[Path]) -> None:
    """frictionless 5 as it is shipped: it stops at 1,000 errors."""
    _frictionless(out, schema, tables)


def run_great_expectations(out: Path, schema: Path, tables: Sequence[Path]) -> None:
    """great_expectations on pandas, one expectation a constraint, complete results; stops after ten minutes."""
    import resource

    import great_expectations as gx  # type: ignore[import-untyped, unused-ignore]
    import pandas as pd

    resource.setrlimit(resource.RLIMIT_CPU, (GX_SECONDS, GX_SECONDS))
    frame = pd.read_csv(tables[0], dtype=str, keep_default_na=True)
    rules = gx.expectations
    wanted = []
    for field in json.loads(schema.read_text(encoding="utf-8"))["fields"]:
        name, given = field["name"], field.get("constraints", {})
        if given.get("required"):
            wanted.append(rules.ExpectColumnValuesToNotBeNull(column=name))
        if given.get("unique"):
            wanted.append(rules.ExpectColumnValuesToBeUnique(column=name))
        if given.get("pattern"):
            wanted.append(rules.ExpectColumnValuesToMatchRegex(column=name, regex=f"^(?:{given['pattern']})$"))
        if given.get("enum"):
            wanted.append(rules.ExpectColumnValuesToBeInSet(column=name, value_set=given["enum"]))
        if given.get("maxLength"):
            wanted.append(rules.ExpectColumnValueLengthsToBeBetween(column=name, max_value=given["maxLength"]))
        if field["type"] in ("date", "time"):
            form = "%Y-%m-%d" if field["type"] == "date" else field["format"]
            wanted.append(rules.ExpectColumnValuesToMatchStrftimeFormat(column=name, strftime_format=form))
        if field.get("format") == "email":
            wanted.append(rules.ExpectColumnValuesToMatchRegex(column=name, regex=r"^[^@\s]+@[^@\s]+\.[A-Za-z]+$"))
        if field["type"] in ("integer", "number"):
            digits = r"^-?[0-9]+$" if field["type"] == "integer" else r"^-?[0-9]+(\.[0-9]+)?$"
            wanted.append(rules.ExpectColumnValuesToMatchRegex(column=name, regex=digits))
        if "minimum" in given:
            frame[name + "#"] = pd.to_numeric(frame[name], errors="coerce")
            wanted.append(rules.ExpectColumnValuesToBeBetween(
                column=name + "#", min_value=given["minimum"], max_value=given["maximum"]))
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    batch = context.data_sources.add_pandas("p").add_dataframe_asset("t").add_batch_definition_whole_dataframe("b")
    suite = gx.ExpectationSuite(name="s", expectations=wanted)
    found = batch.get_batch({"dataframe": frame}).validate(suite, result_format="COMPLETE")
    cells = []
    for result in found.results:
        column = str(result.expectation_config.kwargs["column"]).rstrip("#")
        cells += [[int(i) + 2, column] for i in result.result.get("unexpected_index_list") or ()]
    out.write_text(json.dumps(cells, ensure_ascii=False), encoding="utf-8")


TOOLS = {
    "read": run_read,
    "import": run_import,
    "read-workbook": run_read_workbook,
    "loop": run_loop,
    "frictionless": run_frictionless,
    "frictionless-shipped": run_frictionless_shipped,
    "great_expectations": run_great_expectations,
}

if __name__ == "__main__":
    TOOLS[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]), [Path(p) for p in sys.argv[4:]])
