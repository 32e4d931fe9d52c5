"""A portal before anything is sent, to a list of yes, careful and no: address, token, rights, licences, limits, downloads."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from pipelines.errors import CatalogueError
from publish.ckan.checking import file_address
from publish.ckan.organizations import has_organization
from publish.ckan.portal import Portal
from publish.ckan.trouble import Later, Refused
from publish.plan import Wanted
from publish.plan.compare import file_name

MAX_APART_S = 600.0


@dataclass(frozen=True)
class Check:
    """One thing looked at: ok, careful (works, but) or bad (will not work), and what to do."""

    state: str
    code: str
    ja: str
    en: str
    todo_ja: str = ""
    todo_en: str = ""

    def as_dict(self) -> dict[str, str]:
        return {"state": self.state, "code": self.code, "message_ja": self.ja, "message_en": self.en,
                "todo_ja": self.todo_ja, "todo_en": self.todo_en}


def examine(
    portal: Portal, wanted: Sequence[Wanted], *, may_create: bool, limit_bytes: int | None, now: datetime | None = None
) -> list[Check]:
    """Every check; the first that fails for good (no answer, no CKAN) ends the list. Nothing is written.

    `now` is this machine's clock, compared with the portal's.
    """
    try:
        status = portal.read("status_show")
    except (CatalogueError, Refused) as error:
        ja, en = (error.ja, error.en) if isinstance(error, CatalogueError) else (str(error), str(error))
        todo = (error.todo_ja, error.todo_en) if isinstance(error, CatalogueError) else ("", "")
        return [Check("bad", "portal", ja, en, *todo)]
    checks = [_version(status)]
    user = _user(portal)
    checks.append(_token(portal, user))
    checks += _clock(portal, now)
    checks += _rights(portal, user, {str(w.fields["owner_org"]) for w in wanted}, may_create)
    checks += _groups(portal, user, {g for w in wanted for g in w.groups})
    checks += _licences(portal, {str(w.fields["license_id"]) for w in wanted})
    checks.append(_sizes(wanted, limit_bytes))
    checks.append(_stores(status))
    checks += _downloads(portal, wanted)
    return checks


def _version(status: Mapping[str, Any]) -> Check:
    version = str(status.get("ckan_version", ""))
    numbers = tuple(int(n) for n in re.findall(r"[0-9]+", version)[:2])
    if numbers >= (2, 10):
        return Check("ok", "version", f"CKAN {version}", f"CKAN {version}")
    if numbers >= (2, 9):
        return Check("careful", "version", f"CKAN {version} は古い版です。", f"CKAN {version} is old",
                     "管理者に更新を相談してください。", "Ask the operator about an upgrade.")
    return Check("bad", "version", f"CKAN {version} には package_revise がありません。", f"CKAN {version} has no package_revise",
                 "kokai handover の zip で登録してください。", "Register by hand with kokai handover.")


def _user(portal: Portal) -> Mapping[str, Any]:
    try:
        found: Mapping[str, Any] = portal.read("user_show", {})
    except (Refused, CatalogueError):
        return {}
    return found


def _token(portal: Portal, user: Mapping[str, Any]) -> Check:
    if user:
        role = "システム管理者" if user.get("sysadmin") else "利用者"
        return Check("ok", "token", f"トークン {portal.token!r}: {user.get('name')}({role})",
                     f"token {portal.token!r}: {user.get('name')}")
    return Check("bad", "token", f"トークン {portal.token!r} が使えません(誤りか、期限切れです)。",
                 f"token {portal.token!r} is not accepted (wrong or expired)",
                 "カタログの利用者ページでAPIトークンを作り直してください。", "Make a new API token on your user page.")


def _rights(portal: Portal, user: Mapping[str, Any], needed: set[str], may_create: bool) -> list[Check]:
    if not user:
        return []
    try:
        mine = {str(o["name"]) for o in portal.read("organization_list_for_user", {"permission": "create_dataset"})}
    except (Refused, CatalogueError):
        mine = set()
    checks = []
    for name in sorted(needed):
        if name in mine:
            checks.append(Check("ok", "rights", f"組織 {name} に登録できます。", f"may publish for {name}"))
        elif may_create and not _is_there(portal, name):
            state = "ok" if user.get("sysadmin") else "careful"
            checks.append(Check(state, "rights", f"組織 {name} はまだありません。公開のときに作ります。",
                                f"will make the organisation {name}",
                                *(() if state == "ok" else ("このカタログが利用者に組織を作らせるか、管理者に確かめてください。",
                                                            "Ask the operator whether users may make organisations."))))
        else:
            checks.append(Check("bad", "rights", f"組織 {name} に登録する権限がありません。", f"may not publish for {name}",
                                "管理者に、この組織の「編集者」にしてもらってください。",
                                "Ask to be made an editor of the organisation."))
    return checks


def _is_there(portal: Portal, name: str) -> bool:
    try:
        return has_organization(portal, name)
    except CatalogueError:
        return True


def _groups(portal: Portal, user: Mapping[str, Any], needed: set[str]) -> list[Check]:
    if not (user and needed):
        return []
    try:
        mine = {str(g["name"]) for g in portal.read("group_list_authz", {})}
    except (Refused, CatalogueError):
        mine = set()
    made = []
    for name in sorted(needed):
        if name in mine:
            made.append(Check("ok", "group", f"グループ {name} に入れられます。", f"may use the group {name}"))
        else:
            made.append(Check("bad", "group", f"グループ {name} がないか、権限がありません。",
                              f"no group {name}, or no right to it",
                              "catalogues.yml の groups を確かめ、管理者にグループの「編集者」にしてもらってください。",
                              "Check groups in catalogues.yml; ask to be made an editor of the group."))
    return made


def _clock(portal: Portal, now: datetime | None) -> list[Check]:
    """The Date of the portal's answer beside our clock: the ledger's dates are this machine's."""
    if now is None or not portal.server_date:
        return []
    try:
        theirs = parsedate_to_datetime(portal.server_date)
    except ValueError:
        return []
    apart_s = abs((now - theirs).total_seconds())
    if apart_s <= MAX_APART_S:
        return [Check("ok", "clock", "時計は合っています。", "the clocks agree")]
    return [Check("careful", "clock", f"この機械の時計が、カタログと{apart_s / 60:,.0f}分ずれています。",
                  f"this machine's clock and the portal's are {apart_s / 60:,.0f} minutes apart",
                  "時計を合わせてください。公開した日時は、この機械の時計で台帳に残ります。",
                  "Set the clock: the ledger takes its times from it.")]


