"""Every key of a scenario by its dotted path: type, unit, default, range, meaning, source.

All but the sources stand with the fields of the sections; these are in key_sources.yaml.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from coinfer.simulator.plain_yaml import parse
from coinfer.simulator.scenario import Scenario

_NEEDED = "needed"
_UNIT = re.compile(r" \[([^\]]+)\]$")
_FREE = ("CodecSpec", "Sweep")
"""Sections whose keys are free; the text says more than a row could."""


@dataclass(frozen=True)
class Key:
    """One key of a scenario.

    Attributes:
        path: dotted, with N for the number of an entry of a list, and NAME for a name of one's own.
        section: the path of the section that holds it; empty at the top.
        kind: what may be its value.
        unit: of the value; empty where it has none.
        default: the value where the key is not given, as YAML; `needed` where it must be.
        limits: the range of the value; empty where there is none.
        meaning: in a line.
        source: where default and meaning come from; empty where there is nothing to cite.
    """

    path: str
    section: str
    kind: str
    unit: str
    default: str
    limits: str
    meaning: str
    source: str


@cache
def keys() -> tuple[Key, ...]:
    """Return all keys, a section after the other, in the order of the models."""
    whole = Scenario.model_json_schema()
    return tuple(_of_section(whole, whole["$defs"], ""))


@cache
def sources() -> dict[str, str]:
    """Return the source of each key that has one, by path."""
    text = files("coinfer.simulator").joinpath("key_sources.yaml").read_text(encoding="utf-8")
    found: dict[str, str] = parse(text)
    return found


def _of_section(section: dict[str, Any], sections: dict[str, Any], above: str) -> Iterator[Key]:
    below = []
    for name, described in section["properties"].items():
        path = f"{above}.{name}" if above else name
        yield _key(path, above, described, name in section.get("required", ()))
        inner = _section_of(described)
        if inner and inner not in _FREE:
            below.append((sections[inner], f"{path}.N" if "items" in described else path))
        if name == "settings":
            yield Key(f"{path}.NAME", above, "scalar", "", "", "", "one of them", "")
    for inner_section, path in below:
        yield from _of_section(inner_section, sections, path)


def _key(path: str, above: str, described: dict[str, Any], needed: bool) -> Key:
    text = described["description"]
    unit = _UNIT.search(text)
    variants = described.get("anyOf", [described])
    value = next(variant for variant in variants if variant.get("type") != "null")
    kind = _kind(value, path) + (" or null" if len(variants) > 1 else "")
    default = _NEEDED if needed else _plain(described.get("default", "")) if "default" in described else ""
    meaning = text[: unit.start()] if unit else text
    return Key(
        path,
        above,
        kind,
        unit[1] if unit and unit[1] != "1" else "",
        default,
        _limits(value),
        meaning,
        sources().get(path, ""),
    )


def _section_of(described: dict[str, Any]) -> str | None:
    found = re.search(r"#/\$defs/(\w+)", json.dumps(described))
    return found[1] if found else None


def _kind(value: dict[str, Any], path: str) -> str:
    special = {
        "codecs": "list of codecs",
        "sweep": "paths and lists",
        "warmup": "`mser5`, `none` or number",
        "devices.N.profile": "name or section",
        "edge.profile": "name or section",
    }
    if path in special:
        return special[path]
    if "enum" in value:
        return ", ".join(f"`{_plain(choice)}`" for choice in value["enum"])
    if "const" in value:
        return f"`{value['const']}`"
    if "$ref" in value:
        return "section"
    if value["type"] == "array":
        return f"list of {_kind(value['items'], '')}s"
    names = {
        "integer": "whole number",
        "number": "number",
        "boolean": "true or false",
        "object": "mapping",
        "string": "path" if value.get("format") == "path" else "text",
    }
    return names[value["type"]]


def _limits(value: dict[str, Any]) -> str:
    inner = value.get("items", value)
    low, high = (
        next((f"{word} {_number(inner[name])}" for name, word in words if name in inner), "")
        for words in (
            (("minimum", "from"), ("ge", "from"), ("exclusiveMinimum", "above"), ("gt", "above")),
            (("maximum", "to"), ("le", "to"), ("exclusiveMaximum", "below"), ("lt", "below")),
        )
    )
    return " ".join(part for part in (low, high) if part)


def _plain(value: Any) -> str:
    return _number(value) if isinstance(value, float) else json.dumps(value).strip('"')


def _number(value: float) -> str:
    return f"{value:,.6g}".replace(",", "") if abs(value) < 1e6 else f"{value:g}"
