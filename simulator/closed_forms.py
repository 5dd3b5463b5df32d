"""Latencies whose distribution is known: Poisson arrivals, and services that never vary.

Servers that each need a constant time and stand one after the other keep a task as long as all services last
together, and as it would wait in front of the longest of them alone, whatever their order.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from coinfer.simulator.md1 import longest_wait, relaxation, waited_at_most
from coinfer.simulator.point_account import CodecTotal, PointAccount
from coinfer.simulator.scenario import Scenario

FloatArray = NDArray[np.float64]

EXPLAINED = {
    "M/D/1": "the steady state of an M/D/1 queue (Erlang 1909, evaluated as Franx 2001)",
    "M/D/1 in tandem": "constant services in tandem, whose wait is that of an M/D/1 queue with the longest "
    "of them (Friedman 1965; Avi-Itzhak 1965)",
}
"""The closed forms by name: what each is, and its source."""

_POINTS = 300
_BEYOND_END = 1e-3
_FORGOTTEN = 30.0
"""A replication lasts so many times longer than it remembers its start: then shares are off by below 1 %."""


@dataclass(frozen=True)
class ClosedForm:
    """The distribution of latency in the steady state.

    Args:
        name: one of `EXPLAINED`.
        rate_hz: tasks that arrive in a second.
        longest_s: the longest service, in seconds; it takes less than a task's share of the time.
        fixed_s: all services and constant delays together, in seconds.

    References:
        H. D. Friedman, "Reduction methods for tandem queuing systems", Oper. Res. 13 (1965).
        B. Avi-Itzhak, "A sequence of service stations with arbitrary input and regular service times",
        Manage. Sci. 11 (1965).
    """

    name: str
    rate_hz: float
    longest_s: float
    fixed_s: float

    @property
    def load(self) -> float:
        """Of the busiest server."""
        return self.rate_hz * self.longest_s

    def answered(self, latency_s: FloatArray) -> FloatArray:
        """Give the probability that a task is answered within each time, `[times]`."""
        wait_s = latency_s - self.fixed_s
        found = waited_at_most(np.maximum(wait_s, 0.0) / self.longest_s, self.load)
        return np.where(wait_s < 0.0, 0.0, found)

    def curve(self) -> pd.DataFrame:
        """Tabulate it.

        Returns:
            Columns `latency_s`, from the shortest on, and `answered`, up to practically 1.
        """
        end_s = self.fixed_s + self.longest_s * longest_wait(self.load, _BEYOND_END)
        latency_s = np.geomspace(self.fixed_s, end_s, _POINTS)
        return pd.DataFrame({"latency_s": latency_s, "answered": self.answered(latency_s)})


def closed_form(scenario: Scenario, total: CodecTotal) -> ClosedForm | None:
    """Find the closed form of a codec's latency.

    Args:
        scenario: the scenario at a sweep point.
        total: the tasks of the codec there. How long its services take is read off them, as they do not vary.

    Returns:
        None where there is none that holds exactly: services that vary, tasks that several devices send over
        one link, or that are turned away or given up, arrivals other than Poisson's, more work than can be
        done, or replications so short that their empty start counts.
    """
    answered = total.latency_s.finite.total
    if not (answered and _serves_alike(scenario)):
        return None
    stages_s = np.sum([unit.stages_s for unit in total.units], axis=0) / answered
    _, encode_s, _, airtime_s, _, edge_s, downlink_s = stages_s.tolist()
    crosses = bool(stages_s[2:].any())
    if crosses and not (_crosses_alike(scenario) and _same_payload(total)):
        return None
    form = ClosedForm(
        "M/D/1 in tandem" if crosses else "M/D/1",
        scenario.devices[0].arrivals.rate_hz,
        max(encode_s, airtime_s, edge_s),
        encode_s + airtime_s + edge_s + downlink_s + (scenario.backhaul.median_s if crosses else 0.0),
    )
    return form if 0.0 < form.load < 1.0 and _is_steady(scenario, form) else None


def closed_form_table(scenario: Scenario, account: PointAccount) -> pd.DataFrame:
    """Tabulate all closed forms at one sweep point.

    Args:
        scenario: the scenario at that point.
        account: the tasks there.

    Returns:
        Columns `codec`, `form` (one of `EXPLAINED`), `latency_s` and `answered`.
    """
    parts = [pd.DataFrame(columns=["codec", "form", "latency_s", "answered"])]
    for codec, total in account.codecs.items():
        if form := closed_form(scenario, total):
            parts.append(form.curve().assign(codec=codec, form=form.name))
    return pd.concat(parts[1:] or parts, ignore_index=True)[parts[0].columns]


def _serves_alike(scenario: Scenario) -> bool:
    """Whether every device is the same queue, with Poisson arrivals, and answers all that comes."""
    group, *others = scenario.devices
    return (
        not others
        and group.arrivals.process == "poisson"
        and group.buffer is None
        and group.profile.service_cv == 0.0
        and scenario.drain
    )


def _crosses_alike(scenario: Scenario) -> bool:
    """Whether payloads of one size all take the same time over link, backhaul, edge and downlink."""
    link, edge = scenario.link, scenario.edge
    return (
        scenario.cell_devices == 1
        and link.sharing == "fifo"
        and link.policy != "harq"
        and link.mean_snr_db is not None
        and link.fading.model == "none"
        and link.access.model == "none"
        and 0.0 in (scenario.backhaul.median_s, scenario.backhaul.sigma_log)
        and edge.workers == 1
        and edge.profile.service_cv == 0.0
        and scenario.on_deadline == "finish"
        and scenario.cut is None
    )


def _same_payload(total: CodecTotal) -> bool:
    return len({size for unit in total.units for size in unit.payload_bytes.values}) == 1


def _is_steady(scenario: Scenario, form: ClosedForm) -> bool:
    """Whether replications are so long that it matters little that they begin with empty queues."""
    tasks = scenario.tasks or (scenario.duration_s or inf) * form.rate_hz
    return tasks >= _FORGOTTEN * (1.0 + form.load * relaxation(form.load))
