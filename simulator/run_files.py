"""The files of a run as its manifest knows them: by size and SHA-256."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FILES = "files"
"""Key of the manifest: what is known of each file, by its path in the folder."""

SEAL = "seal"
"""Key of the manifest: SHA-256 of all its other facts but `TOOK`, so that a run repeated has the same."""

TOOK = "wall_time_s"
"""Key of the manifest: how long the run took; the one fact that differs when a run is repeated."""

LARGEST_HASHED_BYTES = 64 * 2**20
"""Larger files are known by their size only."""


def described(path: Path) -> dict[str, object] | None:
    """What is known of a file; None if it is not there."""
    try:
        size_bytes = path.stat().st_size
        hashed = size_bytes <= LARGEST_HASHED_BYTES
        return {"bytes": size_bytes, **({"sha256": _sha256(path)} if hashed else {})}
    except OSError:
        return None


def damage(folder: Path, manifest: Mapping[str, Any], within: str = "") -> str | None:
    """What is wrong with the files of a run, such as `runs/a/summary.csv is missing`; the first only.

    Args:
        folder: of the run.
        manifest: that of the run; files that it does not know are taken as they are.
        within: the file to look at, or the folder, by its path in that of the run; all if empty.
    """
    for name, known in manifest.get(FILES, {}).items():
        if within in ("", name) or name.startswith(f"{within}/"):
            found = described(folder / name)
            if found != known:
                return f"{folder / name} {'is missing' if found is None else 'is not as the run wrote it'}"
    return None


def sealed(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts of a manifest with their hash."""
    return {**facts, SEAL: _seal(facts)}


def is_intact(manifest: Mapping[str, Any]) -> bool:
    """Whether a manifest says what it said when it was sealed; true if it has no seal, as in older runs."""
    return SEAL not in manifest or manifest[SEAL] == _seal(manifest)


def _seal(manifest: Mapping[str, Any]) -> str:
    facts = {name: fact for name, fact in manifest.items() if name not in (SEAL, TOOK)}
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
