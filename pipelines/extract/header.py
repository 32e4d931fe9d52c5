"""A grid of text cells to the place of its table: header row, first data row, last data row, columns."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from pipelines.values.headings import fold_heading
from pipelines.values.patterns import late_pattern

Row = Sequence["str | None"]
_NUMBER = late_pattern(r"^[\s(△▲+\-－]*[0-9０-９][0-9０-９,，.．:：/／\-－]*[)%％\s]*$")
_CODE_LIKE = late_pattern(r"^[A-Za-z]{0,6}[0-9\-]{3,}[A-Za-z]?$|^https?://|@|^[0-9]{4}[-/年][0-9]")
_ADDRESS = late_pattern("^.{2,4}[都道府県].{1,8}[市区町村].+|[0-9０-９一二三四五六七八九十]+(?:番地|丁目|号)")
_NOTE = late_pattern(
    r"^[\s　]*(?:[※＊*注]|（注|\(注|【注|［注|出典|出所|資料[:：]|備考[:：]|最終更新|更新日|作成[日者:：]|以上$|"
    r"ver\.?\s*[0-9]|問い?合わ?せ|担当|凡例|本データ|このデータ|この作品|クリエイティブ)",
    re.IGNORECASE,
)
_SENTENCE = late_pattern("[。、：:]|です|ます|ください|参照|による|より作成|現在|時点|http|ホームページ|場合|とする")
_TOTAL = late_pattern(r"^(?:総?合計|総?計|小計|総数|全体|累計|total|grandtotal|合計数|件数合計|市計|町計|県計)$")
_UNIT = late_pattern("(?:件|人|名|か所|箇所|ヶ所|カ所|施設|世帯|台|基|戸|円|校|園)$")
HEAD_ROWS = 60
"""A header is looked for in these rows."""


@dataclass(frozen=True)
class Layout:
    """Where the table stands, all numbers 0-based in the grid."""

    header: int | None  # the last row of the header; None = headerless
    first: int  # first data row
    names: tuple[str, ...]  # headings as they stand, "" for blank (joined 上_下 for two rows)
    titles: tuple[int, ...] = ()  # filled rows above the header
    preface: tuple[int, ...] = ()  # rows between header and data that are no data (LinkData)
    upper: int | None = None  # the upper row of a two-row header
    linkdata: bool = False
    labels: tuple[str, ...] = field(default=())  # better names for `names`, where a file has both


def filled(row: Row) -> list[int]:
    """Indexes of the cells of a row that are not blank."""
    return [i for i, cell in enumerate(row) if cell is not None and cell.strip()]


def find_table(grid: Sequence[Row], known: Collection[str] = (), header_row: int | None = None,
               merges: Sequence[tuple[int, int, int, int]] = ()) -> Layout | None:
    """The table in the first rows of a grid (a list of rows of text), None if there is nothing.

    `known` are folded headings of all standards; `header_row` (1-based) overrules the search; `merges` are
    merged ranges (first row, first column, last row, last column), 0-based and inclusive.
    """
    head = grid[: max(HEAD_ROWS, (header_row or 0) + 2)]
    marks = [filled(row) for row in head]
    if not any(marks) or (header_row or 0) > len(head):
        return None
    link = _linkdata(head, marks) if header_row is None else None
    if link is not None:
        return link
    if header_row is not None:
        return _layout(head, marks, header_row - 1, known, merges)
    best = _best_header(head, marks, known)
    if best is None:
        first = next(i for i, m in enumerate(marks) if len(m) >= max(1, _width(marks) // 2))
        titles = tuple(i for i in range(first) if marks[i])
        return Layout(None, first, (), titles)
    return _layout(head, marks, best, known, merges)


def _width(marks: Sequence[Sequence[int]]) -> int:
    """The usual number of filled cells of a row: the upper quartile, so that sparse rows do not narrow it."""
    counts = sorted(len(m) for m in marks if m)
    return counts[(len(counts) * 3) // 4] if counts else 0


def _best_header(head: Sequence[Row], marks: Sequence[Sequence[int]], known: Collection[str]) -> int | None:
    width = _width(marks)
    top = next((i for i, mark in enumerate(marks) if mark), 0)
    if len(marks[top]) >= max(width, 3) and _all_known([(head[top][j] or "").strip() for j in marks[top]], known):
        return top  # nothing further down can look more like a header
    cells = [[(cell or "").strip() for cell in row] for row in head]
    data = [[bool(c) and bool(_NUMBER.match(c) or _CODE_LIKE.search(c)) for c in row] for row in cells]
    best: tuple[float, int] | None = None
    for i, mark in enumerate(marks[:40]):
        if best is not None and i > best[1] + 12:
            break
        if not mark or (len(mark) < 2 and width > 1) or len(mark) * 3 < width:
            continue
        score = _header_score(cells, data, marks, i, width, known)
        # Where nothing else tells, the first row that is about as wide as the table is its header.
        margin = 0.15 if best is None or len(marks[best[1]]) * 3 < width * 2 else 0.5
        if score > 0 and (best is None or score > best[0] + margin):
            best = (score, i)
    return best[1] if best else None


def surely_header(first: Sequence[str], known: Collection[str]) -> bool:
    """True if a first row without blanks is the header whatever stands below: all its cells are known headings."""
    return len(first) >= 3 and _all_known([text.strip() for text in first], known)


def _all_known(texts: Sequence[str], known: Collection[str]) -> bool:
    return len(set(texts)) == len(texts) and all(fold_heading(t) in known for t in texts)


def _header_score(cells: Sequence[Sequence[str]], data: Sequence[Sequence[bool]], marks: Sequence[Sequence[int]],
                  i: int, width: int, known: Collection[str]) -> float:
    mark = marks[i]
    texts = [cells[i][j] for j in mark]
    n = len(texts)
    hits = sum(1 for t in texts if fold_heading(t) in known) if known else 0
    numbers = sum(1 for t in texts if _NUMBER.match(t))
    data_like = sum(1 for t in texts if _CODE_LIKE.search(t) or _ADDRESS.search(t))
    long = sum(1 for t in texts if len(t) > 40)
    repeated = n - len(set(texts))
    score = min(1.0, n / max(width, 1)) + 1.5 * hits / n - 2.0 * numbers / n - 2.5 * data_like / n
    score -= 1.5 * long / n + 0.5 * repeated / n
    below = [k for k in range(i + 1, min(len(cells), i + 40)) if marks[k] and len(marks[k]) * 3 >= n][:15]
    if below:
        score += _contrast(cells, data, below, i, mark)
    elif hits == 0 and i > 0:
        score -= 1.0
    if hits >= max(2, n // 2):
        score += 1.0
    return score - 0.35


def _contrast(cells: Sequence[Sequence[str]], data: Sequence[Sequence[bool]], below: Sequence[int], i: int,
              mark: Sequence[int]) -> float:
    """How differently the rows below are written: numbers under a word, or the very value of the header again."""
    kinds = repeats = 0
    for j in mark:
        own = cells[i][j]
        rows = [k for k in below if j < len(cells[k]) and cells[k][j]]
        if not rows:
            continue
        if not data[i][j] and sum(1 for k in rows if data[k][j]) * 2 > len(rows):
            kinds += 1
        if sum(1 for k in rows if cells[k][j] == own) * 3 > len(rows):
            repeats += 1
    n = len(mark)
    return min(0.6, 1.8 * kinds / n) - 1.5 * repeats / n


def _linkdata(head: Sequence[Row], marks: Sequence[Sequence[int]]) -> Layout | None:
    """LinkData templates: `#LINK` on top, headings in the row `#property`, rows with # below are no data."""
    first = [(row[0] or "").strip() if len(row) else "" for row in head]
    if not any(c.startswith(("#LINK", "#property")) for c in first[:12]):
        return None
    at = next((i for i, c in enumerate(first) if re.match(r"^#property(?![_A-Za-z])", c)), None)
    if at is None:
        return None
    preface = []
    for i in range(at + 1, len(head)):
        if not first[i].startswith("#"):
            break
        preface.append(i)
    width = max(len(row) for row in head[: at + 1 + len(preface)])
    names = _cells(head[at], width)
    labels = []
    for j, name in enumerate(names):
        above = head[at - 1][j] if at and j < len(head[at - 1]) else None
        above = "" if above is None or above.startswith(("#", "http")) else above.strip()
        labels.append(_LINKDATA_NAMES.get(name.rsplit("#", 1)[-1] if "://" in name else "", "") or above
                      or ("ID" if j == 0 else name))
    start = at + 1 + len(preface)
    return Layout(at, start, names, tuple(i for i in range(at) if marks[i]), tuple(preface), None, True, tuple(labels))


