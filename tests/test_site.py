"""What the strict build of the site does not look at: links that leave it, raw HTML, and its own settings."""

import importlib.util
import logging
import re
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from urllib.parse import urlsplit

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
OUTSIDE = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "models/weights/MODEL_CARD.md")
PAGES = {str(path.relative_to(ROOT)): path for path in sorted(ROOT.glob("docs/**/*.md"))}
PAGES |= {name: ROOT / name for name in OUTSIDE}
ADDRESS = re.compile(r"\w+://[^\s)>\"'`|]+")
HTML_LINK = re.compile(r"<(?:a|img)\s", re.I)

HOSTS = {
    "arxiv.org",
    "ciw.readthedocs.io",
    "distributed.dask.org",
    "github.com",
    "helm.dask.org",
    "jobqueue.dask.org",
    "kubernetes.dask.org",
    "research.google",
}
"""Where pages may link to: papers, sources, and the sites of tools. Have a look at a new one, and add it."""


def refused(address: str) -> bool:
    """Whether a link out of the site is not to be there."""
    parts = urlsplit(address)
    return parts.scheme != "https" or parts.hostname not in HOSTS


@pytest.mark.parametrize("name", PAGES)
def test_links_out_are_https_to_a_known_host(name: str) -> None:
    text = PAGES[name].read_text(encoding="utf-8")
    found = [address for address in ADDRESS.findall(text) if not address.startswith("tcp://")]
    assert [address for address in found if refused(address)] == []


def test_other_links_out_are_refused() -> None:
    assert not refused("https://arxiv.org/abs/2211.13745")
    assert refused("http://arxiv.org/abs/2211.13745")
    assert refused("https://example.org/arxiv.org")
    assert ADDRESS.findall("see [it](http://a.org/b) and <ftp://c.org>") == ["http://a.org/b", "ftp://c.org"]


@pytest.mark.parametrize("name", PAGES)
def test_no_link_is_raw_html(name: str) -> None:
    """The build checks Markdown's links, and leaves those of HTML as they are."""
    assert HTML_LINK.findall(PAGES[name].read_text(encoding="utf-8")) == []


def test_the_build_checks_all_that_it_can() -> None:
    site = yaml.load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    warned = {f"{kind}.{key}" for kind, keys in site["validation"].items() for key in keys}
    links = {"not_found", "anchors", "absolute_links", "unrecognized_links"}
    assert warned == {"nav.omitted_files", "nav.not_found", *(f"links.{key}" for key in links)}
    assert {level for keys in site["validation"].values() for level in keys.values()} == {"warn"}


@pytest.mark.parametrize(
    "word",
    [
        "task",
        "codec",
        "split point, head, tail",
        "payload",
        "deadline",
        "on-time accuracy",
        "profile",
        "replication",
        "common random numbers",
    ],
)
def test_concepts_explain_the_words_of_all_other_pages(word: str) -> None:
    assert len(re.findall(rf"^\| {word} \| .{{20,}} \|$", PAGES["docs/concepts.md"].read_text(), re.M)) == 1


@pytest.fixture
def hooks(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """docs/hooks.py without mkdocs, which only names the types of what it is given."""
    for name in ("config.defaults:MkDocsConfig", "structure.files:File,Files", "structure.pages:Page"):
        module, _, words = name.partition(":")
        fake = ModuleType(f"mkdocs.{module}")
        for word in words.split(","):
            setattr(fake, word, object)
        monkeypatch.setitem(sys.modules, fake.__name__, fake)
    spec = importlib.util.spec_from_file_location("site_hooks", ROOT / "docs" / "hooks.py")
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


@pytest.mark.parametrize(("strict", "level"), [(True, logging.WARNING), (False, logging.ERROR)])
def test_strict_counts_warnings_under_quiet(hooks: ModuleType, strict: bool, level: int) -> None:
    logger = logging.getLogger("mkdocs")
    before = logger.level
    try:
        logger.setLevel(logging.ERROR)  # what --quiet does
        hooks.on_config(SimpleNamespace(strict=strict))
        assert logger.level == level
    finally:
        logger.setLevel(before)


@pytest.mark.parametrize(
    ("here", "written", "on_the_site"),
    [
        ("cite.md", "[how](../README.md#what-comes-out)", "[how](index.md#what-comes-out)"),
        ("api/link.md", "[it](../link.md#nr)", "[it](../link.md#nr)"),
        ("cite.md", "[card](../models/weights/MODEL_CARD.md)", "[card](model_card.md)"),
        ("cite.md", "[it](../codecs/protocol.py)", "[it][coinfer.codecs.protocol]"),
        ("cite.md", "[cff](../CITATION.cff)", "cff"),
        ("index.md", "![a](docs/poor_channel.png)", "![a](poor_channel.png)"),
        ("cite.md", "```\n[how](../README.md)\n```", "```\n[how](../README.md)\n```"),
    ],
)
def test_links_to_files_become_links_of_the_site(
    hooks: ModuleType, here: str, written: str, on_the_site: str
) -> None:
    page = SimpleNamespace(file=SimpleNamespace(src_uri=here))
    assert hooks.on_page_markdown(written, page, None, None) == on_the_site


def test_a_link_to_no_file_is_a_warning(hooks: ModuleType, caplog: pytest.LogCaptureFixture) -> None:
    page = SimpleNamespace(file=SimpleNamespace(src_uri="cite.md"))
    hooks.on_page_markdown("[a](../codecs/gone.py)", page, None, None)
    assert caplog.messages == ["docs/cite.md: link to codecs/gone.py, and there is no such file"]
