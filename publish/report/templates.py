"""A report's JSON and a Jinja template, shipped or one's own, to text; the template sees the data and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from pipelines.errors import DeclarationError

SHIPPED = {"実績・評価.html": "jisseki_hyoka.html.j2", "実績・評価.md": "jisseki_hyoka.md.j2", "報告.md": "report.md.j2"}
MOST_BYTES = 1 << 20


def render_shipped(told: Mapping[str, Any]) -> dict[str, str]:
    """The texts of the shipped templates by file name."""
    folder = files("publish") / "templates" / "report"
    return {name: render(file, (folder / file).read_text(encoding="utf-8"), told) for name, file in SHIPPED.items()}


def render_own(path: Path, told: Mapping[str, Any]) -> tuple[str, str]:
    """(file name, text) of a template of one's own: NAME.j2 becomes NAME.

    DeclarationError names line and reason when it is not readable, wrong, or reaches for something
    that is not in the report.
    """
    try:
        source = path.read_text(encoding="utf-8-sig") if path.stat().st_size <= MOST_BYTES else ""
    except FileNotFoundError:
        raise _wrong(path.name, "ファイルがありません。", "no such file") from None
    except (OSError, UnicodeDecodeError):
        source = ""
    if not source:
        raise _wrong(path.name, "開けないか、大きすぎるか、文字コードが UTF-8 ではありません。", "it cannot be read as UTF-8 text")
    name = path.name.removesuffix(".j2")
    return (name if name != path.name else f"{path.stem}.out{path.suffix}"), render(path.name, source, told)


def render(name: str, source: str, told: Mapping[str, Any]) -> str:
    """`source` with the variable `report`; escaped for .html, and in Markdown tables by the filter `cell`."""
    from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError
    from jinja2.exceptions import SecurityError
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    html = ".html" in name or ".htm" in name
    environment = ImmutableSandboxedEnvironment(autoescape=html, undefined=StrictUndefined, trim_blocks=True,
                                                lstrip_blocks=True)
    environment.filters["cell"] = cell
    try:
        return str(environment.from_string(source).render(report=told)).rstrip() + "\n"
    except TemplateSyntaxError as error:
        raise _wrong(f"{name} {error.lineno}行目", f"書き方に誤りがあります({error.message})。", str(error.message)) from None
    except SecurityError as error:
        raise _wrong(name, "使えない命令が書かれています。", f"not allowed in a template: {error}") from None
    except (TemplateError, TypeError, ValueError, KeyError, OverflowError, MemoryError) as error:
        raise _wrong(name, f"報告書にない項目を使っています({error})。", str(error)) from None


def cell(text: object) -> str:
    """Text for a cell of a Markdown table: no bars, no markup, one line."""
    plain = str(text).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("\r", "")
    return plain.replace("\n", "<br>")


def _wrong(where: str, ja: str, en: str) -> DeclarationError:
    return DeclarationError(
        "report-template-wrong", f"ひな形を使えません: {ja}", f"the template cannot be used: {en}",
        todo_ja="使える項目は kpi.json にあるものです(docs/kpi.md)。", todo_en="See kpi.json and docs/kpi.md for what it can use.",
        where=where,
    )
