"""What a portal or the line answered, to one of two things: try again later, or a clear stop with what to do."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from pipelines.errors import CatalogueError

AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504, 507, 522, 524})
"""Answers after which the same request may succeed. 500 only when CKAN says that it is its search index."""


class Later(Exception):
    """A request that may succeed when tried again. `done` is None when nobody knows whether it took effect."""

    def __init__(self, said: str, *, wait_s: float | None = None) -> None:
        super().__init__(said)
        self.said = said
        self.wait_s = wait_s


class Refused(Exception):
    """The portal understood and said no: the kind of its error, and the error itself."""

    def __init__(self, status: int, kind: str, error: Mapping[str, Any]) -> None:
        super().__init__(f"{status} {kind}")
        self.status = status
        self.kind = kind
        self.error = error

    def about(self, field: str) -> str:
        """What the error says of one field."""
        said = self.error.get(field)
        return " ".join(str(s) for s in said) if isinstance(said, list) else str(said or "")


def judge(status: int, content_type: str, text: str, headers: Mapping[str, str], where: str) -> None:
    """None for a CKAN answer that says success; else raises Later, Refused or CatalogueError.

    JSON is read only where the answer says that it is JSON: 413, 502 and 504 come from a web server as HTML.
    """
    is_json = "json" in content_type.lower()
    if 300 <= status < 400:
        raise redirected(headers.get("Location", ""), where)
    if is_json:
        answer = _parsed(text)
        if isinstance(answer, dict) and answer.get("success") is True and status == 200:
            return
        error = answer.get("error") if isinstance(answer, dict) else None
        if isinstance(error, dict):
            _refuse(status, error, headers)
        if isinstance(answer, str):
            raise Refused(status, "Bad Request", {"message": answer[:300]})
    if status in AGAIN:
        raise Later(_said(status, text), wait_s=retry_after_s(headers))
    if status in (401, 403):  # a web server or firewall in front of the portal
        raise Refused(status, "", {})
    raise _foreign_answer(status, text, where)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise Later("an answer that was cut off") from None


def _refuse(status: int, error: Mapping[str, Any], headers: Mapping[str, str]) -> None:
    kind = str(error.get("__type", ""))
    message = str(error.get("message", ""))
    if status in AGAIN and (status != 500 or kind in ("Search Index Error", "Search Error") or "Search" in message):
        raise Later(kind or _said(status, message), wait_s=retry_after_s(headers))
    raise Refused(status, kind or "Error", error)


def _said(status: int, text: str) -> str:
    return f"HTTP {status} {_plain_words(text)[:120]}".strip()


def _plain_words(page: str) -> str:
    """The words of a page without its marks, scripts and styles."""
    bare = re.sub(r"<(script|style)\b.*?(</\1>|$)", " ", page[:20_000], flags=re.DOTALL | re.IGNORECASE)
    return " ".join(re.sub(r"<[^>]*(>|$)", " ", bare).split())


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Retry-After in seconds; None where it is absent or a date (clocks differ)."""
    value = headers.get("Retry-After", "").strip()
    return float(value) if value.isdigit() else None


def redirected(target: str, where: str) -> CatalogueError:
    """A redirect in place of an API answer: a login page, or another address."""
    login = "login" in target.lower() or "saml" in target.lower() or "auth" in target.lower()
    plain = target.split("?")[0][:120]
    if login:
        return CatalogueError(
            "portal-login", "カタログがログイン画面へ案内しました。トークンが使えないか、期限切れです。",
            "the portal sent us to a login page: the token is not accepted or has expired",
            todo_ja="カタログの利用者ページでAPIトークンを作り直してください。",
            todo_en="Make a new API token on your user page of the portal.", where=where,
        )
    return CatalogueError(
        "portal-moved", f"カタログが別のアドレス({plain})へ案内しました。", f"the portal redirects to {plain}",
        todo_ja="アドレスをそこに書き換えてください(トークンは案内先へ送っていません)。",
        todo_en="Set that address (the token was not sent there).", where=where,
    )


