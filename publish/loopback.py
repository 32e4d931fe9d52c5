"""A host or an address to whether it is this machine itself: there plain http and samples are allowed."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit


def is_loopback_host(host: str) -> bool:
    """True for localhost and the loopback addresses of IPv4 and IPv6 (with or without their brackets)."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def is_loopback(address: str) -> bool:
    """True for an http(s) address whose host is this machine's loopback."""
    return is_loopback_host(urlsplit(address).hostname or "")
