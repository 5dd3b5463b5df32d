from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from coinfer.codecs.protocol import Cost
from coinfer.simulator.account import account
from coinfer.simulator.experiment import Experiment
from coinfer.simulator.judging import Judged
from coinfer.simulator.loading import expand
from coinfer.simulator.measurements import Measurement
from coinfer.simulator.point_account import together
from coinfer.simulator.scenario import Scenario


@pytest.fixture(scope="session")
def interval_99() -> Callable[[Sequence[float]], tuple[float, float]]:
    """Student's 99 % interval of the mean of independent, nearly normal replications.

    The seeds of the tests are fixed: a right program fails one such check in a hundred when the seeds are
    chosen, and never afterwards.
    """

    def interval(replications: Sequence[float]) -> tuple[float, float]:
        low, high = stats.t.interval(
            0.99, len(replications) - 1, loc=np.mean(replications), scale=stats.sem(replications)
        )
        return float(low), float(high)

    return interval


@pytest.fixture(scope="session")
def experiments() -> Callable[..., list[Experiment]]:
    """Makes the sweep points of a small scenario with two codecs; takes the sweep, and other keys."""
    codecs = {
        label: Measurement(np.full(3, size), np.array([True, True, False]), Cost(1e8), Cost(1e8), False)
        for label, size in {"zebra": 900, "apple": 100}.items()
    }

    def make(sweep: dict[str, Any] | None = None, **changes: Any) -> list[Experiment]:
        described = Scenario.model_validate(
            {
                "name": "sweep",
                "tasks": 30,
                "replications": 2,
                "warmup": "none",
                "devices": [{"profile": "jetson-nano", "arrivals": {"rate_hz": 3.0}}],
                "link": {"bandwidth_hz": 1e5, "mean_snr_db": 5},
                "edge": {"profile": "rtx-3090"},
                "codecs": ["raw"],
                "deadlines_s": [0.1, 0.2],
                "sweep": {"link.mean_snr_db": [10, -5, 0]} if sweep is None else sweep,
                **changes,
            }
        )
        return [Experiment(point.coordinates, point.scenario, 3, "", codecs) for point in expand(described)]

    return make


@pytest.fixture(scope="session")
def judged() -> Callable[..., Judged]:
    """Judges the tasks of a sweep point that a test made: a table of all replications and codecs."""

    def judge(tasks: pd.DataFrame, scenario: Scenario, since_s: float = 0.0) -> Judged:
        units = [
            account(
                {str(codec): rows for codec, rows in unit.groupby("codec", sort=False, observed=True)},
                scenario.model_copy(update={"replications": tasks["replication"].nunique()}),
                since_s,
            )
            for _, unit in tasks.groupby("replication")
        ]
        return Judged(together(units), since_s)

    return judge
