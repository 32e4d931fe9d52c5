"""What stands after the town (番地, 号, 建物名, 外, 地先, ranges) to numbers, places in the text and flags."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from pipelines.geocode.keys import roll
from pipelines.geocode.lots import LotTable, town_seeds
from pipelines.geocode.tokens import HYPHEN, NO, NUMBER, SPACE, Tokens

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
TELLING = _marks("外他ほ筆先内付周近隣向裏横前~〜～ら、,・／/及お並と部")
"""True at the characters of which every text that earns a flag has at least one."""


@dataclass(frozen=True)
class Residue:
    """Per row: the token after the numbers, and the deepest lot found (row of the lot table, -1)."""

    last: Array
    lot: Array
    numbered: Array
    partial: Array  # the lot was found by fewer numbers than the address gives


def read_numbers(tokens: Tokens, after: Array, town: Array, parent: Array, lots: LotTable) -> Residue:
    """Numbers after the town: N, N-N, N-N-N in any of their spellings, also behind a 小字 that is not known."""
    token = tokens.token
    place = after.copy()
    place += token[place] == HYPHEN
    place = _skip_gap(tokens, place)
    series = _SERIES.take(token.take(place), mode="clip") & (token.take(np.minimum(place + 1, tokens.end)) >= NUMBER)
    return follow_numbers(tokens, after, place, series, town, parent, lots)


def follow_numbers(tokens: Tokens, after: Array, place: Array, series: Array | None, town: Array,
                   parent: Array | None, lots: LotTable) -> Residue:
    """Numbers from `place` on; `series` is true where a letter (甲, イ) stands there before the number."""
    token, rows = tokens.token, len(after)
    states: list[Array] = []
    owners = [town] if parent is None else [town, parent]
    with_lots = len(lots.table.hashes) > 0
    if with_lots:
        states = [town_seeds(owner) for owner in owners]
        lettered = series.nonzero()[0] if series is not None else after[:0]
        for state in states if len(lettered) else ():
            state[lettered] = roll(state[lettered], token[place[lettered]])
    if series is not None:
        place = place + series
    best = np.full(rows, -1, np.int64)
    best_depth, typed = np.zeros(rows, np.int8), np.zeros(rows, np.int8)
    last = after.copy()
    numbered = token.take(place) >= NUMBER
    active = numbered.nonzero()[0]
    at = place.take(active)
    for depth in range(4):
        if not len(active):
            break
        if with_lots and depth < 3:
            deeper = _look_up(states, active, token.take(at), depth, best, owners, lots)
            best_depth[deeper] = depth + 1
        typed[active] = depth + 1
        at = _closed(token, at + 1)
        last[active] = at
        at, goes = _next_number(tokens, at)
        active = active.take(goes)
    return Residue(last, best, numbered, (best >= 0) & (best_depth < np.minimum(typed, 3)))


def _skip_gap(tokens: Tokens, place: Array) -> Array:
    """Over the text between town and number (an unknown 小字), if a number that is no floor follows soon."""
    token, end = tokens.token, tokens.end
    moved = place.copy()
    here = token[place]
    rows = ((here != 0) & ((here < NUMBER) | _in_words(tokens, place, here)) & ~_more_plots(token, place)).nonzero()[0]
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


def _more_plots(token: Array, place: Array) -> Array:
    """True where 外3筆 or 他2筆 stands: further plots, and no 小字."""
    here = token.take(place)
    counted = (token.take(place + 1, mode="clip") >= NUMBER) & (token.take(place + 2, mode="clip") == ord("筆"))
    return np.asarray(((here == ord("外")) | (here == ord("他"))) & counted)


def _in_words(tokens: Tokens, place: Array, here: Array) -> Array:
    """True where a kanji numeral stands that is part of a word."""
    found = np.zeros(len(place), bool)
    numbers = (here >= NUMBER).nonzero()[0]
    found[numbers] = tokens.in_words(place[numbers])
    return found


def _look_up(states: list[Array], active: Array, number: Array, depth: int, best: Array, owners: list[Array],
             lots: LotTable) -> Array:
    """Look for the lots that end with this number, under the town and then under the 大字 above; the rows that got
    another one."""
    held = best.take(active)
    for order, (state, owner) in enumerate(zip(states, owners, strict=True)):
        ahead = state.take(active)
        if depth:
            ahead = roll(ahead, np.full(len(active), HYPHEN, np.uint32))
        ahead = roll(ahead, number)
        state[active] = ahead
        owned = owner.take(active) >= 0
        if order and depth == 0:
            owned &= best.take(active) < 0
        chosen = owned.nonzero()[0]
        found = lots.table.find(ahead.take(chosen))
        hit = (found >= 0).nonzero()[0]
        best[active.take(chosen.take(hit))] = lots.table.values.take(found.take(hit))
    return np.asarray(active[best.take(active) != held])


def _closed(token: Array, at: Array) -> Array:
    """Past the 番, 番地 or 号 that closes a number."""
    for _ in range(2):
        closing = (_CLOSING.take(token.take(at), mode="clip")).nonzero()[0]
        at[closing] += 1
    return at


def _next_number(tokens: Tokens, at: Array) -> tuple[Array, Array]:
    """(the place of the next number, the rows where only a hyphen, の or 番地 stands before it); 一部 is no number."""
    token = tokens.token
    here = token.take(at)
    link = (here == HYPHEN) | (here == NO)
    moved = at + link
    direct = link | _CLOSING.take(token.take(at - 1), mode="clip")
    goes = (direct & (token.take(moved) >= NUMBER)).nonzero()[0]
    moved = moved.take(goes)
    worded = tokens.in_words(moved)
    return (moved[~worded], goes[~worded]) if worded.any() else (moved, goes)


def flags_of(text: pl.Expr) -> pl.Expr:
    """The flags that the text after the numbers earns, joined with a space."""
    return pl.concat_str(
        [pl.when(text.str.contains(pattern)).then(pl.lit(name + " ")).otherwise(pl.lit("")) for name, pattern in FLAGS]
    ).str.strip_chars_end()
