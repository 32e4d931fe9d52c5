"""From a catalogue folder to a read-only web server that answers CKAN's read API for real."""

from __future__ import annotations

import errno
import hashlib
import json
import re
import sys
from collections.abc import Mapping
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from socketserver import TCPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from publish.loopback import is_loopback
from publish.site.answers import all_datasets, answer_action, bad_request
from publish.site.release import current_release, read_state

__all__ = ["answer_action", "holds_samples", "make_server", "served_address"]

ACTIONS = re.compile(r"^/api/3/?$|^/api/(?:3/)?action/([a-z_]+)/?$")
"""The root of the API (it tells its version), or an action."""
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
MAX_BODY_BYTES = 65536


def make_server(root: Path, *, host: str = "127.0.0.1", port: int = 8000) -> ThreadingHTTPServer:
    """A server over `root`'s current release, not yet running; a new release shows at the next request.

    GET and HEAD, and POST for the read actions, because ckanapi asks so. `port` 0 takes a free one. A release
    that was made for a loopback address and is served at another one on loopback (`--port`) has its addresses
    rewritten as they go out, so that a harvester finds the files. Samples are never answered beyond loopback.
    """
    return _Server((host, port), partial(_Handler, root=root))


def served_address(server: ThreadingHTTPServer) -> str:
    """Where the server answers, with a slash at the end."""
    host, port = str(server.server_address[0]), int(server.server_address[1])
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}/"


def holds_samples(release: Path) -> bool:
    """True when a dataset of the release says that it is a sample."""
    return any({"key": "sample", "value": "true"} in d["extras"] for d in all_datasets(release))


class _Server(ThreadingHTTPServer):
    """Takes many connections at once, and never asks the network for the machine's own name, which can take long."""

    request_queue_size = 64

    def server_bind(self) -> None:
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A reader that hangs up in the middle of an answer is no fault of the server."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(SimpleHTTPRequestHandler):
    """Files of the current release, and actions with arguments."""

    server_version = "Kokai"
    sys_version = ""
    extensions_map = TYPES

    def __init__(self, *args: Any, root: Path, **kwargs: Any) -> None:
        self.release = current_release(root)
        super().__init__(*args, directory=str(self.release or root), **kwargs)

    def do_GET(self) -> None:
        if not self._refuse_samples() and not self._answer_action(self._query()):
            super().do_GET()

    def do_HEAD(self) -> None:
        if not self._refuse_samples() and not self._answer_action(self._query()):
            super().do_HEAD()

    def do_POST(self) -> None:
        if self._refuse_samples():
            return
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > MAX_BODY_BYTES:
            self.send_error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return
        given = _arguments(self.rfile.read(int(length)), self.headers.get("Content-Type", ""))
        if given is None:
            self._send_json(*bad_request("JSON Error: Error decoding JSON data"))
        elif not self._answer_action(given):
            self.send_error(HTTPStatus.METHOD_NOT_ALLOWED)

    def _query(self) -> dict[str, str]:
        given = parse_qs(urlsplit(self.path).query, keep_blank_values=True)
        return {k: v[-1] for k, v in given.items()}

    def _refuse_samples(self) -> bool:
        """A release with samples that came while the server was open to others is not answered to them."""
        if not isinstance(self.server, ThreadingHTTPServer) or self.release is None:
            return False
        if is_loopback(served_address(self.server)) or not holds_samples(self.release):
            return False
        self.send_error(HTTPStatus.FORBIDDEN, "samples stay on this machine")
        return True

    def send_head(self) -> Any:
        if self.release is None or "/." in self.path or not self._can_be_a_file():
            self.send_error(HTTPStatus.NOT_FOUND)
            return None
        text = self._readdressed(self.release)
        return super().send_head() if text is None else self._send_text(*text)

    def _can_be_a_file(self) -> bool:
        """False for an address that no file system could hold: a NUL in it, or too long a name."""
        try:
            Path(self.translate_path(self.path)).stat()
        except ValueError:
            return False
        except OSError as error:
            return error.errno != errno.ENAMETOOLONG
        return True

    def _readdressed(self, release: Path) -> tuple[str, bytes] | None:
        """A page or list of the release with the addresses of this server; None for files that go out as they are.

        Only what Kokai wrote about the data is touched: the data files and their hashes never are.
        """
        made_for, here = self._addresses(release)
        if made_for == here:
            return None
        path = Path(self.translate_path(self.path))
        path = path / "index.html" if path.is_dir() and self.path.split("?")[0].endswith("/") else path
        if not path.is_file() or (path.parent.parent == release / "datasets" and path.name != "index.html"):
            return None
        return self.guess_type(str(path)), path.read_bytes().replace(made_for.encode(), here.encode())

    def _addresses(self, release: Path) -> tuple[str, str]:
        """The address that the release was made for, and the one to say instead; equal when nothing is to be said."""
        made_for: str = read_state(release)["base_url"]
        here = served_address(self.server) if isinstance(self.server, ThreadingHTTPServer) else made_for
        both = is_loopback(made_for) and is_loopback(here)
        return made_for, here if both else made_for

    def _send_text(self, media_type: str, data: bytes, status: int = HTTPStatus.OK) -> BytesIO:
        """Head of an answer, and its body; only the head (304) where the reader says by ETag that it has this very one."""
        mark = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
        known = self.headers.get("If-None-Match", "")
        if status == HTTPStatus.OK and (mark in known or known.strip() == "*"):
            self.send_response(HTTPStatus.NOT_MODIFIED)
            self.send_header("ETag", mark)
            self.end_headers()
            return BytesIO()
        self.send_response(status)
        self.send_header("ETag", mark)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        return BytesIO(data)

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
        if found[1] is None:
            self._send_json(HTTPStatus.OK, {"version": 3})
        else:
            self._send_json(*answer_action(self.release, found[1], arguments))
        return True

    def _send_json(self, status: HTTPStatus, body: Mapping[str, Any] | str) -> None:
        assert self.release is not None
        made_for, here = self._addresses(self.release)
        text = json.dumps(body, ensure_ascii=False).replace(made_for, here) + "\n"
        out = self._send_text(TYPES[""], text.encode(), status)
        if self.command != "HEAD":
            self.copyfile(out, self.wfile)


def _arguments(body: bytes, content_type: str) -> dict[str, str] | None:
    """What a POST says: an object in JSON, or the fields of a form; None when it is neither."""
    try:
        text = body.decode("utf-8")
        given = json.loads(text or "{}")
    except ValueError:
        if "urlencoded" not in content_type or b"=" not in body:
            return None
        given = {k: v[-1] for k, v in parse_qs(body.decode("utf-8", "replace")).items()}
    return {str(k): _as_text(v) for k, v in given.items() if v is not None} if isinstance(given, dict) else None


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
