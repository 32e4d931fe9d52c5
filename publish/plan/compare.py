"""A wanted dataset and the catalogue's own dict of it, to the change that makes them equal, field by field."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from publish.plan.model import Change, FieldChange, FileChange, Wanted, WantedFile

FILE_KEY = "source_file"
"""Resource field of ours: the file name that it is for; `id` may be the portal's own."""
SHA = "sha256"
WITHDRAWN = "kokai_withdrawn"
"""Extra of a tombstone: when it was withdrawn."""


def text(value: Any) -> str:
    """A catalogue's value as text: None and "" are the same to it; line ends as CKAN's form stores them."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).replace("\r\n", "\n").strip()


def make_change(wanted: Wanted, held: Mapping[str, Any] | None, *, adopted: str = "") -> Change:
    """The change for one dataset. `held` is package_show's dict (None = not there).

    `adopted` says how a dataset that a person had made was found (title, name); "" = it is ours.
    Only what differs is listed; tags, extras and files that are not ours are left as they are.
    """
    if held is None:
        files = tuple(_new_file(f) for f in wanted.files)
        return _change(wanted, "create", "absent", None, _all_fields(wanted), files)
    fields = _fields(wanted, held)
    files = tuple(_files(wanted, held))
    moved = bool(fields) or any(f.action != "keep" for f in files)
    if adopted:
        return _change(wanted, "adopt", f"adopt-{adopted}", held, fields, files)
    if not moved:
        return _change(wanted, "keep", "same", held, fields, files)
    return _change(wanted, "update", _why(fields, files, held), held, fields, files)


def remaining(wanted: Wanted, held: Mapping[str, Any]) -> tuple[tuple[FieldChange, ...], tuple[FileChange, ...]]:
    """What still differs, without what is equal: the next write of a run that was cut off."""
    return _fields(wanted, held), tuple(f for f in _files(wanted, held) if f.action in ("upload", "update"))


def difference_marks(fields: Sequence[FieldChange], files: Sequence[FileChange]) -> set[tuple[str, ...]]:
    """What a change does, to compare with another look at the catalogue: equal sets are the same change."""
    made: set[tuple[str, ...]] = {("field", f.field, f.before, f.after) for f in fields}
    for c in files:
        if c.action in ("upload", "update"):
            made.add(("file", c.path, c.action, c.sha256_before, c.sha256_after))
    return made


def withdrawal(wanted_name: str, held: Mapping[str, Any], *, code: str, dataset: str, by: str, why: str) -> Change:
    """Every file out, the dataset stays as a tombstone that says so."""
    files = tuple(
        FileChange("withdraw", text(r.get(FILE_KEY)) or file_name(r), str(r["id"]), "named",
                   sha256_before=text(r.get(SHA)))
        for r in held.get("resources", ())
    )
    return Change("withdraw", wanted_name, "named", str(held["id"]), str(held.get("metadata_modified", "")),
                  bool(held.get("private")), code, dataset, text(held.get("title")), "", (), files, {}, by, why)


def _change(
    wanted: Wanted, action: str, reason: str, held: Mapping[str, Any] | None, fields: Sequence[FieldChange],
    files: Sequence[FileChange],
) -> Change:
    there: Mapping[str, Any] = held or {}
    return Change(
        action, wanted.name, reason, str(there.get("id", "")), str(there.get("metadata_modified", "")),
        bool(there.get("private", held is None)), wanted.code, wanted.dataset, str(wanted.fields["title"]),
        wanted.package_sha256, tuple(fields), tuple(files), dict(wanted.facts),
    )


def _why(fields: Sequence[FieldChange], files: Sequence[FileChange], held: Mapping[str, Any]) -> str:
    if is_tombstone(held):
        return "public-again"
    if any(f.action == "upload" for f in files):
        return "files-differ"
    if any(f.field == "private" for f in fields):
        return "unfinished"
    return "words-differ"


def is_tombstone(held: Mapping[str, Any]) -> bool:
    """True for a dataset that was withdrawn by us."""
    return any(e["key"] == WITHDRAWN for e in held.get("extras", ()))


def _all_fields(wanted: Wanted) -> tuple[FieldChange, ...]:
    made = [FieldChange(k, "", text(v)) for k, v in sorted(wanted.fields.items()) if text(v)]
    made.append(FieldChange("tags", "", "、".join(sorted(wanted.tags))))
    made += [FieldChange("groups", "", "、".join(wanted.groups))] if wanted.groups else []
    made += [FieldChange(f"extras:{k}", "", v) for k, v in sorted(wanted.extras.items())]
    return tuple(made)


def _fields(wanted: Wanted, held: Mapping[str, Any]) -> tuple[FieldChange, ...]:
    made = [FieldChange("name", str(held["name"]), wanted.name)] if held["name"] != wanted.name else []
    made += [
        FieldChange(k, text(_held_value(held, k)), text(v))
        for k, v in sorted(wanted.fields.items()) if text(_held_value(held, k)) != text(v)
    ]
    tags = {str(t["name"]) for t in held.get("tags", ())}
    missing = [t for t in wanted.tags if t not in tags]
    gone = {"取下げ"} & tags
    if missing or gone:
        made.append(FieldChange("tags", "、".join(sorted(tags)), "、".join(sorted((tags | set(wanted.tags)) - gone))))
    groups = {str(g["name"]) for g in held.get("groups", ())}
    if not groups >= set(wanted.groups):
        made.append(FieldChange("groups", "、".join(sorted(groups)), "、".join(sorted(groups | set(wanted.groups)))))
    extras = {str(e["key"]): text(e["value"]) for e in held.get("extras", ())}
    made += [
        FieldChange(f"extras:{k}", extras.get(k, ""), v)
        for k, v in sorted(wanted.extras.items()) if extras.get(k, "") != text(v)
    ]
    if WITHDRAWN in extras:
        made.append(FieldChange(f"extras:{WITHDRAWN}", extras[WITHDRAWN], ""))
    if held.get("private"):
        made.append(FieldChange("private", "true", "false"))
    return tuple(made)


def _held_value(held: Mapping[str, Any], field: str) -> Any:
    """`owner_org` is an id in CKAN: the organisation's name is what a declaration says."""
    if field == "owner_org":
        organization = held.get("organization") or {}
        return organization.get("name") or held.get("owner_org")
    return held.get(field)


