"""The folder of a run: written whole beside its place, then moved there."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from coinfer.simulator.errors import InputError
from coinfer.simulator.run_files import FILES

MANIFEST = "manifest.json"

CONTENT = frozenset({MANIFEST, "tasks.parquet", "summary.csv", "differences.csv", "report.html", "figures"})
"""All that a run's folder holds; a folder with anything else in it is not replaced."""


_DRAWN_LATER = re.compile(r"[a-z]+-[0-9]+")
"""Folders of `coinfer figures` among the figures: style and width."""


class OutputError(InputError):
    """The output folder cannot be used."""


def check_folder(folder: Path) -> None:
    """Checks that a run may be written to `folder`.

    Raises:
        OutputError: it is a file, or a folder with something else in it, or cannot be made.
    """
    given, folder = folder, folder.resolve()
    try:
        is_there, is_folder = folder.exists(), folder.is_dir()
    except OSError as error:
        raise OutputError(f"--out {given}: {error.strerror}; give another folder") from error
    if is_there and not is_folder:
        raise OutputError(f"--out {given}: this is not a folder; give a folder")
    if folder == Path.cwd() or folder.is_mount():
        raise OutputError(f"--out {given}: this folder cannot be replaced; give a folder inside it")
    found = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    if found and MANIFEST not in found:
        raise OutputError(f"--out {given}: not empty and not a run of coinfer; give another folder")
    if foreign := sorted(found - CONTENT) or _foreign_figures(folder):
        raise OutputError(
            f"--out {given}: holds '{foreign[0]}', which no run wrote; move it away or give another folder"
        )
    parent = next(path for path in folder.parents if path.exists())
    if not (parent.is_dir() and os.access(parent, os.W_OK)):
        raise OutputError(f"--out {given}: {parent} cannot be written to; give another folder")


def _foreign_figures(folder: Path) -> list[str]:
    """Files beside the figures of a run that neither the run nor `coinfer figures` wrote."""
    try:
        known = json.loads((folder / MANIFEST).read_text(encoding="utf-8")).get(FILES)
    except (OSError, ValueError, AttributeError):
        return []
    if not isinstance(known, dict):
        return []
    files = (path.relative_to(folder) for path in (folder / "figures").rglob("*") if not path.is_dir())
    return sorted(
        str(file) for file in files if str(file) not in known and not _DRAWN_LATER.fullmatch(file.parts[1])
    )


def check_own(folder: Path, content: Collection[str], what: str) -> None:
    """Checks that a folder can be replaced by that of a command that is no run.

    Args:
        folder: as it was given.
        content: all that such a folder holds.
        what: what the command makes.

    Raises:
        OutputError: it is a file, the working folder, or holds something else.
    """
    if folder.is_file():
        raise OutputError(f"--out {folder}: this is a file; give a folder")
    if folder.resolve() == Path.cwd() or folder.is_mount():
        raise OutputError(f"--out {folder}: this folder cannot be replaced; give a folder inside it")
    foreign = sorted({path.name for path in folder.iterdir()} - set(content)) if folder.is_dir() else []
    if foreign:
        raise OutputError(f"--out {folder}: holds '{foreign[0]}', which no {what} wrote; give another folder")


@contextmanager
def whole_folder(folder: Path, within: Path | None = None) -> Iterator[Path]:
    """Gives a fresh folder to write into, which takes the place of `folder` only if the block succeeds.

    Args:
        folder: where it shall be.
        within: the folder to make it in, on the same disk; None: beside `folder`.
    """
    folder = folder.resolve()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name[:100]}-", dir=within or folder.parent))
    except OSError as error:
        raise OutputError(f"--out {folder}: {error.strerror}; give another folder") from error
    old = fresh.with_name(f"{fresh.name}-old")
    try:
        yield fresh
        fresh.chmod(0o755)
        if folder.exists():
            folder.rename(old)
        fresh.rename(folder)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def write_tables(
    folder: Path, summary: pd.DataFrame, differences: pd.DataFrame, manifest: Mapping[str, object]
) -> None:
    """Writes summary.csv, differences.csv and manifest.json."""
    write_csv(summary, folder / "summary.csv")
    write_csv(differences, folder / "differences.csv")
    write_manifest(folder, manifest)


def write_manifest(folder: Path, manifest: Mapping[str, object]) -> None:
    """Writes manifest.json."""
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write a table of results, numbers with nine digits."""
    table.to_csv(path, index=False, float_format="%.9g", lineterminator="\n")
