"""The points of a sweep from a CSV file: the header names dotted paths, each further line is a point."""

from __future__ import annotations

import csv
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any

from coinfer.simulator.errors import InputError
from coinfer.simulator.plain_yaml import parse
from coinfer.simulator.scenario_keys import keys

_LARGEST_FILE_BYTES = 10_000_000


def read_columns(path: Path) -> dict[str, list[Any]]:
    """Read a file of points.

    Args:
        path: comma-separated text in UTF-8; cells say what they would say in YAML, an empty one null.

    Returns:
        The column below each dotted path of the header.

    Raises:
        InputError: it cannot be read, has no points, a line does not fit the header, or a cell says null
            where the key takes none.
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
    columns = {
        name: [_told(path.name, number, value, line[place]) for number, line in lines]
        for place, name in enumerate(names)
    }
    for name, column in columns.items():
        if None in column and not _may_be_null(name):
            number, line = lines[column.index(None)]
            cell = line[names.index(name)].strip()
            raise InputError(
                f"{path.name}: line {number}: {name}: {f'got {cell}' if cell else 'the cell is empty'}, "
                "but this key cannot be null; give a value"
            )
    return columns


def _may_be_null(path: str) -> bool:
    """Whether null is among the values of a key; so it is held of paths that are no key of a scenario."""
    general = ".".join("N" if part.isdigit() else part for part in path.split("."))
    return all(key.kind.endswith(" or null") for key in keys() if key.path == general)


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