def file_name(resource: Mapping[str, Any]) -> str:
    """The last part of a resource's address."""
    return text(resource.get("url")).rstrip("/").rsplit("/", 1)[-1]


def match_files(wanted: Wanted, held: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """path -> the catalogue's resource: by id, by our own field, by file name, else by a format that is there once.

    Matching keeps the id, and with it links, views and the DataStore's table.
    """
    left = {str(r["id"]): r for r in held.get("resources", ())}
    found: dict[str, Mapping[str, Any]] = {}
    tests: tuple[Callable[[WantedFile, Mapping[str, Any]], bool], ...] = (
        lambda f, r: str(r["id"]) == f.id,
        lambda f, r: text(r.get(FILE_KEY)) == f.path,
        lambda f, r: file_name(r) == f.path,
    )
    for same in tests:
        for f in wanted.files:
            hit = next((i for i, r in left.items() if f.path not in found and same(f, r)), None)
            if hit is not None:
                found[f.path] = left.pop(hit)
    for f in wanted.files:
        if f.path in found:
            continue
        alike = [i for i, r in left.items() if _format(r) == str(f.fields["format"]).lower() and not r.get(FILE_KEY)]
        rivals = [g for g in wanted.files if g.path not in found and g.fields["format"] == f.fields["format"]]
        if len(alike) == 1 and len(rivals) == 1:
            found[f.path] = left.pop(alike[0])
    return found


def _format(resource: Mapping[str, Any]) -> str:
    return text(resource.get("format")).lower()


def _new_file(f: WantedFile) -> FileChange:
    return FileChange("upload", f.path, f.id, "file-new", f.size_bytes, "", f.sha256)


def _files(wanted: Wanted, held: Mapping[str, Any]) -> list[FileChange]:
    found = match_files(wanted, held)
    made = []
    for f in wanted.files:
        resource = found.get(f.path)
        made.append(_new_file(f) if resource is None else _file(f, resource))
    matched = {str(r["id"]) for r in found.values()}
    for r in held.get("resources", ()):
        if str(r["id"]) not in matched:
            ours = text(r.get(FILE_KEY))
            made.append(FileChange("keep", ours or file_name(r), str(r["id"]), "file-left" if ours else "file-foreign",
                                   sha256_before=text(r.get(SHA)), sha256_after=text(r.get(SHA))))
    return made


def _file(f: WantedFile, resource: Mapping[str, Any]) -> FileChange:
    fields = tuple(
        FieldChange(k, text(resource.get(k)), text(v))
        for k, v in sorted(f.fields.items()) if text(resource.get(k)) != text(v)
    )
    before, identifier = text(resource.get(SHA)), str(resource["id"])
    linked = text(resource.get("url_type")) != "upload"
    if before == f.sha256 and not linked:
        action, reason = ("update", "words-differ") if fields else ("keep", "same")
        return FileChange(action, f.path, identifier, reason, 0, before, f.sha256, fields)
    reason = "file-linked" if linked else "file-changed" if before else "file-unsigned"
    return FileChange("upload", f.path, identifier, reason, f.size_bytes, before, f.sha256, fields)
