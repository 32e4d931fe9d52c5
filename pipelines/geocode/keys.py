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
_ALL = (1 << 64) - 1
# what a key asks of the token after it; LONGER: another key goes on where this one ends
PLAIN, SHORT, AT_NUMBER, ORPHAN, TWIN, SHARED, LONGER = 0, 1, 2, 4, 8, 16, 32
ASKS = 31
"""All of these but LONGER."""
SHORT_REFUSES = tuple(ord(c) for c in "番号丁条線地区階棟F班組年月日次第人件筆世")
NUMBER = 0x200000
_UNSURE = SHORT | AT_NUMBER | ORPHAN | LONGER
_REFUSED = np.isin(np.arange(0x10000), SHORT_REFUSES)
_CLOSED = np.isin(np.arange(0x10000), (0, *(ord(c) for c in "- ノ(")))
_FAR = 15  # a lead of so many tokens is not worth a leap


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
    """Hash of each whole row, and the hashes of what each begins with, the whole row left out."""
    state = seed.astype(np.uint64).copy()
    place, alive = start.copy(), (start < end).nonzero()[0]
    seen = []
    while len(alive):
        state[alive] = roll(state[alive], token[place[alive]])
        place[alive] += 1
        alive = alive[place[alive] < end[alive]]
        seen.append(state[alive])
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
        """Sort by hash, best rank first; equal hashes of equal rank are marked TWIN, those in `prefixes` LONGER."""
        order = np.lexsort((values, ranks, hashes))
        hashes, values, flags, ranks = hashes[order], values[order], flags[order].copy(), ranks[order]
        fresh = np.ones(len(hashes), bool)
        fresh[1:] = (hashes[1:] != hashes[:-1]) | (values[1:] != values[:-1])
        hashes, values, flags, ranks = hashes[fresh], values[fresh], flags[fresh], ranks[fresh]
        if len(hashes):
            twin = (hashes[1:] == hashes[:-1]) & (ranks[1:] == ranks[:-1])
            flags[:-1] |= np.where(twin, TWIN, 0).astype(np.uint8)
        flags |= np.where(np.isin(hashes, prefixes), LONGER, 0).astype(np.uint8)
        bits = max(4, 1 + int(np.ceil(np.log2(max(len(hashes), 1)))))
        bucket = (hashes >> np.uint64(64 - bits)).astype(np.int64)
        offsets = np.searchsorted(bucket, np.arange((1 << bits) + 1)).astype(np.uint32)
        begins = np.unique(np.concatenate([prefixes, hashes]))
        return cls(hashes, values.astype(np.int32), flags, offsets, _filter(begins, 12), _filter(hashes, 16))

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
        if not len(self.hashes) or not len(wanted):
            return found
        bits = (len(self.offsets) - 1).bit_length() - 1
        place = self.offsets.take((wanted >> np.uint64(64 - bits)).view(np.int64)).astype(np.int64)
        held = self.hashes.take(place, mode="clip")
        np.copyto(found, place, where=held == wanted)
        rows = (held < wanted).nonzero()[0]
        place, wanted, last = place.take(rows), wanted.take(rows), len(self.hashes) - 1
        while len(rows):
            place += 1
            held = self.hashes.take(place, mode="clip")
            hit = (held == wanted).nonzero()[0]
            found[rows.take(hit)] = place.take(hit)
            left = ((held < wanted) & (place < last)).nonzero()[0]
            rows, place, wanted = rows.take(left), place.take(left), wanted.take(left)
        return found

    def begins_with(self, state: np.uint64) -> bool:
        """True if some key (nearly surely) begins with what was rolled into `state`."""
        return bool(_holds(self.begins, np.array([state], np.uint64))[0])

    def longest(self, token: Array, begin: Array, state: Array, *, deepest: int = 64,
                exact: bool = False) -> tuple[Array, Array]:
        """The longest key each row begins with from `begin`: (place in the table or -1, the token after it).

        A key that asks for something after it (SHORT, AT_NUMBER) counts only where that stands there, and an
        orphan 小字 only where no 大字 was found. `exact`: leave out keys that ask for something after them.
        """
        found = Found(np.full(len(begin), -1, np.int64), begin.astype(np.int64))
        hits = self._walk(token, np.arange(len(begin)), begin, state.astype(np.uint64, copy=False), deepest)
        for rows, key, after in self._settle(token, hits, found, exact):
            bare = (found.key.take(rows) < 0).nonzero()[0]
            found.put(rows.take(bare), key.take(bare), after.take(bare))
        return found.key, found.after

    def reach(self, token: Array, begin: Array, state: Array, lead: Array) -> tuple[Array, Array]:
        """As `longest` where that key has at least `lead` tokens; -1 for the rows that this leaves open."""
        found = Found(np.full(len(begin), -1, np.int64), begin.astype(np.int64))
        order, first, place, state = _leap(token, begin, state, lead)
        at_lead = (order[first:], state[first:], place[first:])
        self._settle(token, [at_lead, *self._walk(token, order, place, state, 64)], found, False)
        return found.key, found.after

    def at(self, token: Array, begin: Array, state: Array, size: Array) -> tuple[Array, Array]:
        """(the key of just `size` tokens or -1, True where it asks for nothing and no other key goes on there)."""
        key, sure = np.full(len(begin), -1, np.int64), np.zeros(len(begin), bool)
        order, first, _, state = _leap(token, begin, state, size)
        order = order[first:]
        found = self.find(state[first:])
        key[order] = found
        sure[order] = ((self.flags.take(found) & _UNSURE) == 0) & (found >= 0)
        return key, sure

    def _walk(self, token: Array, rows: Array, place: Array, state: Array, deepest: int) -> list[Hits]:
        """For each further token the rows at which some key may end: (rows, their hashes, the token after)."""
        hits = []
        for _ in range(deepest):
            here = token.take(place, mode="clip")
            state = roll(state, here)
            alive = (_holds(self.begins, state) & (here != 0)).nonzero()[0]
            if not len(alive):
                break
            if len(alive) < len(rows):
                rows, place, state = rows.take(alive), place.take(alive), state.take(alive)
            place = place + 1
            ends = _holds(self.ends, state).nonzero()[0]
            hits.append((rows.take(ends), state.take(ends), place.take(ends)))
        return hits

    def _settle(self, token: Array, hits: list[Hits], found: Found, exact: bool) -> list[Hits]:
        """Note of each row's keys the longest that fits; the orphan 小字, longest first, are handed back."""
        orphans: list[Hits] = []
        first = True
        for rows, state, after in reversed(hits):
            if not len(rows):
                continue
            if not first:
                left = (found.key.take(rows) < 0).nonzero()[0]
                rows, state, after = rows.take(left), state.take(left), after.take(left)
            key = self.find(state)
            real = (key >= 0).nonzero()[0]
            if not len(real):
                continue
            if len(real) < len(key):
                rows, key, after = rows.take(real), key.take(real), after.take(real)
            flag = self.flags.take(key)
            asks = (flag & (AT_NUMBER | SHORT | ORPHAN)).nonzero()[0]
            if len(asks):
                flag = flag.take(asks)
                good = _fits(flag, token.take(after.take(asks)))
                if exact:
                    good &= (flag & (AT_NUMBER | SHORT)) == 0
                orphan = (flag & ORPHAN) > 0
                alone = asks.take((good & orphan).nonzero()[0])
                orphans.append((rows.take(alone), key.take(alone), after.take(alone)))
                keep = np.ones(len(rows), bool)
                keep[asks.take((~good | orphan).nonzero()[0])] = False
                rows, key, after = rows[keep], key[keep], after[keep]
            found.put(rows, key, after)
            first = False
        return orphans


