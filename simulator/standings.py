"""Which codec leads while a run is still going on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from coinfer.simulator.experiment import Experiment
from coinfer.simulator.intervals import Z, effective_trials, wilson
from coinfer.simulator.plan import Tally, Unit


class Standings:
    """On-time accuracy at the last deadline over the units that are finished; takes no warm-up off."""

    def __init__(self, experiments: Sequence[Experiment]) -> None:
        self._experiments = experiments
        self._tallies: dict[int, list[Tally]] = defaultdict(list)

    def add(self, unit: Unit, tally: Tally) -> None:
        """Counts a finished unit."""
        self._tallies[unit.place].append(tally)

    def leader(self, place: int) -> str:
        """Tells who leads at a point, such as `mean_snr_db=5: raw 85.9 ± 1.2 %`; empty if nobody does."""
        tallies = [tally for tally in self._tallies[place] if sum(tally.tasks)]
        if not tallies:
            return ""
        right, tasks = np.array([[tally.right, tally.tasks] for tally in tallies]).swapaxes(0, 1)
        shares = right.sum(axis=0) / tasks.sum(axis=0)
        best = int(np.argmax(shares))
        share = float(shares[best])
        trials = effective_trials(right[:, best].astype(float), tasks[:, best], share * (1 - share))
        interval = wilson(share, trials, Z)
        half = (interval.high - interval.low) / 2
        coordinates = self._experiments[place].coordinates
        at = ", ".join(f"{path.rpartition('.')[2]}={value}" for path, value in coordinates.items())
        return f"{at}{': ' if at else ''}{tallies[0].codecs[best]} {100 * share:.1f} ± {100 * half:.1f} %"
