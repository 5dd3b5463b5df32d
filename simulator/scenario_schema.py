"""The JSON Schema of a scenario file, with which editors complete and check: pydantic's, completed.

The schema knows every key, type, range and choice, and what a model cannot do without. What needs more than
one section at a time, or names that only the registry knows, is told when the file is loaded.

References:
    JSON Schema, draft 2020-12.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from coinfer.codecs import registry
from coinfer.simulator.fields import Choice
from coinfer.simulator.profiles import profiles
from coinfer.simulator.scenario import Scenario
from coinfer.simulator.scenario_keys import keys

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_SCALAR: dict[str, Any] = {"type": ["boolean", "number", "string", "null"]}
_PLACE = re.compile(r"\.(N|NAME)\b")
_BOUNDS = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum"}


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a scenario file; it covers resolved scenarios as well."""
    made = _tidied(Scenario.model_json_schema())
    sections = made["$defs"]
    for choice in _choices(Choice):
        _ask_for_what_models_need(sections[choice.__name__], choice)
    for section in ("DeviceGroup", "Edge"):
        properties = sections[section]["properties"]
        described = properties["profile"].pop("description")
        named = {"enum": list(profiles())}
        properties["profile"] = {"description": described, "anyOf": [named, {"$ref": "#/$defs/Profile"}]}
    for section in ("Fading", "Rate"):
        sections[section]["properties"]["settings"]["additionalProperties"] = _SCALAR
    sections["CodecSpec"] = _codec(sections["CodecSpec"])
    sections |= _sweep(sections["Sweep"])
    made["properties"]["warmup"]["anyOf"] = [{"enum": ["mser5", "none"]}, {"type": "number", "minimum": 0}]
    return {"$schema": DIALECT, **made}


def _tidied(node: Any, names: bool = False) -> Any:
    """Leave out titles, which repeat keys, and write pydantic's bounds as JSON Schema has them."""
    if isinstance(node, list):
        return [_tidied(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        key if names else _BOUNDS.get(key, key): _tidied(value, names=key in ("properties", "$defs"))
        for key, value in node.items()
        if names or key != "title"
    }


def _choices(above: type[Choice]) -> Iterator[type[Choice]]:
    for section in above.__subclasses__():
        yield section
        yield from _choices(section)


def _ask_for_what_models_need(described: dict[str, Any], section: type[Choice]) -> None:
    """Add a rule for each key that some models cannot do without."""
    rules = []
    for key in section.needed:
        models = [model for model, own in section.keys_of.items() if key in own]
        asked: dict[str, Any] = {"properties": {"model": {"enum": models}}}
        if section.model_fields["model"].default not in models:
            asked["required"] = ["model"]
        if key != "plugin":  # A plugin's name sets the model.
            rules.append(
                {"if": asked, "then": {"required": [key], "properties": {key: {"not": {"type": "null"}}}}}
            )
    if rules:
        described["allOf"] = rules


def _codec(described: dict[str, Any]) -> dict[str, Any]:
    """A name, or a mapping with a name and settings that only the codec knows."""
    own = [name for name in registry.names() if registry.module(name).startswith("coinfer.codecs.")]
    names = {"anyOf": [{"enum": own}, {"type": "string", "minLength": 1}]}
    named = described["properties"]
    return {
        "description": "A codec at one setting: a name, or a mapping with id or plugin and settings.",
        "anyOf": [
            names,
            {
                "type": "object",
                "properties": {
                    "id": {"description": named["id"]["description"], **names},
                    "plugin": {
                        "description": named["plugin"]["description"],
                        "type": "string",
                        "pattern": r"^.+\.py:[A-Za-z_]\w*$",
                    },
                },
                "oneOf": [{"required": ["id"]}, {"required": ["plugin"]}],
            },
        ],
    }


def _sweep(described: dict[str, Any]) -> dict[str, Any]:
    """Paths of keys that there are, each with a list; those with a number or a free name as patterns."""
    paths = [key.path for key in keys() if key.path.partition(".")[0] != "sweep"]
    values = {"$ref": "#/$defs/SweptValues"}
    fixed = {path: values for path in paths if not _PLACE.search(path)}
    patterns = [r"codecs\.\d+(\.\w+)*", *(_pattern(path) for path in paths if path not in fixed)]
    columns = {
        "type": "object",
        "properties": fixed,
        "patternProperties": {f"^({'|'.join(patterns)})$": values},
        "additionalProperties": False,
    }
    lists = {"$ref": "#/$defs/SweptColumns"}
    texts = {name: described["properties"][name]["description"] for name in ("zip", "csv")}
    grouped = {
        "zip": {"description": texts["zip"], **lists},
        "csv": {"description": texts["csv"], "anyOf": [{"type": "string"}, lists]},
    }
    about = described["description"].partition("\n")[0]
    return {
        "Sweep": {"description": about, **columns, "properties": grouped | fixed},
        "SweptColumns": columns,
        "SweptValues": {"type": "array", "minItems": 1, "items": _SCALAR},
    }


def _pattern(path: str) -> str:
    return re.escape(path).replace(r"\.NAME", r"\.\w+").replace(r"\.N", r"\.\d+")