_LINKDATA_NAMES = {"label": "名称", "lat": "緯度", "long": "経度"}


def _cells(row: Row, width: int) -> tuple[str, ...]:
    return tuple((row[j] or "") if j < len(row) else "" for j in range(width))


def _layout(head: Sequence[Row], marks: Sequence[Sequence[int]], at: int, known: Collection[str],
            merges: Sequence[tuple[int, int, int, int]]) -> Layout:
    width = max((m[-1] + 1 for m in marks if m), default=0)
    titles = tuple(i for i in range(at) if marks[i])
    names = _cells(head[at], width)
    spans = [m for m in merges if m[0] == at and m[3] > m[1]]
    lower = at + 1
    if lower < len(head) and _is_lower_header(head, marks, at, spans, known):
        return Layout(lower, lower + 1, _join(head[at], head[lower], width, spans), titles, (), at)
    if at > 0 and _is_group_row(head, marks, at, merges):
        spans = [m for m in merges if m[0] == at - 1 and m[3] > m[1]]
        return Layout(at, at + 1, _join(head[at - 1], head[at], width, spans), titles[:-1], (), at - 1)
    return Layout(at, at + 1, names, titles)


def _is_lower_header(head: Sequence[Row], marks: Sequence[Sequence[int]], at: int,
                     spans: Sequence[tuple[int, int, int, int]], known: Collection[str]) -> bool:
    """A second header row: words only, under gaps of the row above, and other kinds of cells further down."""
    lower = marks[at + 1]
    if not lower:
        return False
    texts = [(head[at + 1][j] or "").strip() for j in lower]
    if any(_NUMBER.match(t) or _CODE_LIKE.search(t) or len(t) > 30 for t in texts):
        return False
    covered = {j for m in spans for j in range(m[1], m[3] + 1)}
    if covered:
        return sum(1 for j in lower if j in covered) * 2 > len(lower) and not set(lower) - covered - _blank(head[at])
    upper = [(cell or "").strip() for cell in head[at]]
    if 2 <= len(lower) < len(marks[at]) and all(upper[j] and upper.count(upper[j]) > 1 for j in lower if j < len(upper)):
        return True  # 所在地 | 所在地 | 所在地 above 都道府県 | 市区町村 | 町字, and nothing below the other headings
    gaps = [j for j in lower if j not in marks[at]]
    if len(gaps) < 2 or len(gaps) * 2 < len(lower):
        return False
    below = [k for k in range(at + 2, min(len(head), at + 12)) if marks[k]]
    cells = [(head[k][j] or "").strip() for k in below for j in gaps if j < len(head[k])]
    return bool(below) and sum(1 for c in cells if _NUMBER.match(c)) * 2 > len(below) * len(gaps)


