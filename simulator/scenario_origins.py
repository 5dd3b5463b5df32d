"""Where each value of a resolved scenario comes from: its file, `--set`, a named profile, or a default."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Any

from coinfer.simulator import dotted
from coinfer.simulator.loading import load_scenario, read_text, resolved
from coinfer.simulator.plain_yaml import parse

Path = tuple[str, ...]
"""The keys that lead to a value; entries of a list go by their number."""


def with_origins(name_or_path: str, overrides: Sequence[str] = ()) -> tuple[dict[str, Any], dict[Path, str]]:
    """Return a scenario as plain data, and the origin of each value in it.

    Args:
        name_or_path: a file, or the name of a bundled scenario.
        overrides: as `load_scenario` takes them.

    Returns:
        the resolved scenario, and `file`, `--set` or `default` by path, with `, profile` where a profile that
        is named there has the value.

    Raises:
        ScenarioError: anything is wrong with the scenario.
    """
    data = resolved(load_scenario(name_or_path, overrides))
    given = parse(read_text(name_or_path)[2])
    sets = [(key.strip(), parse(text)) for key, _, text in (entry.partition("=") for entry in overrides)]
    set_at = [(tuple(dotted.split(key)), value) for key, value in sets]
    return data, {path: _origin(path, given, set_at) for path, _ in values(data)}


def values(node: Any, above: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Give the path and value of all that is told in a line: scalars, lists of them, what is empty."""
    if in_a_line(node):
        yield above, node
        return
    for key, value in node.items() if isinstance(node, dict) else enumerate(node):
        yield from values(value, (*above, str(key)))


def in_a_line(node: Any) -> bool:
    """Whether a value is a scalar, a list of scalars, or empty."""
    if not node or not isinstance(node, dict | list):
        return True
    return isinstance(node, list) and not any(isinstance(item, dict | list) for item in node)


def _origin(path: Path, given: Any, set_at: Sequence[tuple[Path, Any]]) -> str:
    for key, value in reversed(set_at):
        if all(None in pair or pair[0] == pair[1] for pair in zip_longest(path, key)):
            return "--set" + _of_profile(path, len(key), value)
    node = given
    for depth, part in enumerate(path):
        if isinstance(node, str):
            return "file" + _of_profile(path, depth, node)
        node = _entry(node, part)
        if node is _NOTHING:
            return "default"
    return "file"


def _of_profile(path: Path, depth: int, value: Any) -> str:
    named = isinstance(value, str) and len(path) > depth and path[depth - 1] == "profile"
    return ", profile" if named else ""


_NOTHING = object()


def _entry(node: Any, part: str) -> Any:
    """What stands below a node, also the setting of a codec that has its settings apart."""
    if isinstance(node, list):
        return node[int(part)]
    if not isinstance(node, dict):
        return _NOTHING
    apart = node.get("settings")
    return node.get(part, apart.get(part, _NOTHING) if isinstance(apart, dict) else _NOTHING)