def _foreign_answer(status: int, text: str, where: str) -> CatalogueError:
    if status == 413:
        return CatalogueError(
            "portal-too-large", "ファイルがカタログの前にあるサーバーの上限を超えています(413)。",
            "a web server in front of the portal refuses the size (413)",
            todo_ja="管理者に上限(client_max_body_size)を上げてもらうか、catalogues.yml の max_upload_bytes を下げてください。",
            todo_en="Ask for a higher client_max_body_size, or lower max_upload_bytes in catalogues.yml.", where=where,
        )
    if status in (404, 405, 501):  # a page that knows no such path, or no POST
        return CatalogueError(
            "portal-not-ckan", f"このアドレスにCKANのAPIがありません({status})。",
            f"there is no CKAN API at this address ({status})",
            todo_ja="アドレスは /api の手前まで(例 https://…/ckan)を書きます。",
            todo_en="Give the address up to /api, for example https://…/ckan.", where=where,
        )
    plain = _plain_words(text)[:100]
    return CatalogueError(
        "portal-answer", f"カタログがCKANの形でない返事をしました(HTTP {status}: {plain})。",
        f"not an answer of CKAN (HTTP {status}: {plain})",
        todo_ja="時間をおいて、もう一度実行してください。続くときは管理者に知らせてください。",
        todo_en="Run again later; tell the portal's operator if it stays.", where=where,
    )


def stopped(refused: Refused, *, action: str, where: str) -> CatalogueError:
    """A refusal to words for the person who runs it."""
    kind, status = refused.kind, refused.status
    message = str(refused.error.get("message", ""))
    if "group" in message.lower() and (status in (403, 404) or kind in ("Authorization Error", "Not Found Error")):
        return CatalogueError(
            "portal-group", f"カタログのグループに入れられません({action}、{status}): {message[:200]}",
            f"cannot put it into the portal's group ({action}, {status}): {message[:200]}",
            todo_ja="catalogues.yml の groups の名前を確かめ、管理者にそのグループの「編集者」にしてもらってください。",
            todo_en="Check groups in catalogues.yml; ask to be made an editor of that group.", where=where,
        )
    if status in (401, 403) or kind == "Authorization Error":
        return CatalogueError(
            "portal-denied", f"この操作({action})をする権限がありません(403)。トークンの誤り・期限切れのこともあります。",
            f"not allowed: {action} (403); the token may also be wrong or expired",
            todo_ja="kokai doctor で確かめ、組織の「編集者」にしてもらってください。",
            todo_en="See kokai doctor; ask to be made an editor of the organisation.", where=where,
        )
    if status == 404 or kind == "Not Found Error":
        return CatalogueError(
            "portal-missing", f"カタログに見つかりません({action})。", f"not found in the portal ({action})",
            todo_ja="kokai plan で今の状態を確かめてください。", todo_en="See kokai plan for its state now.", where=where,
        )
    said = json.dumps({k: v for k, v in refused.error.items() if k != "__type"}, ensure_ascii=False)[:300]
    if "too large" in said.lower() or "max_size" in said:
        return CatalogueError(
            "portal-file-too-large", "ファイルがカタログの上限(ckan.max_resource_size)を超えています。",
            "the file is over the portal's ckan.max_resource_size",
            todo_ja="管理者に上限を上げてもらってください(CKANの既定は10MBです)。",
            todo_en="Ask the operator to raise it (CKAN's default is 10 MB).", where=where,
        )
    if "No space left" in said or "Disk quota" in said:
        return CatalogueError(
            "portal-disk-full", "カタログのサーバーのディスクがいっぱいです。", "the portal's disk is full",
            todo_ja="管理者に知らせてください。", todo_en="Tell the operator.", where=where,
        )
    return CatalogueError(
        "portal-refused", f"カタログが受け付けませんでした({action}、{status}): {said}",
        f"the portal refused {action} ({status}): {said}",
        todo_ja="表示された項目を定義で直してください。", todo_en="Mend the named fields in the declaration.", where=where,
    )


def unreachable(said: str, where: str, tries: int) -> CatalogueError:
    """After the last try."""
    return CatalogueError(
        "portal-unreachable", f"カタログから返事がありません({tries}回試しました): {said}",
        f"no usable answer after {tries} tries: {said}",
        todo_ja="もう一度実行すると、残りだけを送ります。", todo_en="Run it again: only the rest is sent.", where=where,
    )
