"""From a catalogue folder to a read-only web server that answers CKAN's read API for real."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from publish.site.release import current_release

ACTIONS = re.compile(r"^/api/(?:3/)?action/([a-z_]+)/?$")
TYPES = {
    ".ttl": "text/turtle; charset=utf-8",
    ".jsonld": "application/ld+json",
    ".rdf": "application/rdf+xml",
    ".geojson": "application/geo+json",
    ".parquet": "application/vnd.apache.parquet",
    ".fgb": "application/vnd.flatgeobuf",
    ".csv": "text/csv; charset=utf-8",
    ".json": "application/json",
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".xml": "application/xml",
    ".txt": "text/plain; charset=utf-8",
    "": "application/json; charset=utf-8",
}
MAX_ROWS = 1000
MAX_BODY_BYTES = 65536
Answer = tuple[HTTPStatus, dict[str, Any]]


def make_server(root: Path, *, host: str = "127.0.0.1", port: int = 8000) -> ThreadingHTTPServer:
    """A server over `root`'s current release, not yet running; a new release shows at the next request.

    GET and HEAD, and POST for the read actions, because ckanapi asks so. `port` 0 takes a free one.
    """
    return ThreadingHTTPServer((host, port), partial(_Handler, root=root))


class _Handler(SimpleHTTPRequestHandler):
    """Files of the current release, and actions with arguments."""

    server_version = "Kokai"
    sys_version = ""
    extensions_map = TYPES

    def __init__(self, *args: Any, root: Path, **kwargs: Any) -> None:
        self.release = current_release(root)
        super().__init__(*args, directory=str(self.release or root), **kwargs)

    def do_GET(self) -> None:
        if not self._answer_action(self._query()):
            super().do_GET()

    def do_HEAD(self) -> None:
        if not self._answer_action(self._query()):
            super().do_HEAD()

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > MAX_BODY_BYTES:
            self.send_error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return
        try:
            given = json.loads(self.rfile.read(int(length)) or b"{}")
        except ValueError:
            given = None
        if not isinstance(given, dict):
            self.send_error(HTTPStatus.BAD_REQUEST)
        elif not self._answer_action({str(k): str(v) for k, v in given.items() if v is not None}):
            self.send_error(HTTPStatus.METHOD_NOT_ALLOWED)

    def _query(self) -> dict[str, str]:
        given = parse_qs(urlsplit(self.path).query, keep_blank_values=True)
        return {k: v[-1] for k, v in given.items()}

    def send_head(self) -> Any:
        if self.release is None or "/." in self.path:
            self.send_error(HTTPStatus.NOT_FOUND)
            return None
        return super().send_head()

    def list_directory(self, path: Any) -> None:
        self.send_error(HTTPStatus.NOT_FOUND)

    def end_headers(self) -> None:
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Access-Control-Allow-Origin", "*")
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # the name is the library's
        return

    def _answer_action(self, arguments: Mapping[str, str]) -> bool:
        """Answer an action of the read API; False for any other address."""
        found = ACTIONS.match(urlsplit(self.path).path)
        if not found or self.release is None:
            return False
        status, body = answer_action(self.release, found[1], arguments)
        data = (json.dumps(body, ensure_ascii=False) + "\n").encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)
        return True


def answer_action(release: Path, action: str, arguments: Mapping[str, str]) -> Answer:
    """One action of CKAN's read API over a release: status and JSON as CKAN gives them."""
    known: dict[str, Callable[[Path, Mapping[str, str]], Answer]] = {
        "package_search": _package_search,
        "package_list": _package_list,
        "package_show": partial(_show, what="package"),
        "organization_show": partial(_show, what="organization"),
        "current_package_list_with_resources": _with_resources,
    }
    if action in known:
        return known[action](release, arguments)
    plain = release / "api" / "3" / "action" / action
    if plain.is_file():
        return HTTPStatus.OK, json.loads(plain.read_text(encoding="utf-8"))
    return _refuse(HTTPStatus.BAD_REQUEST, "Bad Request", f"Action name not known: {action}")


def _told(result: Any) -> Answer:
    return HTTPStatus.OK, {"help": "", "success": True, "result": result}


def _refuse(status: HTTPStatus, kind: str, message: str) -> Answer:
    return status, {"help": "", "success": False, "error": {"__type": kind, "message": message}}


def _all(release: Path) -> list[dict[str, Any]]:
    text = (release / "api" / "3" / "action" / "package_search").read_text(encoding="utf-8")
    found: list[dict[str, Any]] = json.loads(text)["result"]["results"]
    return found


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
        chosen = [d for d in _all(release) if _matches(d, arguments)]
        _sort(chosen, arguments.get("sort", "metadata_modified desc"))
    except ValueError as error:
        return _refuse(HTTPStatus.CONFLICT, "Validation Error", str(error))
    page = chosen[start : start + rows]
    sort = arguments.get("sort", "metadata_modified desc")
    return _told({"count": len(chosen), "facets": {}, "results": page, "search_facets": {}, "sort": sort})


def _sort(datasets: list[dict[str, Any]], sort: str) -> None:
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
    names = sorted(d["name"] for d in _all(release))
    return _told(names[offset : offset + limit] if "limit" in arguments else names[offset:])


def _with_resources(release: Path, arguments: Mapping[str, str]) -> Answer:
    try:
        limit, offset = _numbers(arguments, "limit", "offset", MAX_ROWS)
    except ValueError as error:
        return _refuse(HTTPStatus.CONFLICT, "Validation Error", str(error))
    chosen = _all(release)
    _sort(chosen, "metadata_modified desc")
    return _told(chosen[offset : offset + limit])


def _show(release: Path, arguments: Mapping[str, str], *, what: str) -> Answer:
    """By name or id, as CKAN does; 404 with CKAN's error for an unknown one."""
    wanted = arguments.get("id", "")
    if not wanted:
        return _refuse(HTTPStatus.CONFLICT, "Validation Error", "id: Missing value")
    folder = release / "api" / "3" / "action" / f"{what}_show"
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.name == wanted:
            return HTTPStatus.OK, json.loads(path.read_text(encoding="utf-8"))
    if what == "package":
        for dataset in _all(release):
            if dataset["id"] == wanted:
                return _told(dataset)
    return _refuse(HTTPStatus.NOT_FOUND, "Not Found Error", "Not found")