def _blank(row: Row) -> set[int]:
    return {j for j, cell in enumerate(row) if cell is None or not cell.strip()}


def _is_group_row(head: Sequence[Row], marks: Sequence[Sequence[int]], at: int,
                  merges: Sequence[tuple[int, int, int, int]]) -> bool:
    """True if the row above holds group headings merged over some of these columns (and not one over all)."""
    wide = [m for m in merges if m[0] == at - 1 and m[2] == at - 1 and m[3] > m[1]]
    tall = [m for m in merges if m[0] <= at - 1 and m[2] == at and m[1] == m[3]]
    if not wide:
        return False
    return len(marks[at - 1]) >= 2 and (bool(tall) or len(wide) >= 2)


def _join(upper: Row, lower: Row, width: int, spans: Sequence[tuple[int, int, int, int]]) -> tuple[str, ...]:
    names: list[str] = []
    group = ""
    for j in range(width):
        top = (upper[j] or "").strip() if j < len(upper) else ""
        low = (lower[j] or "").strip() if j < len(lower) else ""
        span = next((m for m in spans if m[1] <= j <= m[3]), None)
        if span is not None:
            group = (upper[span[1]] or "").strip()
            names.append(f"{group}_{low}" if group and low else group or low)
        elif top and low:
            group = top
            names.append(f"{top}_{low}")
        elif low and group and not spans:
            names.append(f"{group}_{low}")
        else:
            group = top
            names.append(top or low)
    return tuple(names)


def find_tail(rows: Sequence[Row], width: int, records: int, look: int = 30) -> list[tuple[int, str]]:
    """Rows at the end that are no data: (index, "note-row-left-out" or "total-row-left-out").

    `rows` are the last rows of a table of `records` rows and `width` named columns.

    A note is one filled cell that stands under the table; a total row begins with 合計, 計, 総数 … and stands
    after the last record. 小計 between records, and a 総数 that is the first record, stay.
    """
    out: list[tuple[int, str]] = []
    for i in range(len(rows) - 1, max(-1, len(rows) - 1 - look), -1):
        mark = filled(rows[i])
        if not mark:
            continue
        first = (rows[i][mark[0]] or "").strip()
        alone = len(mark) == 1 and (len(first) > 60 or (len(first) > 12 and _SENTENCE.search(first) is not None))
        few = width >= 3 and len(mark) <= 2 and (alone or _NOTE.match(first) is not None)
        if few and _width([filled(r) for r in rows[-200:]]) > 2:
            out.append((i, "note-row-left-out"))
        elif records > 1 and is_total(rows[i], mark):
            out.append((i, "total-row-left-out"))
        else:
            break
    return out


def is_total(row: Row, mark: Sequence[int]) -> bool:
    """True if a row is a total: its first words are 合計, 計, 総数 …, the rest numbers or nothing."""
    words = [re.sub(r"[\s　]", "", row[j] or "").lower() for j in mark]
    at = next((i for i, w in enumerate(words[:4]) if _TOTAL.match(w)), None)
    if at is None:
        return False
    return all(_NUMBER.match(_UNIT.sub("", w)) or _TOTAL.match(w) for i, w in enumerate(words) if i != at and w not in ("-", "－"))


def side_by_side(names: Sequence[str]) -> bool:
    """True if the headings are one group repeated: several tables beside each other on one sheet."""
    words = [n.strip() for n in names if n.strip()]
    if len(words) < 4:
        return False
    starts = [i for i, w in enumerate(words) if w == words[0]]
    if len(starts) < 2 or len(words) % len(starts):
        return False
    step = len(words) // len(starts)
    return step >= 2 and all(words[i] == words[i % step] for i in range(len(words)))
