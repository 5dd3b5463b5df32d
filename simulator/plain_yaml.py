"""YAML as plain data: what a scenario file may say, and nothing more.

The scalars are those of YAML 1.2's core schema, so that `1e6` is a number and `no` is a word. Tags, anchors,
aliases, duplicate keys and keys that are not text are refused, so that a small file cannot become a program
or a bomb.

References:
    YAML 1.2.2 specification (2021), section 10.3, "Core Schema".
"""

import re
from typing import Any

import yaml

from coinfer.simulator.errors import InputError

_DEEPEST = 32


def parse(text: str) -> Any:
    """Return the data that `text` spells: dicts, lists, str, int, float, bool and None.

    Raises:
        InputError: the text is not YAML, or uses more of YAML than plain data; the line is named.
    """
    try:
        return yaml.load(text, Loader=_PlainLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = ", ".join(part for part in (error.context, error.problem) if part)
        raise InputError(f"line {mark.line + 1}: {problem}" if mark else problem) from error
    except yaml.reader.ReaderError as error:
        raise InputError(f"character {error.position + 1} is not printable text; remove it") from error


class _PlainLoader(yaml.SafeLoader):
    """A safe loader with the core schema's scalars, without aliases and tags."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012
    _depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event: yaml.Event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise _refusal("anchors and aliases (& and *) are not allowed; write the value out", event)
        if getattr(event, "tag", None) is not None:
            raise _refusal("tags (!) are not allowed; write plain data", event)
        if self._depth == _DEEPEST:
            raise _refusal(f"nested deeper than {_DEEPEST} levels", event)
        self._depth += 1
        node: yaml.Node | None = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node)
            if not isinstance(key, str):
                raise _refusal("a key must be text; put it in quotes", key_node)
            if key in seen:
                raise _refusal(f"duplicate key '{key}'; keep one", key_node)
            seen.add(key)
        return super().construct_mapping(node, deep)


def _refusal(problem: str, at: yaml.Event | yaml.Node) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=at.start_mark)  # type: ignore[arg-type]


def _int(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> int:
    return int(node.value)


def _float(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> float:
    return float(node.value.replace(".inf", "inf").replace(".nan", "nan"))


_PlainLoader.add_implicit_resolver(
    "tag:yaml.org,2002:null", re.compile(r"(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""]
)
_PlainLoader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)
_PlainLoader.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(r"[-+]?[0-9]{1,40}$"), list("-+0123456789")
)
_PlainLoader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.inf|\.nan)$"),
    list("-+.0123456789"),
)
_PlainLoader.add_constructor("tag:yaml.org,2002:int", _int)
_PlainLoader.add_constructor("tag:yaml.org,2002:float", _float)
