"""Calls of CKAN's action API through ckanapi: streamed uploads, bounded retries, no secret in what is said."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pipelines import __version__
from publish.ckan.streaming import Multipart, Upload
from publish.ckan.token import Token
from publish.ckan.trouble import Later, Refused, judge, redirected, retry_after_s, stopped, unreachable
from publish.loopback import is_loopback

CONNECT_S = 10.0
TRIES = 6
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 30.0
BLOCK = 1 << 18
READING = ("_show", "_list", "_search", "_status", "status_show")


@dataclass
class Count:
    """What went over the line, for reports and benches."""

    reads: int = 0
    writes: int = 0
    uploads: int = 0
    upload_bytes: int = 0
    downloads: int = 0
    retries: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, **more: int) -> None:
        """Add to the counters; several threads may."""
        with self._lock:
            for name, value in more.items():
                setattr(self, name, getattr(self, name) + value)

    def as_dict(self) -> dict[str, int]:
        names = ("reads", "writes", "uploads", "upload_bytes", "downloads", "retries")
        return {n: int(getattr(self, n)) for n in names}


class Portal:
    """One CKAN: `read` is tried again, `write` once (the caller looks before it repeats), `download` streams."""

    def __init__(
        self, address: str, token: Token, *, timeout_s: float = 60.0, delay_s: float = 0.0, tries: int = TRIES,
        sleep: Callable[[float], None] = time.sleep, chance: Callable[[], float] = random.random,
    ) -> None:
        self.address = address.rstrip("/")
        self.token = token
        self.timeout_s = timeout_s
        self.delay_s = delay_s
        self.tries = tries
        self.takes_ids = True  # until the portal says that this token may not choose ids
        self.count = Count()
        self.server_date = ""  # the Date of its last answer
        self._sleep = sleep
        self._chance = chance
        self._local = threading.local()
        self._pace = threading.Lock()
        self._next = 0.0

    @property
    def agent(self) -> str:
        return f"kokai/{__version__}"

    def read(self, action: str, data: Mapping[str, Any] | None = None, *, where: str = "") -> Any:
        """A reading action; transient failures are tried again. Raises Refused or CatalogueError."""
        for n in range(self.tries):
            try:
                self.count.add(reads=1)
                return self._call(action, dict(data or {}), {})
            except Later as later:
                if n + 1 == self.tries:
                    raise unreachable(self.token.hide(later.said), where or action, self.tries) from None
                self.pause(n, later)
        raise AssertionError("not reached")

    def show(self, name: str) -> dict[str, Any] | None:
        """package_show; None when there is no such dataset (or it is deleted)."""
        try:
            found: dict[str, Any] = self.read("package_show", {"id": name}, where=name)
        except Refused as refused:
            if refused.status == 404:
                return None
            raise stopped(refused, action="package_show", where=name) from None
        return None if found.get("state") == "deleted" else found

    def write(self, action: str, data: Mapping[str, Any], files: Mapping[str, Upload] | None = None) -> Any:
        """A writing action, once. Raises Later (nobody knows whether it took effect), Refused or CatalogueError."""
        sent = dict(files or {})
        self.count.add(writes=1, uploads=len(sent), upload_bytes=sum(u.size_bytes for u in sent.values()))
        return self._call(action, dict(data), sent)

    def pause(self, n: int, later: Later) -> None:
        """Wait before try n + 2: Retry-After where given, else doubling with full jitter."""
        self.count.add(retries=1)
        longest = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2**n)
        self._sleep(min(later.wait_s, 120.0) if later.wait_s is not None else longest * (0.5 + self._chance() / 2))

    @contextmanager
    def download(self, url: str) -> Iterator[Iterator[bytes]]:
        """The bytes at `url`. The token goes along only to the portal's own host. Raises Later or CatalogueError."""
        import requests

        self.count.add(downloads=1)
        self._keep_pace()
        headers = {"User-Agent": self.agent, "Accept-Encoding": "identity"}
        if self._is_own(url) and self.token:
            headers |= {"Authorization": self.token.reveal(), "X-CKAN-API-Key": self.token.reveal()}
        try:
            with self._session().get(url, headers=headers, stream=True, timeout=(CONNECT_S, self.timeout_s),
                                     allow_redirects=False) as got:
                answer = self._follow(got)
                with answer:
                    if answer.status_code != 200:
                        if answer.status_code in (408, 425, 429, 500, 502, 503, 504, 507, 522, 524, 404):
                            raise Later(f"HTTP {answer.status_code}", wait_s=retry_after_s(answer.headers))
                        raise stopped(Refused(answer.status_code, "", {}), action="download", where=plain_url(url))
                    yield answer.iter_content(BLOCK)
        except requests.RequestException as error:
            raise Later(_line_words(error)) from None

    def head(self, url: str) -> tuple[int, str]:
        """Status and content type of a HEAD request without the token, as a harvester asks. Raises Later."""
        import requests

        try:
            got = self._session().head(url, headers={"User-Agent": self.agent}, timeout=(CONNECT_S, self.timeout_s),
                                       allow_redirects=False)
        except requests.RequestException as error:
            raise Later(_line_words(error)) from None
        return int(got.status_code), str(got.headers.get("Content-Type", ""))

    def _follow(self, got: Any) -> Any:
        """One redirect to a file store is followed without the token; to a login page never."""
        import requests

        if not 300 <= got.status_code < 400:
            return got
        target = str(got.headers.get("Location", ""))
        if not target.startswith("https://") and not self._is_own(target):
            raise redirected(target, plain_url(str(got.url)))
        if "login" in target.lower():
            raise redirected(target, plain_url(str(got.url)))
        return requests.get(target, headers={"User-Agent": self.agent}, stream=True,
                            timeout=(CONNECT_S, self.timeout_s), allow_redirects=False)

    def _is_own(self, url: str) -> bool:
        mine, other = urlsplit(self.address), urlsplit(url)
        return (mine.scheme, mine.netloc) == (other.scheme, other.netloc)

    def _keep_pace(self) -> None:
        if self.delay_s <= 0:
            return
        with self._pace:
            now = time.monotonic()
            wait = self._next - now
            self._next = max(now, self._next) + self.delay_s
        if wait > 0:
            self._sleep(wait)

    def _session(self) -> Any:
        import requests

        if not hasattr(self._local, "session"):
            session = requests.Session()
            session.trust_env = not is_loopback(self.address)
            self._local.session = session
        return self._local.session

    def _call(self, action: str, data: dict[str, Any], files: dict[str, Upload]) -> Any:
        import requests
        from ckanapi.errors import CKANAPIError

        self._keep_pace()
        try:
            return self._remote().call_action(action, data, files=files or None,
                                              requests_kwargs={"timeout": (CONNECT_S, self.timeout_s)})
        except requests.RequestException as error:
            raise Later(_line_words(error)) from None
        except CKANAPIError as error:  # everything that judge lets through is a success
            raise Later(self.token.hide(type(error).__name__)) from None

    def _heard(self, date: str) -> None:
        self.server_date = date

    def _remote(self) -> Any:
        if not hasattr(self._local, "remote"):
            self._local.remote = _remote(self.address, self.token, self.agent, self._session(), self._heard)
        return self._local.remote


