"""Which engine simulates a scenario: one event after the other, or all tasks stage by stage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from coinfer.simulator.scenario import Scenario

Name = Literal["events", "vector"]


class Choice(NamedTuple):
    """The engine that was taken, and why, in one phrase."""

    engine: Name
    reason: str


def chosen(scenario: Scenario) -> Choice:
    """Tell which engine a scenario takes; both give the same times.

    Args:
        scenario: One sweep point.

    Returns:
        `vector` where nothing depends on later tasks, unless the scenario asks for another.
    """
    if scenario.engine != "auto":
        return Choice(scenario.engine, "asked for")
    found = obstacle(scenario)
    if found is not None:
        return Choice("events", f"{found}: what becomes of a task depends on later ones")
    return Choice("vector", "first come, first served at every stage")


def obstacle(scenario: Scenario) -> str | None:
    """Name the key of a scenario, and its value, that only the event engine covers; None if there is none."""
    sharing = scenario.link.sharing
    return None if sharing in ("fifo", "tdma") else f"link.sharing {sharing}"
