"""Token sequences to hashed keys: a table that finds the longest known prefix of many rows.

A key's hash is rolled token by token from a seed (the municipality), so one pass over the tokens
tests every prefix; the filters drop a row as soon as no key begins that way.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_FOLD = np.uint64(32)
# what a key asks of the token after it
PLAIN, SHORT, AT_NUMBER, ORPHAN, TWIN, SHARED = 0, 1, 2, 4, 8, 16
SHORT_REFUSES = tuple(ord(c) for c in "番号丁条線地区階棟F班組年月日次第人件筆世")
NUMBER = 0x200000
_REFUSED = np.isin(np.arange(0x10000), SHORT_REFUSES)
_CLOSED = np.isin(np.arange(0x10000), (0, *(ord(c) for c in "- ノ(")))


def seed_of(name: str) -> np.uint64:
    """The start of the rolling hash for a municipality code, a prefecture code or a table of its own."""
    value = 0xCBF29CE484222325
    for byte in name.encode():
        value = ((value ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return np.uint64(value)


def roll(state: Array, token: Array) -> Array:
    """The hash after one more token, for many rows."""
    mixed = token.astype(np.uint64)
    mixed ^= state
    mixed *= _FACTOR
    mixed ^= mixed >> _FOLD
    return mixed


def roll_one(state: np.uint64, tokens: tuple[int, ...]) -> np.uint64:
    """The hash of one token sequence."""
    value = np.array([state], np.uint64)
    for token in tokens:
        value = roll(value, np.array([token], np.uint32))
    return np.uint64(value[0])


def roll_rows(token: Array, start: Array, end: Array, seed: Array) -> tuple[Array, Array]:
    """Hash of each whole row, and the hashes of all its prefixes (for the filter)."""
    state = seed.astype(np.uint64).copy()
    place, alive = start.copy(), np.flatnonzero(start < end)
    seen = []
    while len(alive):
        state[alive] = roll(state[alive], token[place[alive]])
        seen.append(state[alive])
        place[alive] += 1
        alive = alive[place[alive] < end[alive]]
    return state, np.unique(np.concatenate(seen)) if seen else np.zeros(0, np.uint64)


def map_array(path: Path) -> Array:
    """A saved array, memory-mapped, as a plain view (the memmap class is slow to index)."""
    return np.asarray(np.load(path, mmap_mode="r")).view(np.ndarray)


@dataclass(frozen=True)
class KeyTable:
    """Sorted hashes with a value and a flag each; all arrays may be memory-mapped."""

    hashes: Array
    values: Array
    flags: Array
    offsets: Array
    begins: Array
    ends: Array

    @classmethod
    def make(cls, hashes: Array, values: Array, flags: Array, ranks: Array, prefixes: Array) -> KeyTable:
        """Sort by hash, best rank first; equal hashes of equal rank are marked TWIN."""
        order = np.lexsort((values, ranks, hashes))
        hashes, values, flags, ranks = hashes[order], values[order], flags[order].copy(), ranks[order]
        fresh = np.ones(len(hashes), bool)
        fresh[1:] = (hashes[1:] != hashes[:-1]) | (values[1:] != values[:-1])
        hashes, values, flags, ranks = hashes[fresh], values[fresh], flags[fresh], ranks[fresh]
        if len(hashes):
            twin = (hashes[1:] == hashes[:-1]) & (ranks[1:] == ranks[:-1])
            flags[:-1] |= np.where(twin, TWIN, 0).astype(np.uint8)
        bits = max(4, int(np.ceil(np.log2(max(len(hashes), 1)))))
        bucket = (hashes >> np.uint64(64 - bits)).astype(np.int64)
        offsets = np.searchsorted(bucket, np.arange((1 << bits) + 1)).astype(np.uint32)
        return cls(hashes, values.astype(np.int32), flags, offsets, _filter(prefixes, 12), _filter(hashes, 16))

    def save(self, folder: Path, name: str) -> None:
        for part in ("hashes", "values", "flags", "offsets", "begins", "ends"):
            np.save(folder / f"{name}-{part}.npy", getattr(self, part))

    @classmethod
    def open(cls, folder: Path, name: str) -> KeyTable:
        return cls(*(map_array(folder / f"{name}-{part}.npy")
                     for part in ("hashes", "values", "flags", "offsets", "begins", "ends")))

    def find(self, wanted: Array) -> Array:
        """Place of each hash in the table (the first of equal ones), -1 where it is not there."""
        found = np.full(len(wanted), -1, np.int64)
        if not len(self.hashes):
            return found
        bits = (len(self.offsets) - 1).bit_length() - 1
        bucket = (wanted >> np.uint64(64 - bits)).astype(np.int64)
        place, stop = self.offsets.take(bucket).astype(np.int64), self.offsets.take(bucket + 1).astype(np.int64)
        rows = np.flatnonzero(place < stop)
        place, stop, wanted = place.take(rows), stop.take(rows), wanted.take(rows)
        while len(rows):
            held = self.hashes.take(place)
            hit = np.flatnonzero(held == wanted)
            found[rows.take(hit)] = place.take(hit)
            place += 1
            left = np.flatnonzero((held < wanted) & (place < stop))
            if not len(left):
                break
            rows, place, stop, wanted = rows.take(left), place.take(left), stop.take(left), wanted.take(left)
        return found

    def begins_with(self, state: np.uint64) -> bool:
        """True if some key (nearly surely) begins with what was rolled into `state`."""
        return bool(_holds(self.begins, np.array([state], np.uint64))[0])

    def longest(self, token: Array, begin: Array, state: Array, *, deepest: int = 64,
                exact: bool = False) -> tuple[Array, Array, Array]:
        """The longest key each row begins with from `begin`: (place in the table or -1, tokens used, deepest prefix).

        A key that asks for something after it (SHORT, AT_NUMBER) counts only where that stands there, and an
        orphan 小字 only where no 大字 was found. `exact`: leave out keys that ask for something after them.
        """
        best = np.full(len(begin), -1, np.int64)
        length, reach = np.zeros(len(begin), np.int64), np.zeros(len(begin), np.int64)
        rows, place, state = np.arange(len(begin)), begin.astype(np.int64), state.astype(np.uint64)
        hits: list[tuple[Array, Array, Array]] = []
        for depth in range(1, deepest + 1):
            here = token.take(place)
            state = roll(state, here)
            alive = np.flatnonzero(_holds(self.begins, state) & (here != 0))
            if not len(alive):
                break
            if len(alive) < len(rows):
                rows, place, state = rows.take(alive), place.take(alive), state.take(alive)
            reach[rows] = depth
            ends = np.flatnonzero(_holds(self.ends, state))
            place += 1
            hits.append((rows.take(ends), state.take(ends), token.take(place.take(ends))))
        if hits:
            self._settle(hits, best, length, exact)
        return best, length, reach

    def _settle(self, hits: list[tuple[Array, Array, Array]], best: Array, length: Array, exact: bool) -> None:
        """Of each row's keys the longest that fits; an orphan 小字 only where nothing else does."""
        settled = np.zeros(len(best), bool)
        for depth in range(len(hits), 0, -1):
            rows, state, after = hits[depth - 1]
            if settled.any():
                left = np.flatnonzero(~settled.take(rows))
                rows, state, after = rows.take(left), state.take(left), after.take(left)
            if not len(rows):
                continue
            key = self.find(state)
            real = np.flatnonzero(key >= 0)
            if len(real) < len(key):
                rows, key, after = rows.take(real), key.take(real), after.take(real)
            flag = self.flags.take(key)
            if not (flag & (AT_NUMBER | SHORT | ORPHAN)).any():
                best[rows], length[rows], settled[rows] = key, depth, True
                continue
            good = _fits(flag, after)
            if exact:
                good &= (flag & (AT_NUMBER | SHORT)) == 0
            orphan = (flag & ORPHAN) > 0
            good &= ~orphan | (best.take(rows) < 0)
            chosen = np.flatnonzero(good)
            best[rows.take(chosen)], length[rows.take(chosen)] = key.take(chosen), depth
            settled[rows.take(np.flatnonzero(good & ~orphan))] = True


