"""One polite, authorised query to a live CKAN to what it lists of one body, for comparison with the ledger."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

import pipelines
from pipelines.declare import Catalogue
from pipelines.errors import ApprovalError, CatalogueError
from publish.kpi import Listed

MOST_BYTES = 32 << 20
MOST_ROWS = 1000  # CKAN's own limit of one answer
Reader = Callable[[Catalogue, str], list[Listed]]
"""(catalogue, organisation) to what the catalogue lists; `read_ckan` is the one that asks a live CKAN."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A token must not follow a redirect to another host."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


def address_of(catalogue: Catalogue, environ: Mapping[str, str] = os.environ) -> str:
    """The catalogue's base URL: from its environment variable where it names one."""
    return (environ.get(catalogue.url_env, "") if catalogue.url_env else "") or catalogue.url


def read_ckan(catalogue: Catalogue, organization: str, *, environ: Mapping[str, str] = os.environ) -> list[Listed]:
    """Ask `package_search` once for one organisation. One request, no retries, no crawling.

    ApprovalError without the token that the catalogue's keeper gave (loopback needs none);
    CatalogueError when it cannot be reached, refuses, or answers something else.
    """
    base = address_of(catalogue, environ).rstrip("/")
    if catalogue.kind != "ckan" or not base.startswith(("http://", "https://")):
        raise CatalogueError("catalogue-no-api", f"「{catalogue.title}」には問い合わせの窓口(API)がありません。",
                             "this catalogue has no API to ask", where=catalogue.name,
                             todo_ja="画面の一覧を kokai ledger import の CSV と見比べてください。",
                             todo_en="Compare its list by hand.")
    token = environ.get(catalogue.token_env, "") if catalogue.token_env else ""
    host = urlsplit(base).hostname or ""
    if not token and host not in ("127.0.0.1", "::1", "localhost"):
        raise ApprovalError("catalogue-token-missing", f"「{catalogue.title}」のトークンがありません。",
                            "no token for this catalogue", where=catalogue.token_env or catalogue.name,
                            todo_ja="カタログの運営者に照合の許可を得て、トークンを環境変数に入れてください。",
                            todo_en="Ask the catalogue's keeper for leave and a token, and set the variable.")
    query = urlencode({"fq": f'organization:"{organization}"', "rows": MOST_ROWS, "sort": "name asc"})
    headers = {"User-Agent": f"Kokai/{pipelines.__version__} (reconciliation)", "Accept": "application/json"}
    if token:
        headers["Authorization"] = token
    request = urllib.request.Request(f"{base}/api/3/action/package_search?{query}", headers=headers)
    try:
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=catalogue.timeout_s) as answer:
            data = answer.read(MOST_BYTES + 1)
    except (urllib.error.URLError, OSError) as error:
        reason = f"HTTP {error.code}" if isinstance(error, urllib.error.HTTPError) else type(error).__name__
        raise CatalogueError("catalogue-unreachable", f"カタログに問い合わせできません({reason})。",
                             f"the catalogue cannot be asked ({reason})", where=base,
                             todo_ja="アドレスとトークン、ネットワークを確かめてください。台帳の数字には影響しません。",
                             todo_en="Check address, token and network; the ledger's numbers stay.") from None
    return _listed(data, base)


def _listed(data: bytes, base: str) -> list[Listed]:
    try:
        if len(data) > MOST_BYTES:
            raise ValueError("too large")
        result = json.loads(data)["result"]
        found = [
            Listed(str(p["name"]), str(p.get("title") or ""), len(p.get("resources") or ()), f"{base}/dataset/{p['name']}",
                   str(p.get("metadata_modified") or ""))
            for p in result["results"] if p.get("state", "active") == "active"
        ]
        complete = int(result["count"]) <= len(result["results"])
    except (ValueError, KeyError, TypeError, AttributeError):
        raise CatalogueError("catalogue-answer-wrong", "カタログの答えを読めません。", "the catalogue's answer is not CKAN's",
                             todo_ja="アドレスが CKAN のものか確かめてください。", todo_en="Is this the address of a CKAN?",
                             where=base) from None
    if not complete:
        raise CatalogueError("catalogue-answer-partial", f"カタログの一覧が{MOST_ROWS}件を超えるため、照合できません。",
                             f"the catalogue lists more than {MOST_ROWS}: not all were given", where=base,
                             todo_ja="カタログの運営者に一覧をもらってください。", todo_en="Ask its keeper for a list.")
    return found
