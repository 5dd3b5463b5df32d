"""One comparison with theory: what was measured, and where it must lie if the theory holds."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

FALSE_ALARM = 1e-4
"""The chance that a right program fails one check, two-sided. The chances of all checks of a suite add up
(110 checks: at most 1.1 % of seeds); a seed gives the same results every time."""

Samples = Sequence[float] | NDArray[np.float64]


@dataclass(frozen=True)
class Check:
    """A quantity of theory, the same as measured, and the interval in which it must be measured.

    Attributes:
        quantity: What it is, with its unit.
        theory: The closed form or published value.
        measured: What the product's classes give.
        low: The lower end of the interval around the theory, itself allowed.
        high: The upper end.
    """

    quantity: str
    theory: float
    measured: float
    low: float
    high: float

    @property
    def holds(self) -> bool:
        """Whether the measured value lies in the interval."""
        return self.low <= self.measured <= self.high


def exact(quantity: str, theory: float, measured: float, tolerance: float = 5e-6) -> Check:
    """Compare without chance: a value may be off by its rounding."""
    return Check(quantity, float(theory), float(measured), theory - tolerance, theory + tolerance)


def of_share(quantity: str, theory: float, count: int, trials: int) -> Check:
    """Compare a count of independent trials with a probability, by the quantiles of the binomial law.

    Args:
        quantity: What it is.
        theory: The probability.
        count: How many trials had the outcome.
        trials: How many there were.
    """
    low, high = (float(stats.binom.ppf(q, trials, theory)) for q in (FALSE_ALARM / 2, 1 - FALSE_ALARM / 2))
    return Check(quantity, float(theory), count / trials, low / trials, high / trials)


def of_mean(quantity: str, theory: float, replications: Samples, slack: float = 0.0) -> Check:
    """Compare the mean of independent, nearly normal replications by Student's t.

    Args:
        quantity: What it is.
        theory: The expectation.
        replications: A value each, `[replications]`: traces or runs, themselves means over many events.
        slack: How far the theory may be off, in the unit of the value: its rounding, or a stated model error.
    """
    return of_ratio(quantity, theory, replications, np.ones(len(replications)), slack)


def of_ratio(
    quantity: str, theory: float, numerators: Samples, denominators: Samples, slack: float = 0.0
) -> Check:
    """Compare a ratio of two means by Student's t of numerator - theory denominator (Fieller 1954).

    Args:
        quantity: What it is.
        theory: The ratio of the expectations.
        numerators: A value for each replication, `[replications]`.
        denominators: The same, above 0 on average.
        slack: See `of_mean`.
    """
    above, below = np.asarray(numerators, dtype=np.float64), np.asarray(denominators, dtype=np.float64)
    quantile = float(stats.t.ppf(1.0 - FALSE_ALARM / 2.0, len(above) - 1))
    scatter = float(np.std(above - theory * below, ddof=1)) / len(above) ** 0.5
    half_width = quantile * scatter / float(below.mean()) + slack
    measured = float(above.mean() / below.mean())
    return Check(quantity, float(theory), measured, theory - half_width, theory + half_width)
