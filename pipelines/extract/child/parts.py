"""The parts of a zipped workbook, unpacked within limits, and the words for what one sheet is."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape

CHUNK = 1 << 20
CELL = re.compile(rb"<(?:\w+:)?c\s([^>]*?)(?:/>|>(.*?)</(?:\w+:)?c>)", re.DOTALL)
REF = re.compile(rb'\br="([A-Z]{1,3})([0-9]{1,7})"')
_BROKEN = (zipfile.BadZipFile, ValueError, OSError, EOFError, NotImplementedError)


class Refused(Exception):
    """The workbook must not be read: `code` of a stop and a detail."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


@dataclass
class Sheet:
    """What the XML of one worksheet says; rows and columns 1-based."""

    name: str
    part: str
    hidden: bool = False
    rows: int = 0  # last row that holds a value
    columns: int = 0
    strays: list[str] = field(default_factory=list)  # cells far outside the table
    cut: tuple[int, int] | None = None  # last row and column of the table when there are strays
    hidden_rows: list[int] = field(default_factory=list)
    hidden_columns: list[tuple[int, int]] = field(default_factory=list)
    merges: list[str] = field(default_factory=list)
    formulas: list[tuple[str, str, bool]] = field(default_factory=list)  # cell, formula, has a stored value
    formula_count: int = 0
    errors: list[tuple[str, str]] = field(default_factory=list)
    padded: list[tuple[str, int]] = field(default_factory=list)  # numbers shown with leading zeros
    struck: list[str] = field(default_factory=list)  # cells whose value is struck out
    comments: list[tuple[str, str]] = field(default_factory=list)
    objects: int = 0


def column_number(letters: str) -> int:
    """A -> 1, Z -> 26, AA -> 27."""
    n = 0
    for ch in letters:
        n = n * 26 + ord(ch) - 64
    return n


def column_letters(number: int) -> str:
    """1 -> A, 26 -> Z, 27 -> AA."""
    text = ""
    while number:
        number, rest = divmod(number - 1, 26)
        text = chr(65 + rest) + text
    return text


def split_cell(ref: str) -> tuple[int, int]:
    """B3 -> (3, 2); (0, 0) for what is no cell."""
    found = re.match(r"^\$?([A-Z]{1,3})\$?([0-9]{1,7})$", ref)
    return (int(found[2]), column_number(found[1])) if found else (0, 0)


class Archive:
    """A zip whose parts are unpacked within limits, counting what really comes out (headers can lie)."""

    def __init__(self, path: str, unpacked_bytes: int, ratio: int) -> None:
        try:
            self.zip = zipfile.ZipFile(path)
            self.names = {i.filename.replace("\\", "/").lstrip("/"): i for i in self.zip.infolist()}
        except _BROKEN as error:
            raise Refused("zip-damaged", str(error)) from error
        self.left = unpacked_bytes
        self.ratio = ratio
        for info in self.names.values():
            self._check(info.file_size, info.compress_size)
        if sum(i.file_size for i in self.names.values()) > unpacked_bytes:
            raise Refused("zip-bomb", f"> {unpacked_bytes // (1 << 20)} MiB")

    def _check(self, size: int, packed: int) -> None:
        if size > 20 * (1 << 20) and size > self.ratio * max(packed, 1):
            raise Refused("zip-bomb", f"{size // (1 << 20)} MiB : {max(packed, 1) // 1024} KiB")

    def stream(self, name: str) -> Iterator[bytes]:
        """The unpacked part in chunks; refuses what grows beyond the limits or declares a DTD."""
        info = self.names[name]
        size = 0
        tail = b""
        try:
            with self.zip.open(info) as part:
                while chunk := part.read(CHUNK):
                    size += len(chunk)
                    self.left -= len(chunk)
                    if self.left < 0:
                        raise Refused("zip-bomb", name)
                    self._check(size, info.compress_size)
                    seen = tail + chunk
                    wide = b"\0" in seen and (b"<\0!\0D\0" in seen or b"\0<\0!\0D" in seen)  # UTF-16
                    if wide or b"<!DOCTYPE" in seen or b"<!ENTITY" in seen:
                        raise Refused("xml-entities", name)
                    tail = chunk[-16:]
                    yield chunk
        except (*_BROKEN, zlib.error, RuntimeError) as error:
            raise Refused("zip-damaged", f"{name}: {error}") from error

    def text(self, name: str) -> str:
        """A small part as text, "" if it is not there."""
        if name not in self.names:
            return ""
        data = b"".join(self.stream(name))
        return data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig", errors="replace")


def tag_attributes(tag: str) -> dict[str, str]:
    """The attributes of one XML tag."""
    return {k: unescape(v) for k, v in re.findall(r"""([\w:.\-]+)\s*=\s*["']([^"']*)["']""", tag)}
