"""A plan to a JSON file and back; a digest shows when somebody changed the file in between."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipelines.errors import CatalogueError
from publish.plan.model import Change, FieldChange, FileChange, Plan
from publish.plan.wording import REASONS
from publish.swap import write_atomically

FORM = 1


def plan_dict(plan: Plan) -> dict[str, Any]:
    """The plan as JSON, with counts, reasons in words, and its digest."""
    changes = [dataclasses.asdict(c) for c in plan.changes]
    for change in changes:
        change["reason_ja"], change["reason_en"] = REASONS[change["reason"]]
        for f in change["files"]:
            f["reason_ja"], f["reason_en"] = REASONS[f["reason"]]
    made: dict[str, Any] = {
        "kokai_plan": FORM, "catalogue": plan.catalogue, "address": plan.address, "made_at": plan.made_at,
        "made_by": plan.made_by, "portal": dict(plan.portal), "counts": plan.counts(), "changes": changes,
        "unknown": list(plan.unknown),
    }
    return {**made, "digest": plan_digest(made)}


def plan_digest(value: Mapping[str, Any]) -> str:
    """SHA-256 of the plan's JSON with sorted keys, without the digest itself."""
    rest = {k: v for k, v in value.items() if k != "digest"}
    return hashlib.sha256(json.dumps(rest, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def plan_number(plan: Plan) -> str:
    """The first twelve digits of the plan's digest: on the approval sheet, and at the plan and at its publication."""
    return str(plan_dict(plan)["digest"])[:12]


def write_plan(path: Path, plan: Plan) -> str:
    """Write the plan; returns its digest."""
    value = plan_dict(plan)
    write_atomically(path, (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode())
    return str(value["digest"])


def read_plan(path: Path) -> Plan:
    """The plan of a file. CatalogueError when it is no plan, of another form, or was changed by hand."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        if value["kokai_plan"] != FORM or plan_digest(value) != value["digest"]:
            raise ValueError("digest")
        return Plan(
            value["catalogue"], value["address"], value["made_at"], value["made_by"], value["portal"],
            tuple(_change(c) for c in value["changes"]), tuple(value["unknown"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CatalogueError(
            "plan-unreadable", "計画のファイルとして読めません(壊れているか、書き換えられています)。",
            f"not a plan, or changed by hand ({type(error).__name__})",
            todo_ja="kokai plan で作り直してください。", todo_en="Make it again with kokai plan.", where=str(path),
        ) from None


def _change(value: Mapping[str, Any]) -> Change:
    rest = {k: v for k, v in value.items() if k not in ("fields", "files", "tables", "reason_ja", "reason_en")}
    files = []
    for f in value["files"]:
        plain = {k: v for k, v in f.items() if k not in ("fields", "reason_ja", "reason_en")}
        files.append(FileChange(**plain, fields=tuple(FieldChange(**x) for x in f["fields"])))
    return Change(**rest, fields=tuple(FieldChange(**x) for x in value["fields"]), files=tuple(files),
                  tables=tuple(value.get("tables", ())))
