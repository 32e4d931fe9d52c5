"""Form fields and files to one multipart body that is read piece by piece, so that a large file never stands in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

BLOCK = 1 << 18


class Upload:
    """A file to send under an ASCII name; a `read` method marks it as a file for ckanapi."""

    def __init__(self, path: Path, name: str, mimetype: str) -> None:
        self.path = path
        self.name = name
        self.mimetype = mimetype
        self.size_bytes = path.stat().st_size

    def read(self) -> bytes:
        return self.path.read_bytes()


class Multipart:
    """A multipart/form-data body with a known length; every iteration opens the files anew, so it can be sent again."""

    def __init__(self, fields: Mapping[bytes, bytes], files: Mapping[str, Upload]) -> None:
        seed = b"".join(k + v for k, v in fields.items()) + "".join(files).encode()
        self.boundary = "kokai-" + hashlib.sha256(seed).hexdigest()[:40]
        self._parts: list[bytes | Upload] = []
        line = f"--{self.boundary}\r\n".encode()
        for key, value in fields.items():
            head = b'Content-Disposition: form-data; name="' + key + b'"\r\n\r\n'
            self._parts.append(line + head + value + b"\r\n")
        for name, upload in files.items():
            head = (
                f'Content-Disposition: form-data; name="{name}"; filename="{upload.name}"\r\n'
                f"Content-Type: {upload.mimetype}\r\n\r\n"
            ).encode()
            self._parts += [line + head, upload, b"\r\n"]
        self._parts.append(f"--{self.boundary}--\r\n".encode())
        self._pieces: Iterator[bytes] | None = None
        self._rest = b""

    @property
    def content_type(self) -> str:
        return f"multipart/form-data; boundary={self.boundary}"

    def __len__(self) -> int:
        return sum(p.size_bytes if isinstance(p, Upload) else len(p) for p in self._parts)

    def __iter__(self) -> Iterator[bytes]:
        for part in self._parts:
            if isinstance(part, bytes):
                yield part
                continue
            with part.path.open("rb") as handle:
                while block := handle.read(BLOCK):
                    yield block

    def read(self, size: int = -1) -> bytes:
        """The next bytes: http.client sends a body with a length through this."""
        if self._pieces is None:
            self._pieces = iter(self)
        wanted = BLOCK if size is None or size < 0 else size
        while len(self._rest) < wanted:
            piece = next(self._pieces, b"")
            if not piece:
                break
            self._rest += piece
        taken, self._rest = self._rest[:wanted], self._rest[wanted:]
        return taken


def is_upload(value: Any) -> bool:
    return isinstance(value, Upload)
