"""From the folder of a run to its report."""

from __future__ import annotations

import os
from pathlib import Path

from coinfer.simulator.outputs import OutputError
from coinfer.simulator.report import write_report


def report(folder: Path, out: Path | None) -> Path:
    """Writes the report whole or not at all; see `coinfer report --help`.

    Returns:
        the file.

    Raises:
        RunError: the folder is no run of coinfer.
        OutputError: the file cannot be written.
    """
    file = out or folder / "report.html"
    if file.is_dir():
        raise OutputError(f"--out {file}: this is a folder; give a file such as {file / 'report.html'}")
    partial = file.with_name(f".{file.name}.{os.getpid()}.partial")
    try:
        write_report(folder, partial)
        os.replace(partial, file)
    except OSError as error:
        raise OutputError(f"--out {file}: {error.strerror}; give another file") from error
    finally:
        partial.unlink(missing_ok=True)
    return file
