"""The points of a sweep from a CSV file: the header names dotted paths, each further line is a point."""

from __future__ import annotations

import csv
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any

from coinfer.simulator.errors import InputError
from coinfer.simulator.plain_yaml import parse

_LARGEST_FILE_BYTES = 10_000_000


def read_columns(path: Path) -> dict[str, list[Any]]:
    """Read a file of points.

    Args:
        path: comma-separated text in UTF-8; cells say what they would say in YAML, an empty one null.

    Returns:
        The column below each dotted path of the header.

    Raises:
        InputError: it cannot be read, has no points, or a line does not fit the header.
    """
    (_, header), *lines = _lines(path)
    names = [cell.strip() for cell in header]
    if "" in names or len(set(names)) < len(names):
        raise InputError(
            f"{path.name}: line 1: expected different dotted paths such as link.mean_snr_db, "
            f"got '{','.join(header)}'"
        )
    for number, line in lines:
        if len(line) != len(names):
            raise InputError(
                f"{path.name}: line {number}: expected {len(names)} values as in the header, got {len(line)}"
            )
    value = cache(parse)
    return {
        name: [_told(path.name, number, value, line[place]) for number, line in lines]
        for place, name in enumerate(names)
    }


def _lines(path: Path) -> list[tuple[int, list[str]]]:
    """Return the lines that are not empty, with their numbers."""
    try:
        if path.stat().st_size > _LARGEST_FILE_BYTES:
            raise InputError(f"{path.name}: larger than 10 MB; expected a file of points")
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"{path.name}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path.name}: byte {error.start} is not UTF-8; save the file as UTF-8 text"
        ) from error
    reader = csv.reader(StringIO(text))
    lines = [(reader.line_num, line) for line in reader if line]
    if len(lines) < 2:
        raise InputError(f"{path.name}: expected a header of dotted paths and a line for each point below it")
    return lines


def _told(file: str, number: int, value: Any, cell: str) -> Any:
    try:
        return value(cell)
    except InputError as error:
        raise InputError(f"{file}: line {number}: '{cell}' is no value: {error}") from error
