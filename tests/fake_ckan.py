"""A small CKAN in memory on loopback: the actions that publishing uses, with CKAN's answers, limits and habits."""

from __future__ import annotations

import copy
import email.parser
import email.policy
import json
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

SYSADMIN, EDITOR = "sysadmin-token-0123456789", "editor-token-0123456789ab"


class Refusal(Exception):
    def __init__(self, status: int, kind: str, **error: Any) -> None:
        super().__init__(kind)
        self.status, self.error = status, {"__type": kind, **error}


class FakeCkan:
    """State and actions; `log` holds (method, action or path) of every request."""

    def __init__(self) -> None:
        self.datasets: dict[str, dict[str, Any]] = {}
        self.organizations: dict[str, dict[str, Any]] = {}
        self.files: dict[str, bytes] = {}
        self.log: list[tuple[str, str]] = []
        self.headers: list[dict[str, str]] = []
        self.groups: dict[str, set[str]] = {}  # name -> its editors
        self.clock = 0
        self.max_bytes = 10 << 20
        self.wants_tags = False  # as a schema of ckanext-scheming may
        self.lock = threading.RLock()
        self.spoil: list[str] = []  # names of files whose next upload is stored with a wrong byte

    @property
    def writes(self) -> list[str]:
        reading = ("_show", "_list", "_search", "_list_for_user")
        return [a for m, a in self.log if m == "POST" and not a.endswith(reading)]

    def now(self) -> str:
        self.clock += 1
        return f"2026-01-01T00:00:{self.clock // 1000000:02d}.{self.clock % 1000000:06d}"

    def user(self, token: str) -> str:
        return {SYSADMIN: "sysadmin", EDITOR: "editor"}.get(token, "")

    def find(self, key: str) -> dict[str, Any]:
        for d in self.datasets.values():
            if key in (d["id"], d["name"]) and d["state"] == "active":
                return d
        raise Refusal(404, "Not Found Error", message="Not found")

    def act(self, action: str, data: dict[str, Any], files: dict[str, bytes], user: str) -> Any:
        with self.lock:
            made = getattr(self, "do_" + action, None)
            if made is None:
                raise Refusal(400, "Bad Request", message=f"Action name not known: {action}")
            return copy.deepcopy(made(data, files, user))

    def do_status_show(self, data: Any, files: Any, user: str) -> Any:
        return {"ckan_version": "2.12.0", "site_url": "http://ckan.invalid", "extensions": ["activity"]}

    def do_user_show(self, data: Any, files: Any, user: str) -> Any:
        if not user:
            raise Refusal(404, "Not Found Error", message="Not found: User not found")
        return {"name": user, "sysadmin": user == "sysadmin"}

    def do_license_list(self, data: Any, files: Any, user: str) -> Any:
        return [{"id": "CC-BY-4.0", "title": "CC BY"}, {"id": "cc-by", "title": "CC BY"}]

    def do_organization_list_for_user(self, data: Any, files: Any, user: str) -> Any:
        return [] if not user else list(self.organizations.values())

    def do_organization_show(self, data: Any, files: Any, user: str) -> Any:
        if data["id"] not in self.organizations:
            raise Refusal(404, "Not Found Error", message="Not found")
        return self.organizations[data["id"]]

    def do_organization_create(self, data: Any, files: Any, user: str) -> Any:
        if user != "sysadmin":
            raise Refusal(403, "Authorization Error", message="Access denied")
        self.organizations[data["name"]] = {"id": str(uuid.uuid4()), "name": data["name"], "title": data["title"]}
        return self.organizations[data["name"]]

    def do_package_search(self, data: Any, files: Any, user: str) -> Any:
        found = sorted((d for d in self.datasets.values() if d["state"] == "active" and (user or not d["private"])),
                       key=lambda d: str(d["id"]))
        start, rows = int(data.get("start", 0)), int(data.get("rows", 10))
        return {"count": len(found), "results": found[start : start + rows]}

    def do_package_show(self, data: Any, files: Any, user: str) -> Any:
        found = self.find(data["id"])
        if found["private"] and not user:
            raise Refusal(403, "Authorization Error", message="Access denied")
        return found

    def do_package_create(self, data: Any, files: Any, user: str) -> Any:
        self._may(user)
        if "id" in data and user != "sysadmin":
            raise Refusal(409, "Validation Error", id=["The input field id was not expected."])
        if any(d["name"] == data["name"] and d["state"] == "active" for d in self.datasets.values()):
            raise Refusal(409, "Validation Error", name=["That URL is already in use."])
        if self.wants_tags and not data.get("tags"):
            raise Refusal(409, "Validation Error", tags=["Missing value"])
        self._refuse_tags(data)
        self._group_rights(data.get("groups", []), user)
        made = {"license_title": None, "groups": [], "tags": [], "state": "active", **data,
                "id": data.get("id") or str(uuid.uuid4()), "metadata_modified": self.now(), "resources": []}
        self._settle(made)
        self.datasets[made["id"]] = made
        return made

    def _refuse_tags(self, data: Any) -> None:
        for t in data.get("tags", []):
            if not 2 <= len(t["name"]) <= 100 or any(c in t["name"] for c in "・／、（）"):
                raise Refusal(409, "Validation Error", tags=["Tag must be alphanumeric"])

    def _may(self, user: str) -> None:
        if not user:
            raise Refusal(403, "Authorization Error", message="Access denied: token")

    def _group_rights(self, groups: Any, user: str) -> None:
        for g in groups:
            if g["name"] not in self.groups:
                raise Refusal(404, "Not Found Error", message="Not found: Group was not found.")
            if user != "sysadmin" and user not in self.groups[g["name"]]:
                raise Refusal(403, "Authorization Error", message=f"Access denied: User {user} not authorized to edit these groups")

    def do_group_list_authz(self, data: Any, files: Any, user: str) -> Any:
        return [{"name": g} for g, editors in self.groups.items() if user == "sysadmin" or user in editors]

    def _settle(self, d: dict[str, Any]) -> None:
        name = d["owner_org"]
        org = self.organizations.get(name) or next((o for o in self.organizations.values() if o["id"] == name), None)
        if org is None:
            raise Refusal(409, "Validation Error", owner_org=["Organization does not exist"])
        d["organization"], d["owner_org"] = dict(org), org["id"]
        d["tags"] = sorted(d["tags"], key=lambda t: str(t["name"]))

    def do_package_revise(self, data: Any, files: dict[str, bytes], user: str) -> Any:
        self._may(user)
        held = self.find(data["match__id"])
        if data.get("match__metadata_modified", held["metadata_modified"]) != held["metadata_modified"]:
            raise Refusal(409, "Validation Error", match=["metadata_modified"])
        made = copy.deepcopy(held)
        for pattern in json.loads(data.get("filter", "[]")):
            made.pop(pattern.removeprefix("-"), None)
        update = json.loads(data.get("update", "{}"))
        self._group_rights(update.get("groups", []), user)
        self._refuse_tags(update)
        made |= update
        made.setdefault("resources", [])
        made["resources"] += json.loads(data.get("update__resources__extend", "[]"))
        by_id = {r["id"]: r for r in made["resources"]}
        for key, value in data.items():
            rid = key.removeprefix("update__resources__")
            if key.startswith("update__resources__") and rid != "extend":
                by_id[rid] |= json.loads(value)
        for key, content in files.items():
            rid = key.removeprefix("update__resources__").removesuffix("__upload")
            if len(content) > self.max_bytes:
                raise Refusal(409, "Validation Error", upload=["File upload too large"])
            r = by_id[rid]
            spoiled = r["url"] in self.spoil
            if spoiled:
                self.spoil.remove(r["url"])
            self.files[rid] = content[:-1] + b"?" if spoiled else content
            r["url"] = f"http://ckan.invalid/dataset/{made['id']}/resource/{rid}/download/{r['url']}"
        for r in made["resources"]:
            if r.get("url_type") == "upload" and not str(r["url"]).startswith("http"):
                r["url"] = f"http://ckan.invalid/dataset/{made['id']}/resource/{r['id']}/download/{r['url']}"
        self._settle(made)
        made["metadata_modified"] = self.now()
        self.datasets[made["id"]] = made
        return {"package": made}

    def do_package_create_default_resource_views(self, data: Any, files: Any, user: str) -> Any:
        return []


