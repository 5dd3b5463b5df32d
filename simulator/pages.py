"""Pages of HTML that need nothing else: style, scripts and data are inside, and nothing is fetched."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup


def write_page(template: str, path: Path, **values: object) -> None:
    """Fills in a template and writes the page.

    Args:
        template: its name among the templates that come with coinfer.
        path: the HTML file.
        values: what the template needs; text is escaped, whoever wrote it.
    """
    environment = Environment(
        loader=FunctionLoader(_text),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals["inlined"] = _inlined
    page = environment.get_template(template).render(**values)
    path.write_text(page, encoding="utf-8", newline="\n")


def _text(name: str) -> str:
    return (files("coinfer.simulator") / "templates" / name).read_text(encoding="utf-8")


def _inlined(name: str) -> Markup:
    """A style sheet or a script of our own, as it is."""
    return Markup(_text(name))