def _remote(address: str, token: Token, agent: str, session: Any, heard: Callable[[str], None]) -> Any:
    """ckanapi's RemoteCKAN with our body (streamed) and our reading of the answer (status, type, headers)."""
    from ckanapi import RemoteCKAN

    class Streaming(RemoteCKAN):  # type: ignore[misc]
        base_url = "api/3/action/"

        def _request_fn(self, url: str, data: Any, headers: Any, files: Any, requests_kwargs: Any) -> Any:
            if files:
                body = Multipart(data, files)
                headers = {**headers, "Content-Type": body.content_type}
                data = body
            answer = self.session.post(url, data=data, headers=headers, allow_redirects=False, **requests_kwargs)
            text = answer.content.decode("utf-8", "replace")
            heard(str(answer.headers.get("Date", "")))
            judge(answer.status_code, answer.headers.get("Content-Type", ""), token.hide(text), answer.headers,
                  plain_url(url))
            return answer.status_code, text

    return Streaming(address, apikey=token.reveal() or None, user_agent=agent, session=session)


def plain_url(url: str) -> str:
    """An address without query and password, for messages."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}{parts.path}"


def _line_words(error: Exception) -> str:
    """The kind of a line's failure; its text may hold headers and addresses, so it is left out."""
    return type(error).__name__


def upload_of(path: Path, name: str, mimetype: str) -> Upload:
    """A local file as it will be sent."""
    return Upload(path, name, mimetype)
