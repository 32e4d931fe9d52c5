"""From a release folder and the arguments of a call to what CKAN's read API answers. No socket in here."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from http import HTTPStatus
from pathlib import Path
from typing import Any

from publish.site.queries import FIELDS, parse_query
from publish.site.release import STATE

MAX_ROWS = 1000
WRITING = re.compile(r"_(create|update|patch|delete|purge|revise|undelete|reorder|upsert|submit)$|^bulk_|^follow_|^unfollow_")
Answer = tuple[HTTPStatus, dict[str, Any] | str]


def answer_action(release: Path, action: str, arguments: Mapping[str, str]) -> Answer:
    """One action of CKAN's read API over a release: status and JSON as CKAN gives them.

    An unknown action is a 400 with a JSON string, one that writes a 403, wrong arguments a 409 by field.
    """
    known: dict[str, Callable[[Path, Mapping[str, str]], Answer]] = {
        "package_search": _package_search,
        "package_list": _package_list,
        "package_show": partial(_show, what="package"),
        "organization_list": _organization_list,
        "organization_show": partial(_show, what="organization"),
        "resource_show": partial(_show, what="resource"),
        "tag_list": _tag_list,
        "group_list": _group_list,
        "license_list": _license_list,
        "current_package_list_with_resources": _with_resources,
    }
    known["help_show"] = partial(_help, known=known)
    plain = release / "api" / "3" / "action" / action
    if action in known:
        status, body = known[action](release, arguments)
    elif plain.is_file():
        status, body = HTTPStatus.OK, json.loads(plain.read_text(encoding="utf-8"))
    elif WRITING.search(action):
        status, body = _refuse(HTTPStatus.FORBIDDEN, "Authorization Error", message="Access denied: this catalogue is read only")
    else:
        return bad_request(f"Action name not known: {action}")
    assert isinstance(body, dict)
    return status, {**body, "help": f"{_address(release)}api/3/action/help_show?name={action}"}


def bad_request(words: str) -> Answer:
    """CKAN's answer to what is no call: 400 and a JSON string, no object."""
    return HTTPStatus.BAD_REQUEST, f"Bad request: {words}"


def _told(result: object) -> Answer:
    return HTTPStatus.OK, {"help": "", "success": True, "result": result}


def _refuse(status: HTTPStatus, kind: str, **said: object) -> Answer:
    return status, {"help": "", "success": False, "error": {"__type": kind, **said}}


class _Wrong(Exception):
    """An argument that CKAN's validators would refuse."""

    def __init__(self, field: str, words: str) -> None:
        super().__init__(words)
        self.answer = _refuse(HTTPStatus.CONFLICT, "Validation Error", **{field: [words]})


def _address(release: Path) -> str:
    path = release / STATE
    return _read_address(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=2)
def _read_address(path: Path, _changed_ns: int) -> str:
    return str(json.loads(path.read_text(encoding="utf-8"))["base_url"])


def all_datasets(release: Path) -> tuple[Mapping[str, Any], ...]:
    """Every dataset of a release as package_show gives it, tombstones included; read once per release."""
    path = release / "api" / "3" / "action" / "package_search"
    return _read_datasets(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=2)
def _read_datasets(path: Path, _changed_ns: int) -> tuple[Mapping[str, Any], ...]:
    return tuple(json.loads(path.read_text(encoding="utf-8"))["result"]["results"])


def _numbers(arguments: Mapping[str, str], rows_name: str, start_name: str, rows: int) -> tuple[int, int]:
    """rows and start; _Wrong for what is not a whole number from 0."""
    for name, default in ((rows_name, str(rows)), (start_name, "0")):
        if not re.fullmatch("[0-9]{1,9}", arguments.get(name) or default):
            raise _Wrong(name, "Must be a natural number")
    return min(int(arguments.get(rows_name) or rows), MAX_ROWS), int(arguments.get(start_name) or 0)


def _package_search(release: Path, arguments: Mapping[str, str]) -> Answer:
    """rows, start, sort (id, name, title, metadata_modified), q, fq, fq_list, fl, facet.field; queries: publish.site.queries."""
    sort = arguments.get("sort") or "metadata_modified desc"
    try:
        rows, start = _numbers(arguments, "rows", "start", 10)
        tests = [parse_query(q) for q in (arguments.get("q", ""), arguments.get("fq", ""), *_words(arguments.get("fq_list", "")))]
    except _Wrong as wrong:
        return wrong.answer
    except ValueError as error:
        return _refuse(HTTPStatus.BAD_REQUEST, "Search Query Error", message=f"Search Query is invalid: {str(error)!r}")
    chosen = [d for d in all_datasets(release) if all(holds(d) for holds in tests)]
    try:
        _sort(chosen, sort)
    except ValueError as error:
        return _refuse(HTTPStatus.BAD_REQUEST, "Search Query Error", message=str(error))
    page = chosen[start : start + rows]
    named = _words(arguments.get("fl", ""))
    if named and "*" not in named:
        page = [{k: d[k] for k in named if k in d} for d in page]
    counted = _facets(chosen, arguments.get("facet.field", ""))
    shown = {
        field: {"title": field, "items": [{"name": v, "display_name": v, "count": n} for v, n in counts.items()]}
        for field, counts in counted.items()
    }
    return _told({"count": len(chosen), "facets": counted, "results": page, "search_facets": shown, "sort": sort})


