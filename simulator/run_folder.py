"""The folder of a run, read again: what the report, comparisons and figures are made from afterwards."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import ValidationError

from coinfer.simulator.by_point import swept_keys
from coinfer.simulator.errors import InputError
from coinfer.simulator.fields import first_mistake
from coinfer.simulator.outputs import MANIFEST
from coinfer.simulator.scenario import Scenario


class RunError(InputError):
    """A folder that is no run of coinfer, or one that cannot be read."""


@dataclass(frozen=True, eq=False)
class Run:
    """What a run wrote.

    Attributes:
        folder: where it lies.
        scenario: as it was run, with its sweep.
        manifest: the content of manifest.json.
        summary: the table of summary.csv, swept values as text.
        differences: the table of differences.csv, swept values as text.
    """

    folder: Path
    scenario: Scenario
    manifest: Mapping[str, Any]
    summary: pd.DataFrame
    differences: pd.DataFrame

    @property
    def tasks(self) -> Path | None:
        """The file of its tasks; None for a run with `records: summary`."""
        path = self.folder / "tasks.parquet"
        return path if path.is_file() else None


def read_run(folder: Path) -> Run:
    """Reads the folder of a run.

    Raises:
        RunError: it is no such folder, or one of its files is missing, broken or of another version.
    """
    if not folder.is_dir():
        raise RunError(f"{folder}: no such folder; give the folder that a run wrote, such as runs/NAME")
    manifest = read_manifest(folder)
    return Run(
        folder,
        _scenario(folder, manifest),
        manifest,
        read_results(folder / "summary.csv"),
        read_results(folder / "differences.csv"),
    )


def read_results(path: Path) -> pd.DataFrame:
    """Reads summary.csv or differences.csv; swept values stay as they are written, and null is NaN.

    Raises:
        RunError: it is missing, or not such a table.
    """
    try:
        keys = swept_keys(pd.read_csv(path, nrows=0))
        texts = dict.fromkeys(("codec", "codec_a", "codec_b", "bottleneck", *keys), str)
        return pd.read_csv(path, dtype=texts, keep_default_na=False, na_values=[""])
    except OSError as error:
        raise RunError(f"{path}: {error.strerror}; give the folder of a run, or run it again") from error
    except ValueError as error:
        raise RunError(f"{path}: no table that a run wrote ({error}); run it again") from error


def read_manifest(folder: Path) -> dict[str, Any]:
    """Reads the manifest of a run.

    Raises:
        RunError: there is none, or it is broken.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise RunError(f"{folder}: no {MANIFEST}, so not a run of coinfer; give the folder that a run wrote")
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunError(f"{path}: cannot be read ({error}); run it again") from error
    if not (isinstance(manifest, dict) and isinstance(manifest.get("scenario"), dict)):
        raise RunError(f"{path}: expected a mapping with a scenario; give the folder that a run wrote")
    return manifest


def _scenario(folder: Path, manifest: Mapping[str, Any]) -> Scenario:
    try:
        return Scenario.model_validate(manifest["scenario"])
    except ValidationError as error:
        key, problem = first_mistake(error)
        raise RunError(
            f"{folder / MANIFEST}: scenario.{key}: {problem}; another version of coinfer wrote this, "
            "run it again"
        ) from error