def _licences(portal: Portal, needed: set[str]) -> list[Check]:
    try:
        known = {str(x["id"]) for x in portal.read("license_list")}
    except (Refused, CatalogueError):
        return [Check("careful", "licence", "ライセンスの一覧を読めません。", "the list of licences cannot be read")]
    made = []
    for x in sorted(needed):
        if x in known:
            made.append(Check("ok", "licence", f"ライセンス {x} があります。", f"licence {x} is known"))
            continue
        near = "、".join(sorted(k for k in known if k.lower().startswith("cc"))) or "なし"
        made.append(Check("bad", "licence", f"ライセンス {x} がこのカタログにありません(あるもの: {near})。",
                          f"licence {x} is not in its list ({near})",
                          "catalogues.yml の licence_ids に、このカタログでの id を書いてください。",
                          "Map it in licence_ids of catalogues.yml."))
    return made


def _sizes(wanted: Sequence[Wanted], limit_bytes: int | None) -> Check:
    largest = max((f.size_bytes for w in wanted for f in w.files), default=0)
    if limit_bytes is None:
        return Check("careful", "size", f"最大のファイルは{largest:,}バイトです。上限の設定(max_upload_bytes)がありません。",
                     f"largest file {largest:,} bytes; no max_upload_bytes is declared")
    state = "ok" if largest <= limit_bytes else "bad"
    return Check(state, "size", f"最大のファイルは{largest:,}バイト、上限は{limit_bytes:,}バイトです。",
                 f"largest file {largest:,} bytes, limit {limit_bytes:,}")


def _stores(status: Mapping[str, Any]) -> Check:
    names = set(status.get("extensions", ()))
    if "datastore" not in names:
        return Check("ok", "datastore", "DataStore はありません(ファイルだけを公開します)。", "no DataStore: files only")
    how = "xloader が取り込みます" if "xloader" in names else "Kokai が入れます"
    return Check("ok", "datastore", f"DataStore があります({how})。", "DataStore " + ("with xloader" if "xloader" in names else ""))


def _downloads(portal: Portal, wanted: Sequence[Wanted]) -> list[Check]:
    """HEAD and the content type of a public file of ours per format: harvesters ask HEAD first and believe the type."""
    seen: dict[str, Check] = {}
    for w in wanted[:20]:
        held = portal.show(w.name)
        if held is None or held.get("private"):
            continue
        for r in held.get("resources", ()):
            if r.get("url_type") == "upload" and str(r.get("format")) not in seen:
                seen[str(r.get("format"))] = _download(portal, str(held["id"]), r)
        if seen:
            break
    return list(seen.values())


def _download(portal: Portal, dataset_id: str, resource: Mapping[str, Any]) -> Check:
    form, wanted = str(resource.get("format")), str(resource.get("mimetype") or "")
    try:
        status, kind = portal.head(file_address(portal, dataset_id, str(resource["id"]), file_name(resource)))
    except Later as later:
        return Check("careful", "head", f"{form} のファイルが HEAD に答えません({later.said})。",
                     f"no answer to HEAD for {form} ({later.said})")
    if status != 200:
        return Check("careful", "head", f"{form} のファイルが HEAD に{status}で答えます。収集されないおそれがあります。",
                     f"HEAD for {form} answers {status}: harvesters may skip it",
                     "管理者に知らせてください。", "Tell the portal's operator.")
    plain = kind.split(";")[0].strip().lower()
    if wanted and plain != wanted.lower():
        return Check("careful", "content-type", f"{form} の種類(Content-Type)が {plain or 'なし'} です({wanted} のはずです)。",
                     f"{form} is served as {plain or 'nothing'}, not {wanted}",
                     "項目(mimetype)には正しい種類が入っています。配信の設定は管理者に相談してください。",
                     "The field mimetype says it right; the server's setting is the operator's.")
    return Check("ok", "head", f"{form} のファイルが HEAD に200で答えます({kind})。", f"HEAD for {form} answers 200 ({kind})")
