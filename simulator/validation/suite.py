"""All checks, group by group."""

from collections.abc import Callable, Collection

import numpy as np

from coinfer.simulator.validation import (
    access_checks,
    airtime_checks,
    fading_checks,
    large_scale_checks,
    queue_checks,
    rate_checks,
)
from coinfer.simulator.validation.check import Check

Group = Callable[[np.random.Generator], list[Check]]

GROUPS: dict[str, Group] = {
    "Rayleigh outage": fading_checks.rayleigh_outages,
    "gain laws": fading_checks.gain_laws,
    "short traces": fading_checks.short_traces,
    "autocorrelation": fading_checks.autocorrelations,
    "sampled crossings": fading_checks.sampled_crossings,
    "fades": fading_checks.fades,
    "capacity": rate_checks.capacities,
    "frozen fades": rate_checks.frozen_fades,
    "moving fades": rate_checks.moving_fades,
    "short codes": rate_checks.short_codes,
    "losses": large_scale_checks.losses,
    "shadowing": large_scale_checks.shadows,
    "maps": large_scale_checks.maps,
    "contention": access_checks.contention,
    "fairness": access_checks.fairness,
    "repetitions": access_checks.repetitions,
    "airtime": airtime_checks.conservation,
    "device waits": queue_checks.device_waits,
    "edge waits": queue_checks.edge_waits,
    "tandem": queue_checks.tandem,
    "processor sharing": queue_checks.processor_sharing,
}
"""The groups in the order of the table; a new one goes to the end, so that the others draw what they drew."""


def run_suite(
    seed: int,
    progress: Callable[[int, int], None] = lambda done, of: None,
    only: Collection[str] | None = None,
) -> list[Check]:
    """Run the checks; a group draws the same whether or not others are run.

    Args:
        seed: The seed of all that is drawn.
        progress: Told after each group how many of how many are done.
        only: The groups to run; all by default.

    Returns:
        The checks in the order of the groups.

    Raises:
        ValueError: If there is no group of a name.
    """
    names = [name for name in GROUPS if only is None or name in only]
    if only is not None and len(names) < len(set(only)):
        raise ValueError(f"unknown groups {sorted(set(only) - set(names))}: choose from {list(GROUPS)}")
    checks = []
    for done, name in enumerate(names):
        progress(done, len(names))
        checks += GROUPS[name](group_rng(seed, name))
    progress(len(names), len(names))
    return checks


def group_rng(seed: int, name: str) -> np.random.Generator:
    """Start the random numbers of a group from their beginning."""
    key = (list(GROUPS).index(name),)
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))
