"""In which keys scenarios differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from coinfer.simulator.loading import resolved
from coinfer.simulator.scenario import Scenario

_TEXTS = frozenset({"name", "description", "notes"})
_LONGEST = 60


def scenario_changes(scenarios: Sequence[Scenario]) -> dict[str, list[str]]:
    """The keys that have not the same value in all scenarios, with the values as text.

    Name, description and notes do not count. Codecs are told by their labels, and a profile with another name
    by that alone.

    Args:
        scenarios: as they were run, with their sweeps.
    """
    each = [_flat(_data(scenario)) for scenario in scenarios]
    keys = dict.fromkeys(key for flat in each for key in flat)
    values = {key: [flat.get(key, "none") for flat in each] for key in keys}
    changes = {key: texts for key, texts in values.items() if len(set(texts)) > 1}
    names = [key for key in changes if key.endswith("profile.name")]
    others = tuple(key.removesuffix("name") for key in names)
    return {key: texts for key, texts in changes.items() if key in names or not key.startswith(others)}


def changes_line(changes: Mapping[str, Sequence[str]]) -> str:
    """Tells them in a line."""
    if not changes:
        return "The scenarios are the same."
    told = "; ".join(f"{key} = {' | '.join(map(_short, texts))}" for key, texts in changes.items())
    return f"The scenarios differ in {told}."


def _data(scenario: Scenario) -> dict[str, Any]:
    data = {key: value for key, value in resolved(scenario).items() if key not in _TEXTS}
    return data | {"codecs": "[" + ", ".join(codec.label for codec in scenario.codecs) + "]"}


def _flat(node: Any, path: str = "") -> dict[str, str]:
    """Dotted paths with values as text; a list of plain values is one of these."""
    if isinstance(node, dict) or (isinstance(node, list) and node and isinstance(node[0], dict)):
        parts = node.items() if isinstance(node, dict) else enumerate(node)
        return {
            key: text
            for name, value in parts
            for key, text in _flat(value, f"{path}.{name}" if path else str(name)).items()
        }
    return {path: _text(node)}


def _text(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case float():
            return f"{value:.9g}"
        case list():
            return f"[{', '.join(map(_text, value))}]"
        case _:
            return str(value)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
