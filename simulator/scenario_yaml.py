"""A resolved scenario as YAML that loads again, with a comment after each value."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from coinfer.simulator.errors import InputError
from coinfer.simulator.plain_yaml import parse
from coinfer.simulator.scenario_origins import Path, in_a_line

_COLUMN = 56
_WORD = re.compile(r"[\w./()+-][\w ./()+-]*")
"""Text that needs no quotes, if it does not read as something else."""


def commented(data: Mapping[str, Any], comments: Mapping[Path, str]) -> str:
    """Write plain data as YAML.

    Args:
        data: mappings, lists and scalars, as `loading.resolved` gives them.
        comments: by path, as `scenario_origins.values` gives paths.

    Returns:
        lines that `plain_yaml.parse` reads as the same data.
    """
    lines = []
    for text, path in _lines(dict(data), (), "", ""):
        comment = comments.get(path, "") if path is not None else ""
        lines.append(f"{text:<{_COLUMN}} # {comment}" if comment else text)
    return "\n".join(lines) + "\n"


def _lines(node: Any, path: Path, indent: str, first: str) -> Iterator[tuple[str, Path | None]]:
    """Give the lines of a mapping or list of them, with the path of the value that each holds, if any.

    The first line begins with `first` in the place of the indent: the dash of an entry.
    """
    lead = first or indent
    for key, value in node.items() if isinstance(node, dict) else enumerate(node):
        below = (*path, str(key))
        if isinstance(node, list):
            if in_a_line(value):
                yield f"{lead}- {_flow(value)}", below
            else:
                yield from _lines(value, below, f"{indent}  ", f"{lead}- ")
        elif in_a_line(value):
            yield f"{lead}{_scalar(key)}: {_flow(value)}", below
        else:
            yield f"{lead}{_scalar(key)}:", None
            yield from _lines(value, below, f"{indent}  ", "")
        lead = indent


def _flow(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_scalar, value))}]"
    return "{}" if value == {} else _scalar(value)


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        return value if _reads_as_itself(value) else json.dumps(value, ensure_ascii=False)
    if isinstance(value, float):
        return _number(value)
    return json.dumps(value)


def _reads_as_itself(text: str) -> bool:
    try:
        return bool(_WORD.fullmatch(text)) and parse(text) == text
    except InputError:
        return False


def _number(value: float) -> str:
    """The digits that are needed, with an exponent where that saves zeros."""
    if not value or 1e-4 <= abs(value) < 1e5:
        return repr(value)
    tried = (f"{value:.{digits}e}" for digits in range(1, 18))
    mantissa, _, exponent = next(text for text in tried if float(text) == value).partition("e")
    return f"{mantissa}e{int(exponent):+d}"
