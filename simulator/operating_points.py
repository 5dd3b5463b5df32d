"""Which operating points `coinfer evaluate` measures: a short YAML file."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Self

from pydantic import Field, ValidationError, model_validator

from coinfer.simulator.codec_spec import CodecSpec
from coinfer.simulator.errors import InputError, suggestion
from coinfer.simulator.fields import Section, first_mistake, mistake
from coinfer.simulator.plain_yaml import parse

BUNDLED = Path(str(files("coinfer.measurements"))) / "operating_points.yaml"


class OperatingPoints(Section):
    """The operating points of a file."""

    codecs: tuple[CodecSpec, ...] = Field(min_length=1, description="what to measure, as in a scenario")
    readme: tuple[str, ...] = Field((), description="labels of the rows to show in the README; none: all")

    @model_validator(mode="after")
    def _codecs_differ(self) -> Self:
        for place, codec in enumerate(self.codecs):
            for before in self.codecs[:place]:
                if codec.label == before.label:
                    same = codec.id == before.id and codec.plugin == before.plugin
                    raise mistake(
                        f"{codec.label} is listed twice; keep one"
                        if same
                        else f"{before.plugin} and {codec.plugin} have the same name; give one another",
                        "codecs",
                    )
        return self

    @property
    def labels(self) -> list[str]:
        """What tables and figures call them."""
        return [codec.label for codec in self.codecs]

    def place(self, label: str) -> int:
        """Its place in the file; behind all others if it is not there."""
        return self.labels.index(label) if label in self.labels else len(self.codecs)

    def only(self, labels: Sequence[str]) -> tuple[CodecSpec, ...]:
        """Those of these labels, in the order of the file; all of them if `labels` is empty.

        Raises:
            InputError: a label is not in the file.
        """
        for label in labels:
            if label not in self.labels:
                raise InputError(f"--only {label}: no such operating point{suggestion(label, self.labels)}")
        return tuple(codec for codec in self.codecs if not labels or codec.label in labels)


def load_operating_points(path: Path) -> OperatingPoints:
    """Reads and checks a file of operating points.

    Raises:
        InputError: it cannot be read, or is wrong somewhere; one line with file, key and what to do.
    """
    try:
        return OperatingPoints.model_validate(parse(path.read_text(encoding="utf-8-sig")))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as text ({error}); give a YAML file") from error
    except InputError as error:
        raise InputError(f"{path.name}: {error}") from error
    except ValidationError as error:
        key, problem = first_mistake(error)
        raise InputError(f"{path.name}: {key + ': ' if key else ''}{problem}") from error
