"""Links of README and docs, the pages of the site, commands that the text names, and CITATION.cff."""

import re
import tomllib
from pathlib import Path

import pytest
import typer
import yaml

from coinfer.simulator.cli.commands import app

ROOT = Path(__file__).resolve().parents[1]
CARD = ROOT / "models" / "weights" / "MODEL_CARD.md"
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("scenarios/**/*.md"), CARD])
FENCED = re.compile(r"^```.*?^```$", re.M | re.S)
LINK = re.compile(r"\]\(([^()\s]+)\)")
TYPED = re.compile(r"(?:^ {4}|^\$ |`)(?:\$ )?coinfer ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?", re.M)
NAMES = {str(page.relative_to(ROOT)): page for page in PAGES}


def anchors(page):
    """The anchors of a page's headings, as GitHub makes them."""
    text = FENCED.sub("", page.read_text(encoding="utf-8"))
    headings = re.findall(r"^#+ (.+)$", text, re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", NAMES)
def test_every_link_leads_somewhere(name):
    page = NAMES[name]
    broken = []
    for target in LINK.findall(FENCED.sub("", page.read_text(encoding="utf-8"))):
        if "://" in target:
            continue
        file, _, anchor = target.partition("#")
        there = (page.parent / file).resolve() if file else page
        if not there.exists() or (anchor and anchor not in anchors(there)):
            broken.append(target)
    assert broken == []


@pytest.mark.parametrize("name", NAMES)
def test_every_command_exists(name):
    group = typer.main.get_command(app)
    for command, below in TYPED.findall(NAMES[name].read_text(encoding="utf-8")):
        if name == "CHANGELOG.md":  # It tells of commands that were.
            continue
        assert command in group.commands, command
        subcommands = getattr(group.commands[command], "commands", None)
        if subcommands and below:
            assert below in subcommands, f"{command} {below}"


def test_every_page_is_on_the_site():
    site = yaml.load((ROOT / "mkdocs.yml").read_text(), Loader=yaml.BaseLoader)
    listed = set(re.findall(r"[\w/]+\.md", str(site["nav"])))
    written = {str(page.relative_to(ROOT / "docs")) for page in ROOT.glob("docs/**/*.md")}
    assert written <= listed
    made = {"index.md", "contributing.md", "changelog.md", "model_card.md"}
    assert listed - written == made


def test_every_module_of_the_api_exists():
    named = re.findall(
        r"^::: coinfer\.(\S+)$", "".join(p.read_text() for p in ROOT.glob("docs/api/*.md")), re.M
    )
    places = [ROOT.joinpath(*module.split(".")) for module in named]
    assert len(named) == len(set(named)) > 50
    assert [
        str(place) for place in places if not (place.with_suffix(".py").is_file() or place.is_dir())
    ] == []


def test_the_citation_is_that_of_this_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert {"cff-version", "message", "title", "authors"} <= citation.keys()
    assert citation["authors"] == [{"name": "coinfer contributors"}]
    assert (citation["version"], citation["license"]) == (project["version"], project["license"])
    assert f"version = {{{project['version']}}}" in (ROOT / "docs" / "cite.md").read_text(encoding="utf-8")
