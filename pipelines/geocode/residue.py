"""What stands after the town (番地, 号, 建物名, 外, 地先, ranges) to numbers, places in the text and flags."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from pipelines.geocode.fold import HYPHEN, NO, NUMBER, SPACE, Tokens
from pipelines.geocode.keys import roll
from pipelines.geocode.lots import LotTable, town_seeds

Array = np.ndarray[Any, np.dtype[Any]]


def _marks(chars: str) -> Array:
    """A table that is true at these characters."""
    return np.isin(np.arange(0x10000), [ord(c) for c in chars])


_CLOSING = _marks("番地号")
_SERIES = _marks("甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥イロハニホヘトチリヌルヲ")
_FLOORS = _marks("階F室棟年月日名人世時")
_GAP = 14
FLAGS: tuple[tuple[str, str], ...] = (
    ("外", r"^[\s、,]*(?:外|他|ほか|その他)|[0-9０-９一二三四五六七八九十]筆"),
    ("地先", r"地先|先$|先[\s（(]"),
    ("地内", r"地内"),
    ("付近", r"付近|周辺|近く|隣|向かい|裏|横$|前$"),
    ("範囲", r"[~〜～]|から"),
    ("列挙", r"[、,・／/]|及び|および|並びに|と[0-9０-９]"),
    ("一部", r"一部"),
)
"""Flag -> what in the text after the number says it: the point is then only near."""


@dataclass(frozen=True)
class Residue:
    """Per row: tokens where the numbers begin and end, and the deepest lot found (row of the lot table, -1)."""

    first: Array
    last: Array
    lot: Array
    numbered: Array
    partial: Array  # the lot was found by fewer numbers than the address gives


def read_numbers(tokens: Tokens, after: Array, town: Array, parent: Array, lots: LotTable) -> Residue:
    """Numbers after the town: N, N-N, N-N-N in any of their spellings, also behind a 小字 that is not known."""
    token = tokens.token
    rows = len(after)
    place = after.copy()
    place += token[place] == HYPHEN
    place = _skip_gap(tokens, place)
    series = _SERIES[np.minimum(token[place], 0xFFFF)] & (token[np.minimum(place + 1, tokens.end)] >= NUMBER)
    first = place.copy()
    states = [town_seeds(town)]
    with_lots = len(lots.table.hashes) > 0
    if with_lots:
        states[0][series] = roll(states[0][series], token[place[series]])
        up = town_seeds(parent)
        up[series] = roll(up[series], token[place[series]])
        states.append(up)
    place = place + series
    best = np.full(rows, -1, np.int64)
    best_depth, typed = np.zeros(rows, np.int8), np.zeros(rows, np.int8)
    last = after.copy()
    active = np.flatnonzero(token[place] >= NUMBER)
    numbered = np.zeros(rows, bool)
    numbered[active] = True
    for depth in range(4):
        if not len(active):
            break
        if with_lots and depth < 3:
            before = best.copy()
            _look_up(states, active, token[place[active]], depth, best, town, parent, lots)
            best_depth[best != before] = depth + 1
        typed[active] = depth + 1
        place[active] += 1
        _close(token, place, active)
        last[active] = place[active]
        place[active], active = _next_number(token, place[active], active)
    return Residue(first, last, best, numbered, (best >= 0) & (best_depth < np.minimum(typed, 3)))


def _skip_gap(tokens: Tokens, place: Array) -> Array:
    """Over the text between town and number (an unknown 小字), if a number that is no floor follows soon."""
    token, end = tokens.token, tokens.end
    moved = place.copy()
    here = token[place]
    rows = np.flatnonzero((here != 0) & ((here < NUMBER) | _in_words(tokens, place, here)))
    walk = place[rows].copy()
    for _ in range(_GAP):
        if not len(rows):
            break
        walk += 1
        here = token[walk]
        hit = (here >= NUMBER) & ~tokens.in_words(walk)
        floor = hit & _FLOORS[np.minimum(token[np.minimum(walk + 1, end[rows])], 0xFFFF)]
        good = hit & ~floor
        series = good & _SERIES[np.minimum(token[walk - 1], 0xFFFF)] & (walk - 1 > place[rows])
        moved[rows[good]] = walk[good] - series[good]
        stay = ~hit & (here != 0) & (here != ord("(")) & (here != SPACE)
        rows, walk = rows[stay], walk[stay]
    return moved


def _in_words(tokens: Tokens, place: Array, here: Array) -> Array:
    """True where a kanji numeral stands that is part of a word."""
    found = np.zeros(len(place), bool)
    numbers = np.flatnonzero(here >= NUMBER)
    found[numbers] = tokens.in_words(place[numbers])
    return found


def _look_up(states: list[Array], active: Array, number: Array, depth: int, best: Array, town: Array, parent: Array,
             lots: LotTable) -> None:
    for state, owner in zip(states, (town, parent), strict=True):
        if depth:
            state[active] = roll(state[active], np.full(len(active), HYPHEN, np.uint32))
        state[active] = roll(state[active], number)
        rows = active[owner[active] >= 0]
        if owner is parent:
            rows = rows[best[rows] < 0] if depth == 0 else rows
        found = lots.table.find(state[rows])
        hit = found >= 0
        if owner is parent and depth:
            hit &= True
        best[rows[hit]] = lots.table.values[found[hit]]


def _close(token: Array, place: Array, active: Array) -> None:
    """Take 番, 番地, 号 that close the number."""
    for _ in range(2):
        closes = _CLOSING[np.minimum(token[place[active]], 0xFFFF)]
        place[active] += closes


def _next_number(token: Array, place: Array, active: Array) -> tuple[Array, Array]:
    """Move to the next number where only a hyphen, の or 番地 stands before it; else stay."""
    moved = place.copy()
    link = (token[moved] == HYPHEN) | (token[moved] == NO)
    moved += link
    direct = _CLOSING[np.minimum(token[np.maximum(place - 1, 0)], 0xFFFF)]
    goes = (token[moved] >= NUMBER) & (link | direct)
    return np.where(goes, moved, place), active[goes]


def flags_of(text: pl.Expr) -> pl.Expr:
    """The flags that the text after the numbers earns, joined with a space."""
    return pl.concat_str(
        [pl.when(text.str.contains(pattern)).then(pl.lit(name + " ")).otherwise(pl.lit("")) for name, pattern in FLAGS]
    ).str.strip_chars_end()
