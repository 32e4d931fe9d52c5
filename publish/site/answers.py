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

MAX_ROWS = 1000
Answer = tuple[HTTPStatus, dict[str, Any]]


def answer_action(release: Path, action: str, arguments: Mapping[str, str]) -> Answer:
    """One action of CKAN's read API over a release: status and JSON as CKAN gives them."""
    known: dict[str, Callable[[Path, Mapping[str, str]], Answer]] = {
        "package_search": _package_search,
        "package_list": _package_list,
        "package_show": partial(_show, what="package"),
        "organization_show": partial(_show, what="organization"),
        "resource_show": partial(_show, what="resource"),
        "tag_list": _tag_list,
        "group_list": _group_list,
        "license_list": _license_list,
        "current_package_list_with_resources": _with_resources,
    }
    if action in known:
        return known[action](release, arguments)
    plain = release / "api" / "3" / "action" / action
    if plain.is_file():
        return HTTPStatus.OK, json.loads(plain.read_text(encoding="utf-8"))
    return _refuse(HTTPStatus.BAD_REQUEST, "Bad Request", f"Action name not known: {action}")


def _told(result: object) -> Answer:
    return HTTPStatus.OK, {"help": "", "success": True, "result": result}


def _refuse(status: HTTPStatus, kind: str, message: str) -> Answer:
    return status, {"help": "", "success": False, "error": {"__type": kind, "message": message}}


def all_datasets(release: Path) -> tuple[Mapping[str, Any], ...]:
    """Every dataset of a release as package_show gives it, tombstones included; read once per release."""
    path = release / "api" / "3" / "action" / "package_search"
    return _read_datasets(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=2)
def _read_datasets(path: Path, _changed_ns: int) -> tuple[Mapping[str, Any], ...]:
    return tuple(json.loads(path.read_text(encoding="utf-8"))["result"]["results"])


def _numbers(arguments: Mapping[str, str], rows_name: str, start_name: str, rows: int) -> tuple[int, int]:
    """rows and start; ValueError for what is not a whole number from 0."""
    wanted = (arguments.get(rows_name, str(rows)), arguments.get(start_name, "0"))
    if not all(re.fullmatch("[0-9]{1,9}", w) for w in wanted):
        raise ValueError("Must be a natural number")
    return min(int(wanted[0]), MAX_ROWS), int(wanted[1])


def _package_search(release: Path, arguments: Mapping[str, str]) -> Answer:
    """rows, start, sort (id, name, title, metadata_modified), q (words), fq (field:value, ranges of time)."""
    try:
        rows, start = _numbers(arguments, "rows", "start", 10)
        chosen = [d for d in all_datasets(release) if _matches(d, arguments)]
        _sort(chosen, arguments.get("sort", "metadata_modified desc"))
    except ValueError as error:
        return _refuse(HTTPStatus.CONFLICT, "Validation Error", str(error))
    page = chosen[start : start + rows]
    sort = arguments.get("sort", "metadata_modified desc")
    counted = _facets(chosen, arguments.get("facet.field", ""))
    named = {
        field: {"title": field, "items": [{"name": v, "display_name": v, "count": n} for v, n in counts.items()]}
        for field, counts in counted.items()
    }
    return _told({"count": len(chosen), "facets": counted, "results": page, "search_facets": named, "sort": sort})


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


def _matches(dataset: Mapping[str, Any], arguments: Mapping[str, str]) -> bool:
    terms = [*_terms(arguments.get("q", "")), *_terms(arguments.get("fq", ""))]
    return all(_term_holds(dataset, term) for term in terms)


def _terms(query: str) -> list[str]:
    """Words, "phrases", field:value and field:[from TO to], joined by AND."""
    found = re.findall(r'[+-]?(?:[a-z_]+:)?(?:"[^"]*"|\[[^\]]*\]|\([^)]*\)|[^\s()]+)', query)
    return [t for t in found if t not in ("AND", "*:*", "*")]


