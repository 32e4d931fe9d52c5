"""Where a catalogue's address and token come from: environment, a 0600 file, the system keyring; never written anywhere."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from pipelines.declare import Catalogue
from pipelines.errors import CatalogueError
from publish.loopback import is_loopback_host


class Token:
    """A secret that shows only its last four characters, also in a traceback or a repr."""

    __slots__ = ("_text", "source")

    def __init__(self, text: str, source: str) -> None:
        self._text = text
        self.source = source

    def reveal(self) -> str:
        """The secret itself, for the one header that carries it."""
        return self._text

    def __bool__(self) -> bool:
        return bool(self._text)

    def __repr__(self) -> str:
        tail = self._text[-4:] if len(self._text) >= 16 else ""
        return f"<token …{tail} from {self.source}>" if self._text else "<no token>"

    __str__ = __repr__

    def hide(self, text: str) -> str:
        """`text` without the secret: for whatever a server or a library said."""
        return text.replace(self._text, "…") if len(self._text) >= 4 else text


def portal_address(catalogue: Catalogue, environ: Mapping[str, str] = os.environ) -> str:
    """The base URL without a slash at its end. CatalogueError: none set, not http(s), with a password, plain http."""
    address = ((environ.get(catalogue.url_env, "") if catalogue.url_env else "") or catalogue.url).rstrip("/")
    parts = urlsplit(address)
    where = catalogue.url_env or "datasets/catalogues.yml"
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise CatalogueError(
            "catalogue-address", f"「{catalogue.name}」のアドレスが設定されていません。",
            f"no address for {catalogue.name}",
            todo_ja=f"環境変数 {catalogue.url_env or '(url_env)'} に https://… を設定してください。",
            todo_en=f"Set {catalogue.url_env or 'url_env'} to its https:// address.", where=where,
        )
    if parts.username or parts.password:
        raise CatalogueError(
            "catalogue-address-secret", "アドレスに利用者名やパスワードを書かないでください。",
            "the address holds a user name or a password",
            todo_ja="アドレスから「名前:パスワード@」を消し、トークンは環境変数に入れてください。",
            todo_en="Take it out of the address; a token belongs in its environment variable.", where=where,
        )
    if parts.scheme == "http" and not is_loopback_host(parts.hostname):
        raise CatalogueError(
            "catalogue-plain-http", "暗号化されない http:// には、トークンを送れません。",
            "plain http would show the token to everyone on the way",
            todo_ja="https:// のアドレスにしてください(この機械の中だけは http で使えます)。",
            todo_en="Use https:// (plain http is for loopback only).", where=where,
        )
    return address


def find_token(catalogue: Catalogue, environ: Mapping[str, str] = os.environ) -> Token:
    """The token: `token_env`, else the file named by `token_env`_FILE (mode 0600), else the keyring. CatalogueError if none."""
    name = catalogue.token_env
    text = environ.get(name, "").strip() if name else ""
    if text:
        return _checked(text, name)
    file = environ.get(f"{name}_FILE", "") if name else ""
    if file:
        return _checked(_read_private(Path(file)), f"{name}_FILE")
    text = _from_keyring(catalogue.name)
    if text:
        return _checked(text, "keyring")
    raise CatalogueError(
        "token-missing", f"「{catalogue.name}」のAPIトークンがありません。", f"no API token for {catalogue.name}",
        todo_ja=f"環境変数 {name or '(token_env)'} に入れるか、本人だけが読めるファイルに入れ、"
        f"その場所を {name}_FILE に書いてください。",
        todo_en=f"Put it into {name or 'token_env'}, or into a file that only you can read and name that in {name}_FILE.",
        where=catalogue.name,
    )


def _checked(text: str, source: str) -> Token:
    if any(c.isspace() or not c.isascii() or not c.isprintable() for c in text):
        raise CatalogueError(
            "token-form", "APIトークンに空白や改行、全角文字が入っています。", "the token holds blanks or non-ASCII",
            todo_ja="トークンを写し直してください。", todo_en="Copy the token again.", where=source,
        )
    return Token(text, source)


def _read_private(path: Path) -> str:
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise CatalogueError(
            "token-file", "トークンのファイルを読めません。", f"the token file cannot be read ({type(error).__name__})",
            todo_ja="ファイルの場所と権限を確かめてください。", todo_en="Check its path and permissions.", where=str(path),
        ) from None
    if os.name != "nt" and stat.S_IMODE(mode) & 0o077:
        raise CatalogueError(
            "token-file-open", "トークンのファイルを、ほかの人も読める状態です。", "others can read the token file",
            todo_ja=f"chmod 600 {path} を実行してください。", todo_en=f"Run chmod 600 {path}.", where=str(path),
        )
    return text


def _from_keyring(name: str) -> str:
    try:
        import keyring  # type: ignore[import-not-found,unused-ignore]
        from keyring.errors import KeyringError  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        return ""
    try:
        return str(keyring.get_password("kokai", name) or "").strip()
    except KeyringError:
        return ""