def _words(given: str) -> list[str]:
    """A list as it comes: in JSON (POST, ckanapi), or with commas (GET)."""
    try:
        read = json.loads(given)
    except ValueError:
        return [w.strip() for w in given.split(",") if w.strip()]
    return [str(w) for w in read] if isinstance(read, list) else [given]


def _facets(datasets: list[Mapping[str, Any]], asked: str) -> dict[str, dict[str, int]]:
    """`facet.field` (a JSON list of fields) -> how many of the found datasets have each value."""
    fields = [f for f in re.findall(r"[a-z_]+", asked) if f in FIELDS]
    return {f: dict(Counter(v for d in datasets for v in set(FIELDS[f](d))).most_common()) for f in fields}


def _sort(datasets: list[Mapping[str, Any]], sort: str) -> None:
    field, _, order = sort.split(",")[0].strip().partition(" ")
    key = {"title_string": "title", "score": "metadata_modified"}.get(field, field)
    if key not in ("id", "name", "title", "metadata_modified", "metadata_created") or order not in ("asc", "desc", ""):
        raise ValueError(f"Cannot sort by {sort}")
    datasets.sort(key=lambda d: (d[key], d["id"]), reverse=order == "desc")


def _package_list(release: Path, arguments: Mapping[str, str]) -> Answer:
    try:
        limit, offset = _numbers(arguments, "limit", "offset", MAX_ROWS)
    except _Wrong as wrong:
        return wrong.answer
    names = sorted(d["name"] for d in all_datasets(release))
    return _told(names[offset : offset + limit] if arguments.get("limit") else names[offset:])


def _with_resources(release: Path, arguments: Mapping[str, str]) -> Answer:
    try:
        limit, offset = _numbers(arguments, "limit", "offset", MAX_ROWS)
    except _Wrong as wrong:
        return wrong.answer
    chosen = list(all_datasets(release))
    _sort(chosen, "metadata_modified desc")
    return _told(chosen[offset : offset + limit])


def _show(release: Path, arguments: Mapping[str, str], *, what: str) -> Answer:
    """By name or id, as CKAN does; 404 with CKAN's error for an unknown one."""
    wanted = arguments.get("id", "")
    if not wanted:
        return _refuse(HTTPStatus.CONFLICT, "Validation Error", id=["Missing value"])
    if what == "package":
        for dataset in all_datasets(release):
            if wanted in (dataset["name"], dataset["id"]):
                return _told(dataset)
    if what == "organization" and re.fullmatch(r"[\w-]+", wanted):
        path = release / "api" / "3" / "action" / "organization_show" / wanted
        if path.is_file():
            shown = json.loads(path.read_text(encoding="utf-8"))["result"]
            own = [d for d in all_datasets(release) if d["owner_org"] == shown["id"] or d["organization"]["name"] == wanted]
            return _told({**shown, "packages": own} if _yes(arguments, "include_datasets") else shown)
    if what == "resource":
        for dataset in all_datasets(release):
            for resource in dataset["resources"]:
                if resource["id"] == wanted:
                    return _told(resource)
    return _refuse(HTTPStatus.NOT_FOUND, "Not Found Error", message="Not found")


def _yes(arguments: Mapping[str, str], name: str) -> bool:
    return arguments.get(name, "").lower() in ("true", "1", "yes", "t", "y", "on")


def _organization_list(release: Path, arguments: Mapping[str, str]) -> Answer:
    """Names, or with `all_fields` what organization_show tells of each."""
    folder = release / "api" / "3" / "action"
    names = json.loads((folder / "organization_list").read_text(encoding="utf-8"))["result"]
    if not _yes(arguments, "all_fields"):
        return _told(names)
    return _told([json.loads((folder / "organization_show" / n).read_text(encoding="utf-8"))["result"] for n in names])


def _help(release: Path, arguments: Mapping[str, str], *, known: Mapping[str, object]) -> Answer:
    """What an action's `help` leads to."""
    name = arguments.get("name", "")
    if not name:
        return _refuse(HTTPStatus.CONFLICT, "Validation Error", name=["Missing value"])
    file = release / "api" / "3" / "action" / name
    if name not in known and not (re.fullmatch("[a-z_]+", name) and file.is_file()):
        return _refuse(HTTPStatus.NOT_FOUND, "Not Found Error", message="Not found: Action does not exist")
    return _told(f"{name}: https://docs.ckan.org/en/2.11/api/")


def _tag_list(release: Path, arguments: Mapping[str, str]) -> Answer:
    return _told(sorted({t["name"] for d in all_datasets(release) for t in d["tags"]}))


def _group_list(release: Path, arguments: Mapping[str, str]) -> Answer:
    return _told([])


def _license_list(release: Path, arguments: Mapping[str, str]) -> Answer:
    known = {d["license_id"]: d for d in all_datasets(release)}
    return _told([
        {"id": i, "title": d["license_title"], "url": d["license_url"], "status": "active", "is_okd_compliant": d["isopen"]}
        for i, d in sorted(known.items())
    ])
