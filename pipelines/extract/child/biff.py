"""The bytes of an .xls to facts about its sheets, and the same bytes without the cells that stray far from the table."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from pipelines.extract.child.parts import Sheet
from pipelines.extract.child.strays import measure_extent

# [MS-XLS] 2.3: record numbers. Blank cells (0x0201, 0x00BE) hold no value and are no part of the extent.
_BOUND_SHEET, _BOF, _EOF, _PASSWORD = 0x0085, 0x0809, 0x000A, 0x002F
_DIMENSIONS, _ROW, _COLUMNS = 0x0200, 0x0208, 0x007D
_CELLS = frozenset((0x0006, 0x0203, 0x0204, 0x0205, 0x00D6, 0x00FD, 0x027E))
_MULTIPLE = 0x00BD  # several numbers in one row: first column … last column
_BLANK = 0x0201
_FREE = 0xFFFFFFFA  # sector numbers from here on end a chain


class _Compound:
    """The workbook stream of an OLE file, with the place in the file of each of its bytes ([MS-CFB])."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.sector: int = 1 << struct.unpack_from("<H", data, 30)[0]
        self.small = 1 << struct.unpack_from("<H", data, 32)[0]
        if self.sector not in (512, 4096) or self.small != 64:
            raise ValueError("sector size")
        fat_sectors = self._fat_sectors()
        self.fat = [n for s in fat_sectors for n in struct.unpack_from(f"<{self.sector // 4}I", data, self._at(s))]
        directory = self._chain(struct.unpack_from("<I", data, 48)[0], self.fat)
        entries = [self._at(s) + i for s in directory for i in range(0, self.sector, 128)]
        root, book = entries[0], next(e for e in entries if self._name(e) in ("workbook", "book"))
        first, size = struct.unpack_from("<II", data, book + 116)
        if size < struct.unpack_from("<I", data, 56)[0]:
            whole = [self._at(s) for s in self._chain(struct.unpack_from("<I", data, root + 116)[0], self.fat)]
            table = self._chain(struct.unpack_from("<I", data, 60)[0], self.fat)
            links = [n for s in table for n in struct.unpack_from(f"<{self.sector // 4}I", data, self._at(s))]
            per = self.sector // self.small
            self.places = [whole[n // per] + n % per * self.small for n in self._chain(first, links)]
            self.piece = self.small
        else:
            self.places = [self._at(s) for s in self._chain(first, self.fat)]
            self.piece = self.sector
        self.stream = b"".join(data[p : p + self.piece] for p in self.places)[:size]

    def _at(self, sector: int) -> int:
        return (sector + 1) * int(self.sector)

    def _name(self, entry: int) -> str:
        length = struct.unpack_from("<H", self.data, entry + 64)[0]
        return self.data[entry : entry + max(length - 2, 0)].decode("utf-16-le", "replace").lower()

    def _fat_sectors(self) -> list[int]:
        found = [n for n in struct.unpack_from("<109I", self.data, 76) if n < _FREE]
        following = struct.unpack_from("<I", self.data, 68)[0]
        for _ in range(len(self.data) // self.sector):
            if following >= _FREE:
                break
            numbers = struct.unpack_from(f"<{self.sector // 4}I", self.data, self._at(following))
            found += [n for n in numbers[:-1] if n < _FREE]
            following = numbers[-1]
        return found

    def _chain(self, first: int, links: list[int]) -> list[int]:
        out: list[int] = []
        while first < _FREE:
            out.append(first)
            if len(out) > len(links):
                raise ValueError("circle of sectors")
            first = links[first]
        return out

    def put(self, changed: bytearray, offset: int, value: bytes) -> None:
        """Write bytes of the stream at their places in the file."""
        for i, byte in enumerate(value):
            piece, inside = divmod(offset + i, self.piece)
            changed[self.places[piece] + inside] = byte


@dataclass
class _Sheet:
    start: int
    facts: Sheet
    cells: list[tuple[int, int, int]] = field(default_factory=list)  # offset of the record, row, column; 0-based
    dimensions: int | None = None


def scan_xls(data: bytes) -> tuple[bytes | None, list[Sheet]]:
    """(the file with stray cells made blank, or None if there are none; the sheets in order, not yet named).

    The fast reader lays out every cell between the first and the last, so one stray cell in row 65536, column IV
    costs it a gigabyte. No sheets for what is protected or not laid out as expected: then its limits must do.
    """
    try:
        book = _Compound(data)
        sheets = _sheets(book.stream)
    except (ValueError, IndexError, StopIteration, struct.error):
        return None, []
    changed: bytearray | None = None
    for sheet in sheets:
        rows: dict[int, int] = {}
        for _, row, column in sheet.cells:
            rows[row] = max(rows.get(row, 0), column)
        measure_extent(sheet.facts, [(row + 1, column + 1) for row, column in rows.items()])
        if sheet.facts.cut is None and not _lies(book.stream, sheet):
            continue
        changed = changed or bytearray(data)
        last_row, last_column = sheet.facts.cut or (sheet.facts.rows, sheet.facts.columns)
        for offset, row, column in sheet.cells:
            if row >= last_row or column >= last_column:
                book.put(changed, offset, struct.pack("<H", _BLANK))
        if sheet.dimensions is not None:
            book.put(changed, sheet.dimensions, struct.pack("<IIHH", 0, last_row, 0, last_column))
    return (bytes(changed) if changed is not None else None), [s.facts for s in sheets]


def _lies(stream: bytes, sheet: _Sheet) -> bool:
    """True if the sheet claims a far larger extent than its cells have; the fast reader reserves what is claimed."""
    if sheet.dimensions is None:
        return False
    first, last, left, right = struct.unpack_from("<IIHH", stream, sheet.dimensions)
    claimed = int(last - first) * int(right - left)
    return claimed > max(2_000_000, 4 * sheet.facts.rows * sheet.facts.columns)


def _records(stream: bytes, start: int) -> Iterator[tuple[int, int, int]]:
    """(offset, record number, length) from `start` on."""
    head = struct.Struct("<HH")
    end = len(stream) - 4
    while start <= end:
        number, length = head.unpack_from(stream, start)
        yield start, number, length
        start += 4 + length


def _sheets(stream: bytes) -> list[_Sheet]:
    sheets = []
    for offset, number, _ in _records(stream, 0):
        if number == _PASSWORD:
            return []
        if number == _BOUND_SHEET:
            start, state = struct.unpack_from("<IB", stream, offset + 4)
            sheets.append(_Sheet(start, Sheet("", "", bool(state & 3))))
        elif number == _EOF:
            break
    for sheet in sheets:
        _scan(stream, sheet)
    return sheets


def _scan(stream: bytes, sheet: _Sheet) -> None:
    pair = struct.Struct("<HH")
    depth = 0
    facts = sheet.facts
    for offset, number, length in _records(stream, sheet.start):
        if number in _CELLS:
            sheet.cells.append((offset, *pair.unpack_from(stream, offset + 4)))
        elif number == _MULTIPLE:
            row, _ = pair.unpack_from(stream, offset + 4)
            sheet.cells.append((offset, row, struct.unpack_from("<H", stream, offset + 2 + length)[0]))
        elif number == _ROW:
            if length >= 16 and stream[offset + 16] & 0x20:  # fDyZero: the row is hidden
                facts.hidden_rows.append(pair.unpack_from(stream, offset + 4)[0] + 1)
        elif number == _COLUMNS:
            first, last = pair.unpack_from(stream, offset + 4)
            if stream[offset + 12] & 1:
                facts.hidden_columns.append((first + 1, last + 1))
        elif number == _DIMENSIONS and length >= 12 and depth == 1:
            sheet.dimensions = offset + 4
        elif number == _BOF:  # a chart inside the sheet has a beginning and an end of its own
            depth += 1
        elif number == _EOF:
            depth -= 1
            if depth <= 0:
                return
