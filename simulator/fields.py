"""What every section of a scenario shares: strict field types, and mistakes told in one line."""

import math
import re
from typing import Annotated, Any, ClassVar, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    Strict,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from coinfer.simulator.errors import nearest, suggestion


def _whole(value: Any) -> Any:
    """Turn 2e3 into 2000, so that a count may be written like any other number."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _plain(value: Any) -> bool | int | float | str:
    infinite = isinstance(value, float) and not math.isfinite(value)
    if infinite or not isinstance(value, bool | int | float | str):
        raise mistake(f"expected a finite number, text, true or false, got {shown(value)}")
    return value


Number = Annotated[float, Strict()]
Whole = Annotated[int, BeforeValidator(_whole), Strict()]
Switch = Annotated[bool, Strict()]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=80)]
Scalar = Annotated[bool | int | float | str, PlainValidator(_plain)]
"""A value that a sweep or a codec's setting may take."""

PluginName = Annotated[str, Field(pattern=r"^(.+\.py:[A-Za-z_]\w*|[A-Za-z0-9][A-Za-z0-9_.-]*)$")]
"""A block of one's own: `path/to/file.py:ClassName`, or the name of an entry point."""

PluginSettings = dict[str, Scalar | None]


class Section(BaseModel):
    """A part of a scenario: frozen, without unknown keys, without infinite numbers."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown_keys(cls, data: Any) -> Any:
        for key in data if isinstance(data, dict) else ():
            if key not in cls.model_fields:
                raise mistake(f"unknown key{suggestion(key, cls.model_fields)}", key)
        return data


class Choice(Section):
    """A section whose `model` decides which other keys it has.

    A key of another model is refused, and one that the model cannot do without is asked for.
    """

    keys_of: ClassVar[dict[str, tuple[str, ...]]]
    """The keys that only some models have, by model."""

    needed: ClassVar[tuple[str, ...]] = ()
    """Those of them that must be given."""

    @model_validator(mode="after")
    def _keys_fit_the_model(self) -> Self:
        model: str = self.model  # type: ignore[attr-defined]
        own = self.keys_of.get(model, ())
        for key in dict.fromkeys(key for keys in self.keys_of.values() for key in keys):
            given = getattr(self, key)
            if key in own and key in self.needed and given is None:
                raise mistake(f"missing; model {model} needs it", key)
            if key not in own and given != type(self).model_fields[key].default:
                knowing = " or ".join(name for name, keys in self.keys_of.items() if key in keys)
                raise mistake(f"this key belongs to model {knowing}, not to {model}; remove it", key)
        return self


def model_of_plugin(data: Any) -> Any:
    """Let `plugin: NAME` mean `{model: plugin, plugin: NAME}`: what a section with plugins does first."""
    if isinstance(data, dict) and data.get("plugin") is not None:
        return {"model": "plugin"} | data
    return data


def mistake(problem: str, key: str = "") -> PydanticCustomError:
    """Return the error that a validator raises to have `problem` told as it stands.

    Args:
        problem: what was expected, what came, what to do; one line.
        key: the key below the validated value that is to blame, if it is not the value as a whole.
    """
    return PydanticCustomError("mistake", "{problem}", {"problem": problem, "key": key})


def first_mistake(error: ValidationError) -> tuple[str, str]:
    """Return the dotted key and the description of the first mistake that pydantic found."""
    found = error.errors(include_url=False)
    mistakes = [item for item in found if item["type"] != "too_short"] or found
    first = mistakes[0]
    parts = [str(part) for part in first["loc"]]
    if first["type"] == "mistake" and first["ctx"]["key"]:
        parts.append(first["ctx"]["key"])
    more = f" (and {len(mistakes) - 1} more)" if len(mistakes) > 1 else ""
    return ".".join(parts), _described(first) + more


_EXPECTED = {
    "bool_type": "true or false",
    "dict_type": "a mapping of keys to values",
    "finite_number": "a finite number",
    "float_type": "a number",
    "greater_than": "a number above {gt:g}",
    "greater_than_equal": "a number of at least {ge:g}",
    "int_type": "a whole number",
    "less_than": "a number below {lt:g}",
    "less_than_equal": "a number of at most {le:g}",
    "literal_error": "{expected}",
    "model_type": "a mapping of keys to values",
    "path_type": "a path",
    "string_pattern_mismatch": "letters, digits, '_', '-' and '.' only",
    "string_too_short": "text",
    "string_too_long": "at most {max_length} characters",
    "string_type": "text",
    "too_long": "at most {max_length} entries",
    "too_short": "at least one entry",
    "tuple_type": "a list",
}


def _described(error: ErrorDetails) -> str:
    kind, context, value = error["type"], error.get("ctx", {}), error["input"]
    if kind == "mistake":
        return str(context["problem"])
    if kind == "missing":
        return "missing; this key is required"
    if kind not in _EXPECTED:
        return f"{error['msg']}, got {shown(value)}"
    return f"expected {_EXPECTED[kind].format(**context)}, got {shown(value)}{_hint(kind, context, value)}"


def _hint(kind: str, context: dict[str, Any], value: Any) -> str:
    if not isinstance(value, str):
        return ""
    if kind == "literal_error":
        choices = re.findall(r"'([^']*)'", context["expected"])
        near = nearest(value, choices) if len(choices) > 1 else None
        return f", did you mean '{near}'?" if near else ""
    if kind in {"float_type", "int_type"} and re.fullmatch(r"[-+]?[0-9_.]+([eE][-+]?[0-9]+)?", value):
        return "; remove the underscores" if "_" in value else "; remove the quotes"
    return ""


def shown(value: Any) -> str:
    """Return `value` as it is quoted in an error: short, and in YAML's words."""
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case str():
            return f"'{value}'" if len(value) <= 60 else f"'{value[:57]}...'"
        case list() | tuple():
            return "a list" if value else "an empty list"
        case dict():
            return "a mapping"
        case _:
            return f"{value}"
