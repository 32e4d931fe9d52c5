"""A proxy on loopback that does to chosen requests what networks and web servers do: cuts, delays, refusals, HTML pages."""

from __future__ import annotations

import http.client
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

HTML = b"<html><head><title>%d</title></head><body><h1>%d Bad day</h1><hr>nginx</body></html>"
INDEX = b'{"success": false, "error": {"__type": "Search Index Error", "message": "Search Index Error: solr"}}'


@dataclass
class Request:
    """One request as a fault's choice sees it; `number` counts from 1."""

    number: int
    method: str
    path: str
    upload: bool

    @property
    def action(self) -> str:
        return self.path.split("?")[0].rsplit("/", 1)[-1]


@dataclass
class Faults:
    """`choose` names a fault for a request ("" = let it pass); `done` lists what was injected."""

    choose: Callable[[Request], str] = lambda request: ""
    done: list[tuple[str, str]] = field(default_factory=list)
    count: int = 0
    on_kill: Callable[[], None] = lambda: None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def next(self, method: str, path: str, upload: bool) -> str:
        with self.lock:
            self.count += 1
            fault = self.choose(Request(self.count, method, path, upload))
            if fault:
                self.done.append((fault, path.split("?")[0].rsplit("/", 1)[-1]))
            return fault


KINDS = ("408", "425", "429", "500-index", "502", "503", "504", "reset-before", "reset-after", "cut-answer", "hang", "cut-upload")
"""Every fault that may be tried again. `-after`, cut-answer and hang: the portal did it, the client does not know."""


@contextmanager
def fault_proxy(target: str, *, hang_s: float = 3.0) -> Iterator[tuple[Faults, str]]:
    """A running proxy to `target` and its address."""
    faults = Faults()
    to = urlsplit(target)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args: Any) -> None:
            pass

        def _serve(self) -> None:
            self.close_connection = True
            length = int(self.headers.get("Content-Length", 0))
            upload = "multipart" in self.headers.get("Content-Type", "")
            fault = faults.next(self.command, self.path, upload)
            if fault == "cut-upload":
                self.rfile.read(length // 2)
                return self._reset()
            body = self.rfile.read(length)
            if fault == "kill-before":
                faults.on_kill()
                return self._reset()
            if fault == "reset-before":
                return self._reset()
            if fault in ("login", "moved"):
                return self._send(302, b"", {"Location": "/user/login?came_from=x" if fault == "login" else "https://other.invalid/x"})
            if fault == "500-index":
                return self._send(500, INDEX, {"Content-Type": "application/json"})
            if fault.isdigit():
                code = int(fault)
                more = {"Retry-After": "0"} if code == 429 else {}
                return self._send(code, HTML % (code, code), {"Content-Type": "text/html", **more})
            status, headers, answer = self._forward(body)
            if fault == "kill-after":
                faults.on_kill()
                return self._reset()
            if fault == "reset-after":
                return self._reset()
            if fault == "hang":
                time.sleep(hang_s)
                return self._reset()
            if fault == "cut-answer":
                self._head(status, headers, len(answer))
                self.wfile.write(answer[: len(answer) // 2])
                return self._reset()
            return self._send(status, answer, headers)

        do_GET = do_POST = do_HEAD = _serve

        def _forward(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
            line = http.client.HTTPConnection(to.hostname or "", to.port, timeout=120)
            headers = {k: v for k, v in self.headers.items() if k.lower() not in ("host", "connection")}
            headers |= {"Host": f"{to.hostname}:{to.port}", "Connection": "close"}
            line.request(self.command, self.path, body or None, headers)
            answer = line.getresponse()
            content = answer.read()
            kept = {k: v for k, v in answer.getheaders()
                    if k.lower() not in ("transfer-encoding", "connection", "content-length", "server", "date")}
            line.close()
            return answer.status, kept, content

        def _head(self, status: int, headers: dict[str, str], length: int) -> None:
            self.send_response(status)
            for k, v in headers.items():
                self.send_header(k, v)
            self.send_header("Content-Length", str(length))
            self.send_header("Connection", "close")
            self.end_headers()

        def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self._head(status, headers, len(body))
            if self.command != "HEAD":
                self.wfile.write(body)

        def _reset(self) -> None:
            self.wfile.flush()
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            pass  # a reset connection is the purpose

    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield faults, f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
