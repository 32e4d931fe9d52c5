"""Even text tables, read in one go: the same table and findings as the careful way gives, or the careful way itself."""

from __future__ import annotations

import csv
import io
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.errors import SourceError
from pipelines.extract import delimited, open_source
from pipelines.extract.even import read_even

CELLS = st.one_of(
    st.sampled_from(["", " ", "　", "1", "図書館", "合計", "※注", 'a"b', '"', "x,y", "x\ny", "x\r\ny", "計測所", "#", "\ufeff"]),
    st.text(alphabet="aあ1 ,;\t\"\n", max_size=4),
)


def told(path: Path) -> Any:
    """All that a Source says, or the code of the stop."""
    try:
        source = open_source(path)
    except SourceError as stopped:
        return stopped.code
    blocks = [(table.frame.to_dict(as_series=False), found.to_dicts()) for table, found in source.blocks()]
    return (source.format, source.encoding, source.header_row, source.columns, source.headings,
            source.findings.to_dicts(), blocks)


@settings(deadline=None, max_examples=150)
@given(
    rows=st.lists(st.lists(CELLS, min_size=1, max_size=4), min_size=1, max_size=6),
    even=st.booleans(), separator=st.sampled_from(",,,\t;"), end=st.sampled_from(["\r\n", "\n"]), cut=st.booleans(),
)
def test_the_quick_read_of_a_table_is_that_of_the_careful_way(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], even: bool, separator: str, end: str, cut: bool
) -> None:
    body = [(row * 4)[: len(rows[0])] for row in rows] if even else rows
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, lineterminator=end)
    writer.writerows([["名称", "所在地", "電話番号", "備考"][: len(rows[0])], *body])
    path = tmp_path_factory.mktemp("even") / "a.csv"
    path.write_bytes((text.getvalue().removesuffix(end) if cut else text.getvalue()).encode("utf-8", "replace"))
    quick = told(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delimited, "read_even", lambda *_: None)
        assert quick == told(path)


@pytest.mark.parametrize("text", [
    "名称,所在地,備考\nA,B,C\n", '名称,所在地,備考\r\n"A","B, C",D\r\n"D\r\nE","F ""G""",""\r\nA,B,C\r\n',
    "名称,所在地,備考\nA,,\n,B,\nA,B,C",
])
def test_an_even_table_is_read_at_once(text: str) -> None:
    assert read_even(text, ",", ("名称", "所在地", "備考")) is not None


@pytest.mark.parametrize("text", [
    "名称,所在地\nA\n", "名称,所在地\nA,B,C\n", "名称,所在地\n,\nA,B\n", "名称,所在地\n\nA,B\n", '名称,所在地\nA,x"y\n',
    "名称,\nA,B\n", "名称,所在地\rA,B\r", "一覧,\n名称,所在地\nA,B\n",
    '名称,所在地\n"A,B\nC,D\n', "名称,所在地\n" + '"","　"\nA,B\n',
])
def test_an_uneven_table_goes_the_careful_way(text: str) -> None:
    assert read_even(text, ",", ()) is None


@pytest.mark.parametrize("size", [50, 200, 5_000, 20_000])
@pytest.mark.parametrize("low", [0, 1, 128])
def test_bytes_by_chance_are_no_table(tmp_path: Path, size: int, low: int) -> None:
    for seed in range(5):
        dice = random.Random(seed)
        path = tmp_path / "a.csv"
        path.write_bytes(bytes(dice.randrange(low, 256) for _ in range(size)))
        with pytest.raises(SourceError):
            open_source(path)
