"""The key of a scenario that says what of a run is left out at the start."""

from typing import Annotated, Any, Literal

from pydantic import PlainValidator

from coinfer.simulator.fields import mistake, shown


def _checked(value: Any) -> Any:
    if value in ("mser5", "none"):
        return value
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and 0 <= value < float("inf"):
        return float(value)
    raise mistake(f"expected mser5, none, or a number of seconds of at least 0, got {shown(value)}")


Warmup = Annotated[Literal["mser5", "none"] | float, PlainValidator(_checked)]
"""What to leave out: what MSER-5 finds, nothing, or so many seconds."""
