import numpy as np
import pytest

from coinfer.simulator.busy_periods import Services, begins_by_work, serve, sorted_by


class Bold(Services):
    """Takes every task to find its server idle, which is mostly wrong."""

    def likely_begins(self, ready_s, heads):
        return np.ones(len(ready_s), dtype=bool)


def by_loop(ready_s, heads, service_s):
    start_s, end_s = np.empty_like(ready_s), np.empty_like(ready_s)
    free_s = 0.0
    for task, (ready, service) in enumerate(zip(ready_s.tolist(), service_s.tolist(), strict=True)):
        start_s[task] = ready if task in heads else max(ready, free_s)
        free_s = end_s[task] = start_s[task] + service
    return start_s, end_s


@pytest.mark.parametrize("server", [Services, Bold])
@pytest.mark.parametrize("load", [0.0, 0.5, 0.99, 1.0, 3.0])
@pytest.mark.parametrize("chains", [1, 7])
def test_chains_are_served_as_by_a_loop(server, load, chains):
    rng = np.random.default_rng(1)
    heads = np.arange(chains) * 500
    drawn = (rng.exponential(1.0, (chains, 500)), rng.exponential(load, 500 * chains))
    regular = (np.full((chains, 500), 0.1), np.full(500 * chains, 0.1 * load))
    for gaps_s, service_s in (drawn, regular):
        ready_s = np.cumsum(gaps_s, axis=1).ravel()
        found, expected = serve(ready_s, heads, server(service_s)), by_loop(ready_s, heads, service_s)
        np.testing.assert_array_equal(found, expected)


def test_a_busy_period_begins_where_all_before_is_done():
    ready_s, service_s = np.array([0.0, 1.0, 2.0, 5.0, 6.0]), np.array([1.5, 1.0, 1.0, 1.0, 1.0])
    # The fourth finds the server idle; the fifth comes as the fourth ends, which is a near tie.
    assert begins_by_work(ready_s, service_s, np.array([0])).tolist() == [True, False, False, True, False]
    assert begins_by_work(ready_s, service_s, np.array([0, 2])).tolist() == [True, False, True, True, False]


@pytest.mark.parametrize("highest", [5, 2**16])
def test_tasks_are_sorted_by_chain_and_stay_in_order(highest):
    chain = np.random.default_rng(1).integers(0, highest + 1, 5000).astype(np.int32)
    chain[0] = highest
    np.testing.assert_array_equal(sorted_by(chain), np.argsort(chain, kind="stable"))
    assert len(sorted_by(chain[:0])) == 0