def _fits(flag: Array, after: Array) -> Array:
    """True where what a key asks of the token after it stands there."""
    good = np.ones(len(flag), bool)
    asks = np.flatnonzero(flag & (SHORT | AT_NUMBER))
    if len(asks):
        flag, after = flag[asks], after[asks]
        plain = np.minimum(after, 0xFFFF)
        good[asks] = (((flag & SHORT) == 0) | ~_REFUSED[plain]) & (
            ((flag & AT_NUMBER) == 0) | (after >= NUMBER) | _CLOSED[plain])
    return good


def _filter(hashes: Array, spread: int) -> Array:
    """Bit field with about `spread` bits a hash, told by the top bits."""
    bits = max(6, int(np.ceil(np.log2(max(len(hashes), 1) * spread))))
    field = np.zeros(1 << (bits - 3), np.uint8)
    spot = (hashes >> np.uint64(64 - bits)).astype(np.int64)
    np.bitwise_or.at(field, spot >> 3, (1 << (spot & 7)).astype(np.uint8))
    return field


_BIT = (1 << np.arange(8)).astype(np.uint8)


def _holds(field: Array, hashes: Array) -> Array:
    bits = len(field).bit_length() + 2
    spot = (hashes >> np.uint64(64 - bits)).view(np.int64)
    return np.asarray(field.take(spot >> 3) & _BIT.take(spot & 7), dtype=bool)
