"""Turns web and mail addresses as typed into the form that a program can open."""

from __future__ import annotations

import re
from collections.abc import Callable

from pipelines.values.codes import narrow
from pipelines.values.patterns import late_pattern

_URL = late_pattern(r"https?://[^\s/?#]+\.[^\s]+|https?://[^\s/?#]+", re.IGNORECASE)
# "ttp://", "htt://", "htto://", "hhttp://", "http;//", "https:/", "http//": seen with one slip of a finger.
_BROKEN_SCHEME = late_pattern(r"^h{0,2}t{2,3}[po]{0,2}s?(?:[:;]/{1,3}|//)", re.IGNORECASE)
_BARE = late_pattern(r"(?:[a-z0-9-]+\.)+(?:jp|com|net|org|info|biz|co|io|tokyo|gov|edu)(?:[:/?#][^\s]*)?", re.IGNORECASE)
_BETWEEN_URLS = late_pattern(r"[\s、，,;；]+(?=https?://)", re.IGNORECASE)
_MAIL = late_pattern(r"[A-Za-z0-9._%+/=?^{|}~!#$&'*`-]+@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}")


def is_mail(text: str) -> bool:
    """True for one mail address in half-width characters."""
    return bool(_MAIL.fullmatch(text))


def plain_url(text: str) -> str | None:
    """A web address without full-width signs and spaces and with its scheme spelt right; None if nothing changes."""
    # Full-width letters within the path may be meant: only ASCII signs are folded, and spaces at the ends.
    rest = text.translate({c: c - 0xFEE0 for c in range(0xFF01, 0xFF5F)}).strip()
    scheme = _BROKEN_SCHEME.match(rest)
    if scheme:
        typed, rest = scheme.group().lower(), rest[scheme.end() :]
        wanted = "https://" if "s" in typed else "http://"
        rest = wanted + (rest if typed == wanted else rest.lstrip("/"))
    return rest if rest != text and _URL.fullmatch(rest) else None


def url_with_scheme(text: str) -> str | None:
    """A web address that lost its scheme, with https:// in front; None if it has one or is no address.

    Only to propose: whether the server speaks https is not known here.
    """
    rest = narrow(text)
    rest = rest[2:] if rest.startswith("//") else rest
    return f"https://{rest}" if _BARE.fullmatch(rest) else None


def first_url(text: str) -> str | None:
    """The first of several web addresses in one cell (on lines of their own, behind a space or 、), else None.

    The others are lost, so this is only ever proposed.
    """
    parts = [p for p in _BETWEEN_URLS.split(text.strip()) if p]
    if len(parts) < 2:
        return None
    return parts[0] if all(_URL.fullmatch(p) for p in parts) else None


def unless_several(text: str, mend: Callable[[str], str | None]) -> str | None:
    """The mended text, None where the cell holds several web addresses."""
    return None if first_url(text) is not None else mend(text)


def plain_mail(text: str) -> str | None:
    """A mail address in half-width characters without spaces or "mailto:"; None if nothing changes or it is none."""
    rest = re.sub(r"\s", "", re.sub("^mailto:", "", narrow(text), flags=re.IGNORECASE))
    rest = rest[1:-1] if rest.startswith("<") and rest.endswith(">") else rest
    return rest if rest != text and is_mail(rest) else None
