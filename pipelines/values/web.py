"""Turns web and mail addresses as typed into the form that a program can open."""

from __future__ import annotations

import re
from collections.abc import Callable

from pipelines.values.codes import narrow
from pipelines.values.patterns import late_pattern

_URL = late_pattern(r"https?://[^\s/?#]+\.[^\s]+|https?://[^\s/?#]+", re.IGNORECASE)
# "ttp://", "htt://", "htto://", "hhttp://", "http;//", "https:/", "http//": seen with one slip of a finger.
_BROKEN_SCHEME = late_pattern(r"^h{0,2}t{1,3}[po]{0,2}s?(?:[:;]/{1,3}|//)", re.IGNORECASE)
_BARE = late_pattern(r"(?:[a-z0-9-]+\.)+(?:jp|com|net|org|info|biz|co|io|tokyo|gov|edu)(?:[:/?#][^\s]*)?", re.IGNORECASE)
_HOST = late_pattern(r"(https?://)([^/?#]*)(.*)", re.IGNORECASE | re.DOTALL)
_AROUND = late_pattern(r"<(https?://[^<>\s]+)>|(?:URL|HP|ホームページ|公式サイト|公式HP|リンク)?\s*[:：]?\s*(https?://\S+)"
                       r"|<a\s[^<>]*href=[\"']?([^\"'\s<>]+)[\"']?[^<>]*>.*", re.IGNORECASE)
_INSIDE = late_pattern(
    r"https?://(?:[^/?#:]*\.)?(?:localhost|local|lan|internal|intra|lgwan\.jp|localdomain)(?:[:/?#].*)?"
    r"|https?://(?:127\.|10\.|192\.168\.|172\.(?:1[6-9]|2[0-9]|3[01])\.)[0-9.]+(?:[:/?#].*)?"
    r"|file:.*|[A-Za-z]:\\.*|\\\\[^\\]+\\.*", re.IGNORECASE)
_BETWEEN_URLS = late_pattern(r"[\s、，,;；]+(?=https?://)", re.IGNORECASE)
_AT = late_pattern(r"\s*(?:[(\[{<]\s*(?:at|アット|アットマーク|@)\s*[)\]}>]|アットマーク)\s*", re.IGNORECASE)
_MAIL = late_pattern(r"[A-Za-z0-9._%+/=?^{|}~!#$&'*`-]+@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}")


def is_mail(text: str) -> bool:
    """True for one mail address in half-width characters."""
    return bool(_MAIL.fullmatch(text))


def plain_url(text: str) -> str | None:
    """A web address without full-width signs and spaces and with its scheme spelt right; None if nothing changes."""
    # Full-width letters within the path may be meant: only ASCII signs are folded, and spaces at the ends.
    rest = text.translate({c: c - 0xFEE0 for c in range(0xFF01, 0xFF5F)}).strip()
    rest = rest.rstrip("。、，" if "(" in rest else "。、，,;；」)")
    around = _AROUND.fullmatch(rest)
    rest = next((part for part in around.groups() if part), rest) if around else rest
    rest = rest.replace("\\", "/") if re.match(r"https?:\\", rest) else rest
    rest = re.sub(r"^https?:/{1,2}(?=https?:/)", "", rest)
    scheme = _BROKEN_SCHEME.match(rest)
    if scheme:
        typed, rest = scheme.group().lower(), rest[scheme.end() :]
        wanted = "https://" if "s" in typed else "http://"
        rest = wanted + (rest if typed == wanted else rest.lstrip("/"))
    rest = _plain_host(rest)
    return rest if rest != text and _URL.fullmatch(rest) else None


def _plain_host(url: str) -> str:
    """The address with the signs of its host spelt right: "www。city,mine.lg.jp" -> www.city.mine.lg.jp, "wwww." -> "www."."""
    found = _HOST.fullmatch(url)
    if found is None:
        return url
    host = re.sub(r"[。．，、,・]|\.{2,}", ".", found[2])
    return found[1] + re.sub(r"^(?:ww|wwww)\.", "www.", host) + found[3]


def is_public_url(text: str) -> bool:
    """True for an address whose host has a name that the whole world can look up: letters, digits, hyphens and points.

    Japanese in the first part is a name, too (日本語.jp); a comma, 。 or a host without a point is none (RFC 1123, RFC 3490).
    """
    found = _HOST.fullmatch(text)
    if found is None:
        return False
    host = found[2].rpartition("@")[2].partition(":")[0].lower()
    parts = host.split(".")
    slip = parts[0] in ("ww", "wwww") or parts[0] in ("https", "http") or not all(parts) or len(parts) < 2
    odd = slip or re.search(r"[^0-9a-z.\-ぁ-ヶー一-龯々]", host) is not None
    return not odd and re.fullmatch("[a-z]{2,}|[0-9]+|xn--.+|[ぁ-龯]+", parts[-1]) is not None


def is_inside_url(text: str) -> bool:
    """True for an address that only this office can open: a drive, a shared folder, a private host (RFC 1918, RFC 6761, LGWAN)."""
    return _INSIDE.fullmatch(text.strip()) is not None


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
    """A mail address in half-width characters without spaces, "mailto:", a name beside it or a sign behind it, else None.

    "(at)" and アットマーク are its @; a comma and two points are a point.
    """
    named = re.fullmatch(r"[^<>@]*<([^<>@\s]+@[^<>\s]+)>", narrow(text))
    rest = _AT.sub("@", named[1] if named else narrow(text))
    rest = re.sub(r"\s", "", re.sub("^(?:mailto:|(?:e-?mail|メール(?:アドレス)?):)", "", rest, flags=re.IGNORECASE)).strip("\"'")
    rest = re.sub(r"\.{2,}", ".", rest.rstrip("。、,.;").replace(",", "."))
    return rest if rest != text and is_mail(rest) else None
