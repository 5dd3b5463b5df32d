"""The folder of a run, read again: what the report, comparisons and figures are made from afterwards."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import ValidationError

from coinfer.simulator.by_point import swept_keys
from coinfer.simulator.errors import InputError
from coinfer.simulator.fields import first_mistake
from coinfer.simulator.outputs import MANIFEST
from coinfer.simulator.result_columns import TEXTS, first_problem
from coinfer.simulator.run_files import FILES, damage, is_intact
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

    @cached_property
    def tasks(self) -> Path | None:
        """The file of its tasks; None for a run with `records: summary`, or if someone took it away.

        Raises:
            RunError: it is not as the run wrote it.
        """
        path = self.folder / "tasks.parquet"
        if not path.is_file():
            return None
        check_written(self.folder, self.manifest, path.name)
        return path


def read_run(folder: Path) -> Run:
    """Reads the folder of a run.

    Raises:
        RunError: it is no such folder, or one of its files is missing, broken or of another version.
    """
    if not folder.is_dir():
        raise RunError(f"{folder}: no such folder; give the folder that a run wrote, such as runs/NAME")
    manifest = read_manifest(folder)
    for name in ("summary.csv", "differences.csv"):
        check_written(folder, manifest, name)
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
        texts = dict.fromkeys((*TEXTS, *keys), str)
        table = pd.read_csv(path, dtype=texts, keep_default_na=False, na_values=[""])
    except OSError as error:
        raise RunError(f"{path}: {error.strerror}; give the folder of a run, or run it again") from error
    except ValueError as error:
        problem = " ".join(str(error).split())
        raise RunError(f"{path}: no table that a run wrote ({problem}); run it again") from error
    if wrong := first_problem(table):
        raise RunError(f"{path}: no table that a run wrote ({wrong}); run it again")
    return table


def check_written(folder: Path, manifest: Mapping[str, Any], within: str) -> None:
    """Checks that a file of a run, or all files in a folder of it, are as the run wrote them.

    Args:
        folder: of the run.
        manifest: that of the run; older ones do not know the files, which are then taken as they are.
        within: the file or folder, by its path in that of the run.

    Raises:
        RunError: one is missing or has changed.
    """
    if problem := damage(folder, manifest, within):
        raise RunError(f"{problem}; run the scenario again")


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
    if not (is_intact(manifest) and isinstance(manifest.get(FILES, {}), dict)):
        raise RunError(f"{path} is not as the run wrote it; run the scenario again")
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
