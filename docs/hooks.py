"""Hooks of mkdocs: pages from files beside docs/, and links to the repository's files.

README.md, CONTRIBUTING.md, CHANGELOG.md and the model card become pages. A link to a module leads to its
place in the API reference if it has one; a link to another file of the repository becomes its text, and is a
warning if there is no such file. So is a link or an anchor that leads nowhere, as mkdocs.yml asks; `--strict`
turns warnings into an error.
"""

from __future__ import annotations

import logging
import posixpath
import re
from functools import cache
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

LOG = logging.getLogger("mkdocs.hooks.coinfer")
ROOT = Path(__file__).resolve().parents[1]
PAGES = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "models/weights/MODEL_CARD.md": "model_card.md",
}
"""Files of the repository, and the pages that they become."""

SOURCES = ROOT / "build" / "sources" / "coinfer"
"""The packages under their import name, which mkdocstrings reads without importing them."""

LINK = re.compile(r"(?P<image>!?)\[(?P<text>[^\[\]]*)\]\((?P<to>[^()\s#:]+)(?P<anchor>#[^()\s]*)?\)")
CODE = re.compile(r"^```.*?^```$", re.M | re.S)


def on_startup(command: str, dirty: bool) -> None:
    """Make the folder of links that `paths` in mkdocs.yml names: no folder here is called coinfer."""
    SOURCES.mkdir(parents=True, exist_ok=True)
    for name in ("codecs", "models", "simulator"):
        link = SOURCES / name
        if not link.is_symlink():
            link.symlink_to(ROOT / name, target_is_directory=True)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Let `--strict` see warnings under `--quiet` as well, which drops them before they are counted."""
    if config.strict:
        logger = logging.getLogger("mkdocs")
        logger.setLevel(min(logger.getEffectiveLevel(), logging.WARNING))
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that stand elsewhere in the repository."""
    for source, page in PAGES.items():
        files.append(File.generated(config, page, content=(ROOT / source).read_text(encoding="utf-8")))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turn links to files of the repository into links of the site."""
    here = page.file.src_uri
    source = next((source for source, name in PAGES.items() if name == here), f"docs/{here}")
    parts, end = [], 0
    for code in CODE.finditer(markdown):
        parts += [_relinked(markdown[end : code.start()], source, here), code[0]]
        end = code.end()
    return "".join([*parts, _relinked(markdown[end:], source, here)])


def _relinked(text: str, source: str, page: str) -> str:
    return LINK.sub(lambda link: _link(link, source, page), text)


def _link(link: re.Match[str], source: str, page: str) -> str:
    target = posixpath.normpath(posixpath.join(posixpath.dirname(source), link["to"]))
    anchor, text = link["anchor"] or "", link["text"]
    if not (ROOT / target).exists():
        LOG.warning("%s: link to %s, and there is no such file", source, target)
    inside = PAGES.get(target) or (target.removeprefix("docs/") if target.startswith("docs/") else None)
    if inside:
        there = posixpath.relpath(inside, posixpath.dirname(page) or ".")
        return f"{link['image']}[{text}]({there}{anchor})"
    module = "coinfer." + target.removesuffix(".py").replace("/", ".")
    return f"[{text}][{module}]" if module in _documented() else text


@cache
def _documented() -> frozenset[str]:
    """Modules that the API reference has."""
    pages = sorted((ROOT / "docs" / "api").glob("*.md"))
    return frozenset(re.findall(r"^::: (\S+)$", "\n".join(page.read_text() for page in pages), re.M))