@contextmanager
def fake_ckan() -> Iterator[tuple[FakeCkan, str]]:
    """A running fake CKAN and its address."""
    state = FakeCkan()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args: Any) -> None:
            pass

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            state.log.append(("GET", parts.path))
            rid = parts.path.split("/resource/")[-1].split("/")[0]
            dataset = next((d for d in state.datasets.values() if any(r["id"] == rid for r in d["resources"])), None)
            user = state.user(self.headers.get("Authorization", ""))
            if dataset is None or rid not in state.files:
                self._send(404, b"<html>not found</html>", "text/html")
            elif dataset["private"] and not user:
                self._send(403, b"<html>denied</html>", "text/html")
            else:
                self._send(200, state.files[rid], "application/octet-stream")

        do_HEAD = do_GET

        def do_POST(self) -> None:
            action = urlsplit(self.path).path.rsplit("/", 1)[-1]
            state.log.append(("POST", action))
            state.headers.append(dict(self.headers.items()))
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            data, files = read_form(self.headers.get("Content-Type", ""), body)
            user = state.user(self.headers.get("Authorization", ""))
            try:
                answer, status = {"success": True, "result": state.act(action, data, files, user)}, 200
            except Refusal as refusal:
                answer, status = {"success": False, "error": refusal.error}, refusal.status
            self._send(status, json.dumps(answer).encode(), "application/json;charset=utf-8")

        def _send(self, status: int, body: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield state, f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def read_form(kind: str, body: bytes) -> tuple[dict[str, Any], dict[str, bytes]]:
    """JSON or multipart to plain values and files."""
    if "multipart" not in kind:
        return (json.loads(body) if body else {}), {}
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + body)
    data, files = {}, {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        if part.get_filename():
            files[str(name)] = content
        else:
            data[str(name)] = content.decode()
    return data, files


def query(path: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(path).query)
