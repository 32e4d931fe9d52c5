"""`kokai serve`: the embedded catalogue as a read-only web server that answers as a CKAN does."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from publish.commands.arguments import add_workspace

if TYPE_CHECKING:
    from http.server import ThreadingHTTPServer

LOOPBACK = "127.0.0.1"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, default=8000, metavar="N",
                        help="ポート番号(既定: 8000、0 なら空いている番号) / port, default 8000; 0 takes a free one")
    parser.add_argument("--host", default=LOOPBACK, metavar="ADDRESS",
                        help="待ち受けるアドレス(既定: 127.0.0.1、この機械だけ。見本があれば外には出しません) / "
                        "address to listen at, default this machine only; refused beyond it while there are samples")
    add_workspace(parser)


def run(args: argparse.Namespace) -> int:
    from publish.run import Place
    from publish.site.serving import served_address

    root = Place(args.workspace).catalogue
    server = open_server(root, args.host, args.port)
    address = served_address(server)
    sys.stdout.write(
        f"カタログを公開しています: {address}\n"
        f"  CKAN の読み取り API: {address}api/3/action/package_search\n"
        "  終わるときは Ctrl-C を押してください。 / read-only server; Ctrl-C ends it\n"
    )
    sys.stdout.flush()
    try:
        server.serve_forever(poll_interval=0.2)
    except KeyboardInterrupt:
        sys.stdout.write("\n終了しました。 / ended\n")
    finally:
        server.server_close()
    return 0


def open_server(root: Path, host: str, port: int) -> ThreadingHTTPServer:
    """A server that listens. CatalogueError: nothing is public, the port is taken; ApprovalError: samples beyond loopback."""
    from pipelines.errors import ApprovalError, CatalogueError
    from publish.loopback import is_loopback_host
    from publish.site import current_release
    from publish.site.serving import holds_samples, make_server

    release = current_release(root)
    if release is None:
        raise CatalogueError(
            "nothing-published", "まだ何も公開されていません。", "nothing is public yet",
            todo_ja="先に kokai run を実行してください。", todo_en="Run kokai run first.", where=str(root),
        )
    if not is_loopback_host(host) and holds_samples(release):
        raise ApprovalError(
            "sample-stays-here", "カタログに見本があるため、この機械の外には公開できません。",
            "the catalogue holds samples, which may not be served beyond this machine",
            todo_ja="--host を付けずに実行するか、ご自身のデータだけの作業フォルダで実行してください。",
            todo_en="Leave out --host, or run it in a workspace without samples.", where=host,
        )
    try:
        return make_server(root, host=host, port=port)
    except (OSError, OverflowError) as error:
        raise CatalogueError(
            "port-taken", f"{host} のポート {port} では待ち受けできません。",
            f"cannot listen at {host}:{port} ({error})",
            todo_ja="ほかのプログラムが使っていないか確かめるか、--port 8001 のように別の番号を指定してください。",
            todo_en="See what else uses it, or name another one, such as --port 8001.", where="--port",
        ) from None
