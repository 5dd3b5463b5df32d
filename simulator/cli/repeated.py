"""A run that was made before: its folder knows what it depends on and which files it wrote."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from coinfer.simulator.cli.dependencies import code_version
from coinfer.simulator.cli.measuring import versions
from coinfer.simulator.loading import resolved
from coinfer.simulator.outputs import MANIFEST, write_manifest
from coinfer.simulator.run_files import FILES, damage, described, sealed
from coinfer.simulator.run_folder import RunError, read_manifest
from coinfer.simulator.scenario import Scenario

DRAWING = ("matplotlib", "pillow", "jinja2", "pyyaml")
"""Libraries that figures and report depend on."""


def whole_identity(scenario: Scenario, units: str) -> str:
    """Hash of all that the files of a run depend on.

    Beside what its units depend on, these are the scenario's text, all code and libraries, and what figures
    and report are drawn with. How the run was started, such as `--jobs`, is none of it.

    Args:
        scenario: as it was loaded, with what was set on the command line.
        units: the identity of the run's units of work.
    """
    drawing = {name: version(name) for name in DRAWING}
    known = [units, resolved(scenario), versions(), code_version(), drawing]
    digest = hashlib.sha256(json.dumps(known).encode())
    templates = Path(str(files("coinfer.simulator"))) / "templates"
    for path in sorted(templates.iterdir()):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def seal(folder: Path, facts: Mapping[str, object], run: str) -> None:
    """Writes manifest.json last, with the run's identity and the files beside it.

    Args:
        folder: of a run, with all its other files.
        facts: the manifest so far.
        run: its whole identity.
    """
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    written = {path.relative_to(folder).as_posix(): described(path) for path in paths}
    written.pop(MANIFEST, None)
    write_manifest(folder, sealed({**facts, "identity": run, FILES: written}))


def is_repeated(folder: Path, run: str, notes: Console) -> bool:
    """Whether a folder holds, whole, what a run wrote that is the same; a line says so, or what is not whole.

    Args:
        folder: where the run's results shall be.
        run: its whole identity.
        notes: where to tell it.
    """
    manifest = _manifest(folder)
    if manifest.get("identity") != run or FILES not in manifest:
        return False
    if problem := damage(folder, manifest):
        _tell(notes, f"Starting anew: {problem}.")
        return False
    when = datetime.fromtimestamp((folder / MANIFEST).stat().st_mtime)
    _tell(
        notes,
        f"Nothing has changed: these are the results of {when:%Y-%m-%d %H:%M}; --anew makes them again.",
    )
    return True


def _manifest(folder: Path) -> Mapping[str, Any]:
    try:
        return read_manifest(folder)
    except RunError:
        return {}


def _tell(notes: Console, line: str) -> None:
    notes.print(escape(line), highlight=False, soft_wrap=True)
