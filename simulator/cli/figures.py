"""From the folder of a run to its figures, for a page of one's own."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from coinfer.simulator.figures_numbers import FOLDER, read_numbers
from coinfer.simulator.outputs import OutputError
from coinfer.simulator.run_folder import check_written, read_run

if TYPE_CHECKING:
    from coinfer.simulator.figures_page import Style


def redraw(run: Path, style: Style, width: int, out: Path | None) -> Path:
    """Draws the figures of a run whole or not at all; see `coinfer figures --help`.

    Returns:
        The folder.

    Raises:
        RunError: the folder is no run of coinfer, or one of its files is not as the run wrote it.
        NumbersError: the numbers of its figures are missing or damaged.
        OutputError: the figures cannot be written.
    """
    found = read_run(run)
    check_written(run, found.manifest, f"figures/{FOLDER}")
    numbers = read_numbers(found.scenario, run / "figures" / FOLDER)
    folder = out or run / "figures" / f"{style}-{width}"
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"--out {folder}: this is not a folder; give a folder")

    from coinfer.simulator.figures import CAPTIONS, draw
    from coinfer.simulator.figures_page import printed

    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".figures-", dir=folder) as fresh:
            files = draw(numbers, Path(fresh), printed(style, width))
            for file in (*files, Path(fresh) / CAPTIONS):
                os.replace(file, folder / file.name)
    except OSError as error:
        raise OutputError(f"--out {folder}: {error.strerror}; give another folder") from error
    return folder