def _term_holds(dataset: Mapping[str, Any], term: str) -> bool:
    negative = term.startswith("-")
    bare = term.lstrip("+-")
    named = re.match(r"([a-z_]+):(.*)", bare, re.DOTALL)
    if named and named[1] in FIELDS:
        holds = _field_holds(FIELDS[named[1]](dataset), named[2])
    elif named and named[1].startswith("extras_"):
        holds = _field_holds([e["value"] for e in dataset["extras"] if e["key"] == named[1][7:]], named[2])
    else:
        holds = bare.strip('"').lower() in _text(dataset)
    return holds != negative


FIELDS: dict[str, Callable[[Mapping[str, Any]], list[str]]] = {
    "id": lambda d: [d["id"]],
    "name": lambda d: [d["name"]],
    "title": lambda d: [d["title"]],
    "tags": lambda d: [t["name"] for t in d["tags"]],
    "organization": lambda d: [d["organization"]["name"]],
    "owner_org": lambda d: [d["owner_org"]],
    "license_id": lambda d: [d["license_id"]],
    "res_format": lambda d: [r["format"] for r in d["resources"]],
    "state": lambda d: [d["state"]],
    "type": lambda d: [d["type"]],
    "dataset_type": lambda d: [d["type"]],
    "metadata_modified": lambda d: [d["metadata_modified"]],
    "metadata_created": lambda d: [d["metadata_created"]],
}


def _field_holds(values: list[str], wanted: str) -> bool:
    between = re.fullmatch(r"\[(\S+) TO (\S+)\]", wanted)
    if between:
        low, high = (end.rstrip("Z") for end in between.groups())
        return any((low == "*" or v >= low) and (high == "*" or high.startswith("NOW") or v <= high) for v in values)
    choices = wanted.strip("()").split(" OR ") if wanted.startswith("(") else [wanted]
    return any(_value_holds(v, choice.strip().strip('"')) for v in values for choice in choices)


def _value_holds(value: str, wanted: str) -> bool:
    pattern = ".*".join(re.escape(part) for part in wanted.split("*"))
    return re.fullmatch(pattern, value, re.IGNORECASE | re.DOTALL) is not None


def _text(dataset: Mapping[str, Any]) -> str:
    tags = " ".join(t["name"] for t in dataset["tags"])
    return f"{dataset['name']} {dataset['title']} {dataset['notes']} {tags} {dataset['author']}".lower()


def _package_list(release: Path, arguments: Mapping[str, str]) -> Answer:
    try:
        limit, offset = _numbers(arguments, "limit", "offset", MAX_ROWS)
    except ValueError as error:
        return _refuse(HTTPStatus.CONFLICT, "Validation Error", str(error))
    names = sorted(d["name"] for d in all_datasets(release))
    return _told(names[offset : offset + limit] if "limit" in arguments else names[offset:])


def _with_resources(release: Path, arguments: Mapping[str, str]) -> Answer:
    try:
        limit, offset = _numbers(arguments, "limit", "offset", MAX_ROWS)
    except ValueError as error:
        return _refuse(HTTPStatus.CONFLICT, "Validation Error", str(error))
    chosen = list(all_datasets(release))
    _sort(chosen, "metadata_modified desc")
    return _told(chosen[offset : offset + limit])


def _show(release: Path, arguments: Mapping[str, str], *, what: str) -> Answer:
    """By name or id, as CKAN does; 404 with CKAN's error for an unknown one."""
    wanted = arguments.get("id", "")
    if not wanted:
        return _refuse(HTTPStatus.CONFLICT, "Validation Error", "id: Missing value")
    if what == "package":
        for dataset in all_datasets(release):
            if wanted in (dataset["name"], dataset["id"]):
                return _told(dataset)
    if what == "organization" and re.fullmatch(r"[\w-]+", wanted):
        path = release / "api" / "3" / "action" / "organization_show" / wanted
        if path.is_file():
            return HTTPStatus.OK, json.loads(path.read_text(encoding="utf-8"))
    if what == "resource":
        for dataset in all_datasets(release):
            for resource in dataset["resources"]:
                if resource["id"] == wanted:
                    return _told(resource)
    return _refuse(HTTPStatus.NOT_FOUND, "Not Found Error", "Not found")


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
