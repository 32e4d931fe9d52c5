"""The bodies as the portal's organisations: looked up, and made where the declaration allows it."""

from __future__ import annotations

from collections.abc import Sequence

from pipelines.errors import CatalogueError
from pipelines.model import Municipality
from publish.ckan.portal import Portal
from publish.ckan.trouble import Later, Refused, stopped


def ensure_organizations(portal: Portal, bodies: Sequence[Municipality], *, may_create: bool) -> list[str]:
    """Make the organisations that are missing; returns their names. CatalogueError where that is not allowed."""
    made = []
    for body in sorted({b.organization_id: b for b in bodies}.values(), key=lambda b: b.organization_id):
        if has_organization(portal, body.organization_id):
            continue
        if not may_create:
            raise CatalogueError(
                "organization-missing", f"カタログに組織「{body.organization_id}」がありません。",
                f"the portal has no organisation {body.organization_id}",
                todo_ja="管理者に作ってもらうか、municipality.yml の organization_id を直してください。",
                todo_en="Ask the operator for it, or mend organization_id in municipality.yml.",
                where=body.organization_id,
            )
        _create(portal, body)
        made.append(body.organization_id)
    return made


def has_organization(portal: Portal, name: str) -> bool:
    """True when the portal has the organisation."""
    try:
        portal.read("organization_show", {"id": name, "include_datasets": False, "include_users": False,
                                          "include_groups": False, "include_followers": False}, where=name)
    except Refused as refused:
        if refused.status == 404:
            return False
        raise stopped(refused, action="organization_show", where=name) from None
    return True


def _create(portal: Portal, body: Municipality) -> None:
    words = f"{body.full_name}（全国地方公共団体コード {body.code}）"
    for n in range(portal.tries):
        try:
            portal.write("organization_create", {"name": body.organization_id, "title": body.name, "description": words})
            return
        except Later as later:
            portal.pause(n, later)
            if has_organization(portal, body.organization_id):
                return
        except Refused as refused:
            if has_organization(portal, body.organization_id):
                return
            raise stopped(refused, action="organization_create", where=body.organization_id) from None
    raise stopped(Refused(504, "", {}), action="organization_create", where=body.organization_id)
