"""The first bytes of a file to its format, whatever its name says."""

from __future__ import annotations

import codecs
import re
import zipfile
from pathlib import Path

from pipelines.extract.encoding import guess_encoding
from pipelines.extract.limits import Limits
from pipelines.extract.stops import stop

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
BINARY = (b"PK\x03\x04", b"PK\x05\x06", _OLE)
_FOREIGN = (
    (b"%PDF", "PDF"), (b"\x89PNG", "PNG"), (b"\xff\xd8\xff", "JPEG"), (b"GIF8", "GIF"), (b"{\\rtf", "RTF"),
    (b"7z\xbc\xaf", "7z"), (b"Rar!", "RAR"), (b"\x1f\x8b", "gzip"), (b"PAR1", "Parquet"),
    (b"SQLite format 3", "SQLite"), (b"BM6", "BMP"),
)


def sniff_format(path: Path, head: bytes, size: int, limits: Limits) -> str:
    """xlsx, xls, ods, zip, geojson or text for the file whose first bytes are `head`; SourceError for the rest."""
    if head.startswith(BINARY[:2]):
        return _sniff_zip(path, limits)
    if head.startswith(_OLE):
        return _sniff_ole(path)
    if head.startswith(_OLE[:4]):
        raise stop("format-unknown", path, detail="OLE")
    for magic, name in _FOREIGN:
        if head.startswith(magic):
            raise stop("format-unknown", path, detail=name)
    text = head.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n\0").lower()
    if text.startswith((b"<!doctype html", b"<html", b"<table", b"<meta")):
        raise stop("format-unknown", path, detail="HTML")
    if text.startswith((b"<?xml", b"<\0?\0x\0")):
        raise stop("format-unknown", path, detail="XML")
    if text.startswith((b"{", b"[{", b"[\n", b"[\r", b"[ ")) and _looks_like_json(text):
        return "geojson"
    if _is_binary(head):
        raise stop("format-unknown", path, detail="binary")
    return "text"


_NO_TEXT = bytes([*range(0x01, 0x08), 0x0E, 0x0F, *range(0x10, 0x1A), 0x1C, 0x1D, 0x1E, 0x1F, 0x7F])


def _is_binary(head: bytes) -> bool:
    """True if more than one byte in a hundred is a control character that no text has, or every third is zero.

    Stray zeros are read and reported; UTF-16 has its own.
    """
    control = len(head) - len(head.translate(None, _NO_TEXT))
    if control * 100 <= len(head) and head.count(0) * 3 <= len(head):
        return _is_no_japanese(head)
    encoding = guess_encoding(head, complete=False)
    if not encoding.startswith("utf-16"):
        text = head.decode(encoding, errors="replace")
        many = control > 3 or control * 20 > len(head)
        return many or not control or "\ufffd" in text[:-2] or any("\ue000" <= ch <= "\uf8ff" for ch in text)
    text = head[: len(head) // 2 * 2].decode(encoding, errors="replace")
    odd = sum(1 for ch in text if ch == "\ufffd" or ch < " " and ch not in "\t\n\r\v\f\x1a")
    return odd * 10 > len(text)


_ODD = re.compile("[\ufffd\x80-\x9f\ue000-\uf8ff]")


def _is_no_japanese(head: bytes) -> bool:
    """True for bytes that are neither UTF-8 nor CP932 nor EUC-JP: one character in ten is none, or nothing parts them.

    UTF-8 is never so by chance. In the older encodings almost every pair of bytes is a character, but a table has
    at least one separator or line end.
    """
    try:
        codecs.getincrementaldecoder("utf-8")("strict").decode(head)
    except UnicodeDecodeError:
        encoding = guess_encoding(head, complete=False)
    else:
        return False
    if encoding.startswith("utf"):
        return False
    text = head.decode(encoding, errors="replace")
    return len(_ODD.findall(text)) * 10 > len(text) or not any(sign in text for sign in ",\t;|\r\n")


def _looks_like_json(text: bytes) -> bool:
    return b'"' in text[:200] and b":" in text[:400]


def _sniff_zip(path: Path, limits: Limits) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
            if len(infos) > limits.entries:
                raise stop("zip-bomb", path, detail=f"{len(infos)} parts > {limits.entries}")
            names = {i.filename for i in infos}
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, UnicodeDecodeError, EOFError) as error:
        raise stop("zip-damaged", path, detail=str(error)) from error
    if "xl/workbook.bin" in names:
        raise stop("format-unknown", path, detail="xlsb")
    if "[Content_Types].xml" in names:
        if any(n.lower().startswith("xl/") for n in names):
            return "xlsx"
        raise stop("format-unknown", path, detail="Word / PowerPoint")
    if "content.xml" in names:
        return "ods"
    return "zip"


def _sniff_ole(path: Path) -> str:
    data = path.read_bytes()
    if "EncryptedPackage".encode("utf-16-le") in data:
        raise stop("workbook-encrypted", path)
    if "Workbook".encode("utf-16-le") in data or "Book".encode("utf-16-le") in data:
        return "xls"
    raise stop("format-unknown", path, detail="OLE")
