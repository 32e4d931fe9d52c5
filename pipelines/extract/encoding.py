"""Bytes of a text file to its encoding: byte order mark, ISO-2022-JP, strict UTF-8, CP932 against EUC-JP by score, UTF-16."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path

from pipelines.values.patterns import late_pattern

_KANA = late_pattern("[ぁ-んァ-ヶー]")
_HALF_KANA = late_pattern("[｡-ﾟ]")
_KANJI = late_pattern("[一-龠々〆]")
_RARE = late_pattern("[\ue000-\uf8ff\x80-\x9f\ufffd]")
_PLAIN = late_pattern("[\t\r\n -~ぁ-ヿ一-龠々〆、-〟①-⑳㈱№！-ﾟ−‐‑–—‖…×○〇●△]")
_ASCII_AND_HALF_KANA = bytes([*range(0x80), *range(0xA1, 0xE0)])
_WEIRD = late_pattern("[\u0080-\u00ff]")


def guess_encoding(data: bytes, complete: bool = True) -> str:
    """utf-8, utf-8-sig, cp932, euc_jp, iso2022_jp, utf-16 (also utf-16-le and -be without mark) for the bytes of a file.

    `complete` = False when `data` is only the beginning of a file: a character cut at the end is no error then.
    """
    if data.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    bare = _utf16_without_mark(data)
    if bare:
        return bare
    if b"\x1b$" in data and data.isascii():
        return _iso_2022(data, complete)
    if _decodes(data, "utf-8", complete):
        return "utf-8"
    return _cp932_or_euc(data, complete)


def _iso_2022(data: bytes, complete: bool) -> str:
    """The 7-bit form of JIS that mail and old systems write: escape sequences switch the character set."""
    names = ("iso2022_jp", "iso2022_jp_ext", "iso2022_jp_2004")
    return next((name for name in names if _decodes(data, name, complete)), "utf-8")


def public_name(encoding: str) -> str:
    """The name that reports use: the forms without mark are utf-16, the wider EUC is euc_jp, the wider JIS iso2022_jp."""
    if encoding.startswith("utf-16"):
        return "utf-16"
    if encoding.startswith("iso2022"):
        return "iso2022_jp"
    return "euc_jp" if encoding.startswith("euc") else encoding


def _utf16_without_mark(data: bytes) -> str | None:
    """Zero bytes tell UTF-16: separators, digits and line ends have one each; what reads as text then is it."""
    head = data[: 4096 if len(data) >= 4096 else len(data) // 2 * 2]
    if len(head) < 4 or head.count(0) * 100 < len(head):
        return None
    best: tuple[float, str] | None = None
    for name in ("utf-16-le", "utf-16-be"):
        if not _decodes(head, name, False):
            continue
        text = head.decode(name, errors="ignore")
        share = len(_PLAIN.findall(text)) / max(len(text), 1)
        if share > 0.9 and (best is None or share > best[0]):
            best = (share, name)
    return best[1] if best else None


def _decodes(data: bytes, codec: str, complete: bool) -> bool:
    try:
        codecs.getincrementaldecoder(codec)("strict").decode(data, complete)
    except UnicodeDecodeError:
        return False
    return True


def _cp932_or_euc(data: bytes, complete: bool) -> str:
    """CP932 writes kana and kanji with lead bytes that EUC-JP does not know, so what is whole EUC-JP is EUC-JP.

    The one exception is text whose only Japanese is half-width kana in even runs.
    """
    if not complete:
        data = data[: data.rfind(b"\n") + 1] or data
    for name in ("euc_jp", "euc_jis_2004"):  # the second has the circled digits and company signs of JIS X 0213
        if _decodes(data, name, complete):
            half_kana = not data.translate(None, _ASCII_AND_HALF_KANA)
            return "cp932" if half_kana and not _KANA.search(data.decode(name, "replace")) else name
    if _decodes(data, "cp932", complete):
        return "cp932"
    sample = _japanese_part(data)
    scores = {name: _score(sample.decode(name, errors="replace")) for name in ("cp932", "euc_jp")}
    return "euc_jp" if scores["euc_jp"] > scores["cp932"] else "cp932"


def _japanese_part(data: bytes, size: int = 262_144) -> bytes:
    """Lines with non-ASCII bytes, up to `size`: an ASCII beginning says nothing."""
    if len(data) <= size:
        return data
    out: list[bytes] = []
    total = 0
    for line in data.splitlines(keepends=True):
        if not line.isascii():
            out.append(line)
            total += len(line)
            if total > size:
                break
    return b"".join(out)


def _score(text: str) -> float:
    """How Japanese a text looks: kana and kanji count for it, half-width kana in the midst of kanji against."""
    kana, kanji = len(_KANA.findall(text)), len(_KANJI.findall(text))
    half, rare = len(_HALF_KANA.findall(text)), len(_RARE.findall(text))
    broken = text.count("\ufffd")
    return kana * 2 + kanji + half * 0.4 - rare * 3 - broken * 10


def mojibake_codecs(text: str) -> tuple[str, str] | None:
    """(outer, inner) if a text was decoded twice: encode it with outer, decode it with inner. None if it was not.

    Seen in 石川県's 170003_aed.csv: CP932 bytes decoded as Latin-1 and stored as UTF-8. The sample must become
    Japanese text without one broken character, else nothing is claimed.
    """
    sample = text[:20_000]
    if len(_WEIRD.findall(sample)) < max(4, len(sample) // 20) or _KANA.search(sample):
        return None
    for outer in ("latin-1", "cp1252"):
        try:
            raw = sample.encode(outer)
        except UnicodeEncodeError:
            continue
        for inner in ("utf-8", "cp932", "euc_jp"):
            try:
                repaired = codecs.getincrementaldecoder(inner)("strict").decode(raw, len(text) <= 20_000)
            except UnicodeDecodeError:
                continue
            if len(_KANA.findall(repaired)) + len(_KANJI.findall(repaired)) >= len(repaired) // 20 + 2:
                return outer, inner
    return None


def repair_mojibake(text: str) -> str | None:
    """The text behind a doubly decoded one (see `mojibake_codecs`), None if it is none or cannot be undone whole."""
    found = mojibake_codecs(text)
    if found is None:
        return None
    try:
        return text.encode(found[0]).decode(found[1])
    except UnicodeError:
        return None


def utf8_chunks(path: Path, encoding: str, size: int, mojibake: tuple[str, str] | None = None) -> Iterator[bytes]:
    """The file in chunks of UTF-8 bytes without byte order mark; bytes that cannot be decoded become U+FFFD.

    `mojibake` undoes a double decoding on the way (see `mojibake_codecs`).
    """
    if mojibake is None:
        yield from _utf8(path, encoding, size)
        return
    outer, inner = mojibake
    first = codecs.getincrementaldecoder("utf-8")("replace")
    second = codecs.getincrementaldecoder(inner)("replace")
    for chunk in _utf8(path, encoding, size):
        yield second.decode(first.decode(chunk).encode(outer, errors="replace")).encode("utf-8", "replace")
    yield second.decode(b"", True).encode("utf-8", "replace")


def _utf8(path: Path, encoding: str, size: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        if encoding in ("utf-8", "utf-8-sig"):
            first = True
            while chunk := file.read(size):
                yield chunk[3:] if first and chunk.startswith(codecs.BOM_UTF8) else chunk
                first = False
            return
        decoder = codecs.getincrementaldecoder(encoding)("replace")
        while chunk := file.read(size):
            yield decoder.decode(chunk).encode("utf-8", "replace")
        if rest := decoder.decode(b"", True):
            yield rest.encode("utf-8", "replace")
