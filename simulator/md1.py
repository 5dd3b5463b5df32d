"""The M/D/1 queue: Poisson arrivals, one server, equal services, first come, first served."""

from __future__ import annotations

from math import exp, log

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammainc

FloatArray = NDArray[np.float64]

_MOST_ARRIVALS = 25
"""During one service: more come with a probability below 1e-25 if the load is below 1."""


def waited_at_most(services: FloatArray, load: float) -> FloatArray:
    """Give the steady-state probability that a task waits no longer than some times.

    A task starts within x = k - u services, 0 < u <= 1, if no more than k - 1 are before it: those that
    waited u services before it came, and those that came since. So P(W <= x) is the sum over j < k of
    P(j arrivals in u) Q(k - 1 - j), with Q(m) the probability that at most m wait. All terms are positive,
    unlike those of Erlang's sum, which loses all digits at long waits.

    Args:
        services: The times in services, `[times]`, at least 0.
        load: Arrivals in a service, above 0 and below 1.

    Returns:
        Probabilities, `[times]`; 1 - load at 0.

    References:
        A. K. Erlang, "The theory of probabilities and telephone conversations", Nyt Tidsskrift for Matematik
        B 20 (1909).
        G. J. Franx, "A simple solution for the M/D/c waiting time distribution", Oper. Res. Lett. 29 (2001).

    Examples:
        >>> waited_at_most(np.array([0.0, 1.0]), load=0.5).round(5).tolist()
        [0.5, 0.82436]
    """
    ahead = np.floor(services).astype(np.int64)
    mean = load * (ahead + 1 - services)
    waiting = _waiting_at_most(int(ahead.max(initial=0)) + 1, load)
    arrivals, found = np.exp(-mean), np.zeros_like(services)
    for number in range(_MOST_ARRIVALS):
        before = ahead - number
        found += arrivals * np.where(before >= 0, waiting[np.maximum(before, 0)], 0.0)
        arrivals = arrivals * mean / (number + 1)
    return found


def longest_wait(load: float, exceeded: float) -> float:
    """Give a wait in services that is exceeded with less than some probability.

    By the bound P(W > x) <= exp(-a x) for load (exp(a) - 1) <= a, which a = -ln load fulfils (J. F. C.
    Kingman, "A martingale inequality in the theory of queues", Proc. Camb. Phil. Soc. 60, 1964).
    """
    return log(exceeded) / log(load)


def relaxation(load: float) -> float:
    """Give the time in services in which the queue forgets that it began empty, to each factor e.

    It is 1 / (load - 1 - ln load), where -(load - 1 - ln load) is the least value of load (exp(a) - 1) - a
    over all a (relaxation time of M/G/1: J. W. Cohen, "The single server queue", 1982).
    """
    return 1.0 / (load - 1.0 - log(load))


def _waiting_at_most(counts: int, load: float) -> FloatArray:
    """Give P(at most m wait) for m from 0 on, `[counts]`.

    From one end of a service to the next, the tasks that are there rise above n as often as they fall to n
    from n + 1. With p(n) the probability of n and all arrivals during a service, p(n + 1) P(none) is
    p(0) P(above n) + sum over 0 < i <= n of p(i) P(above n + 1 - i).
    """
    at_least = gammainc(np.arange(1, counts + 2), load)  # Of 1 arrival, of 2, ...
    there = np.empty(counts + 1)
    there[0] = 1.0 - load
    for count in range(counts):
        up = there[0] * at_least[count] + there[1 : count + 1] @ at_least[count:0:-1]
        there[count + 1] = up * exp(load)
    return np.cumsum(there)[1:]