def _leap(token: Array, begin: Array, state: Array, size: Array) -> tuple[Array, int, Array, Array]:
    """`size` tokens of each row rolled at once: (rows by size, the first that has any, its place and its state then).

    Rows of so many tokens that a leap does not pay are left out.
    """
    if len(begin) == 1:
        return _leap_one(token, begin, int(state[0]), int(size[0]))
    steps = np.minimum(size, _FAR).astype(np.uint8)
    order = np.argsort(steps, kind="stable")
    below = np.cumsum(np.bincount(steps, minlength=_FAR + 1)).tolist()
    order = order[:below[_FAR - 1]]
    place, state = begin.take(order), state.take(order)
    for opens in below[:_FAR - 1]:
        if opens == len(order):
            break
        here, ahead = token.take(place[opens:], mode="clip"), state[opens:]
        ahead ^= here
        ahead *= _FACTOR
        ahead ^= ahead >> _FOLD
        place[opens:] += 1
    return order, below[0], place, state


def _leap_one(token: Array, begin: Array, state: int, size: int) -> tuple[Array, int, Array, Array]:
    """`_leap` of a single row, in plain numbers."""
    if size >= _FAR:
        return np.zeros(0, np.int64), 0, begin[:0], np.zeros(0, np.uint64)
    at = int(begin[0])
    for here in token[at:at + size].tolist():
        state = ((state ^ here) * int(_FACTOR)) & _ALL
        state ^= state >> int(_FOLD)
    return np.zeros(1, np.int64), int(size == 0), begin + size, np.array([state], np.uint64)


Hits = tuple[Array, Array, Array]


@dataclass(frozen=True)
class Found:
    """For each row the place of its key in the table, -1 for none, and the token after it."""

    key: Array
    after: Array

    def put(self, rows: Array, key: Array, after: Array) -> None:
        self.key[rows], self.after[rows] = key, after


def _fits(flag: Array, after: Array) -> Array:
    """True where what a key asks of the token after it stands there."""
    good = np.ones(len(flag), bool)
    asks = (flag & (SHORT | AT_NUMBER)).nonzero()[0]
    if len(asks):
        flag, after = flag[asks], after[asks]
        good[asks] = (((flag & SHORT) == 0) | ~_REFUSED.take(after, mode="clip")) & (
            ((flag & AT_NUMBER) == 0) | (after >= NUMBER) | _CLOSED.take(after, mode="clip"))
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
