"""Which codec a scenario asks for: a name or a plugin, with free settings."""

import re
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_serializer, model_validator

from coinfer.simulator.fields import mistake, shown


class CodecSpec(BaseModel):
    """A codec at one setting, as a scenario names it.

    A scenario writes `png`, `{id: jpeg, quality: 75}` or `{plugin: path/to/file.py:ClassName, ...}`. Every
    key but id and plugin is a setting for the codec's constructor; the registry checks ids and settings.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    id: str | None = Field(None, min_length=1, description="name of an installed codec")
    plugin: str | None = Field(None, description="path.py:ClassName, relative to the working folder")
    settings: dict[str, Any] = Field(default_factory=dict, description="constructor arguments, as plain data")

    @model_validator(mode="before")
    @classmethod
    def _gather_settings(cls, data: Any) -> Any:
        if isinstance(data, CodecSpec):
            return data
        if isinstance(data, str):
            return {"id": data}
        if not isinstance(data, dict):
            raise mistake(f"expected a codec's name or a mapping with id or plugin, got {shown(data)}")
        grouped = data.get("settings", {})
        if not isinstance(grouped, dict):
            raise mistake(f"expected a mapping of keys to values, got {shown(grouped)}", "settings")
        named = {key: data[key] for key in ("id", "plugin") if key in data}
        free = {key: value for key, value in data.items() if key not in {"id", "plugin", "settings"}}
        return named | {"settings": grouped | free}

    @field_validator("plugin")
    @classmethod
    def _names_a_class(cls, plugin: str | None) -> str | None:
        if plugin is not None and not re.fullmatch(r".+\.py:[A-Za-z_]\w*", plugin):
            raise mistake(f"expected path/to/file.py:ClassName, got {shown(plugin)}")
        return plugin

    @model_validator(mode="after")
    def _one_name(self) -> Self:
        if (self.id is None) == (self.plugin is None):
            raise mistake("expected either id or plugin, got " + ("neither" if self.id is None else "both"))
        return self

    @model_serializer
    def _flat(self) -> dict[str, Any]:
        name = {"id": self.id} if self.plugin is None else {"plugin": self.plugin}
        return name | self.settings

    @property
    def label(self) -> str:
        """What tables and figures call it: `jpeg(quality=75)`, whatever the order of the settings."""
        name = self.id if self.plugin is None else self.plugin.rpartition(":")[2]
        settings = ", ".join(f"{key}={_plain(self.settings[key])}" for key in sorted(self.settings))
        return f"{name}({settings})" if settings else str(name)


def _plain(value: Any) -> str:
    match value:
        case bool() | None:
            return {True: "true", False: "false", None: "null"}[value]
        case list():
            return f"[{', '.join(map(_plain, value))}]"
        case _:
            return str(value)
