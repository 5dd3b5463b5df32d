import numpy as np
import pandas as pd
import pytest

from coinfer.simulator.differences import COLUMNS, paired_difference, point_differences, tango
from coinfer.simulator.intervals import Z, clustered_proportion, clusters
from coinfer.simulator.records import STAMPS

PUBLISHED = {
    # Bentur et al. (2009) as in Fagerland, Lydersen and Laake (2014), Recommended tests and confidence
    # intervals for paired binomial proportions, table IV.
    (1, 7, 21): (-0.517, -0.026),
}


@pytest.mark.parametrize(("counts", "limits"), PUBLISHED.items())
def test_tangos_interval_is_the_published_one(counts, limits):
    only_a, only_b, pairs = counts
    interval = tango(only_a / pairs, only_b / pairs, pairs)
    assert interval.estimate == pytest.approx((only_a - only_b) / pairs)
    assert [interval.low, interval.high] == pytest.approx(limits, abs=5e-4)


@pytest.mark.parametrize(("only_a", "only_b"), [(0.3, 0.1), (0.0, 0.2), (0.5, 0.5), (0.01, 0.0), (0.9, 0.1)])
@pytest.mark.parametrize("pairs", [7.5, 100, 1e6])
def test_at_the_limits_the_score_test_just_does_not_reject(only_a, only_b, pairs):
    interval = tango(only_a, only_b, pairs)
    assert -1 <= interval.low <= interval.estimate <= interval.high <= 1
    for limit in (interval.low, interval.high):
        # The constrained estimate by search instead of by formula.
        q = np.linspace(max(0.0, -limit), (1 - limit) / 2, 200_001)[1:-1]
        same = np.maximum(1 - only_a - only_b, 0.0)
        likelihood = only_a * np.log(q + limit) + only_b * np.log(q) + same * np.log(1 - 2 * q - limit)
        best = q[np.argmax(likelihood)]
        score = (interval.estimate - limit) / np.sqrt((2 * best + limit * (1 - limit)) / pairs)
        assert abs(score) == pytest.approx(Z, rel=2e-2)


def test_without_a_pair_that_differs_the_interval_is_known():
    interval = tango(0.0, 0.0, 44)
    reach = Z**2 / (44 + Z**2)
    assert [interval.low, interval.estimate, interval.high] == pytest.approx([-reach, 0.0, reach])


def test_where_one_always_wins_the_interval_is_known():
    interval = tango(1.0, 0.0, 14)
    assert (interval.estimate, interval.high) == (1.0, 1.0)
    assert interval.low == pytest.approx((14 - Z**2) / (14 + Z**2))


def drawn(rng, clusters_, tasks, spread, lead=0.05):
    """Pairs that share luck within a cluster and within a pair: a is right with `lead` more."""
    level = 0.6 + spread * rng.uniform(-1, 1, (clusters_, 1))
    ahead = lead + spread * rng.uniform(-1, 1, (clusters_, 1))
    luck = rng.random((clusters_, tasks))
    return (luck < level + ahead).ravel(), (luck < level).ravel()


def difference(a, b, cluster):
    """The interval from what each task shows."""
    only_a, only_b = (np.bincount(cluster, only).astype(int) for only in (a & ~b, b & ~a))
    return paired_difference(only_a, only_b, np.bincount(cluster))


@pytest.mark.parametrize("spread", [0.0, 0.05])
def test_the_interval_covers_the_difference(spread):
    rng, cluster = np.random.default_rng(5), clusters([200] * 6)
    pairs = [drawn(rng, 6, 200, spread) for _ in range(300)]
    found = [difference(a, b, cluster) for a, b in pairs]
    naive = [difference(a, b, np.zeros(1200, dtype=int)) for a, b in pairs]
    covered, naively = (
        np.mean([interval.low <= 0.05 <= interval.high for interval in group]) for group in (found, naive)
    )
    assert 0.93 <= covered <= 1.0
    assert (naively < 0.8) == (spread > 0)


def test_it_is_never_narrower_than_for_independent_tasks():
    rng = np.random.default_rng(6)
    for _ in range(100):
        a, b = drawn(rng, 5, 40, 0.1)
        clustered = difference(a, b, clusters([40] * 5))
        alone = difference(a, b, np.zeros(200, dtype=int))
        assert clustered.low <= alone.low
        assert clustered.high >= alone.high


def test_pairing_is_what_makes_it_narrow():
    a, b = drawn(np.random.default_rng(7), 5, 1000, 0.0, lead=0.02)
    cluster = clusters([1000] * 5)
    paired, of_a, of_b = difference(a, b, cluster), *(clustered_proportion(x, cluster) for x in (a, b))
    apart = np.hypot(of_a.high - of_a.low, of_b.high - of_b.low)
    assert paired.high - paired.low < 0.5 * apart
    assert paired.low > 0
    assert of_a.low < of_b.high


def test_swapping_the_codecs_swaps_the_sign():
    a, b = drawn(np.random.default_rng(8), 5, 50, 0.1)
    forth, back = (difference(*pair, clusters([50] * 5)) for pair in ((a, b), (b, a)))
    assert [forth.estimate, forth.low, forth.high] == pytest.approx([-back.estimate, -back.high, -back.low])


CODECS = ("one", "two", "three")


def records(replication, right):
    """Four tasks a codec, an arrival a second; `right` is a string of . and ! a codec."""
    parts = [
        pd.DataFrame(
            {
                "codec": codec,
                "replication": replication,
                "device_id": 0,
                "arrival_s": np.arange(4.0),
                **dict.fromkeys(STAMPS, np.arange(4.0)),
                "done_s": np.arange(4.0) + 0.1 * place,
                "payload_bytes": 1,
                "outcome": "done",
                "correct": [mark == "!" for mark in right[place]],
            }
        )
        for place, codec in enumerate(CODECS)
    ]
    return pd.concat(parts)


@pytest.fixture
def compare(experiments, judged):
    """Compares the codecs of two replications that are alike."""

    def compare(right, since_s=0.0, codecs=CODECS, change=None):
        (point,) = experiments({}, deadlines_s=[0.15, 1.0])
        tasks = pd.concat([records(replication, right) for replication in (0, 1)], ignore_index=True)
        if change:
            tasks.loc[5, "arrival_s"] += change
        found = judged(tasks[tasks["codec"].isin(codecs)], point.scenario, since_s)
        return point_differences(found.point, codecs, point.scenario)

    return compare


def test_all_pairs_are_compared_at_each_deadline(compare):
    table = compare(["!!!!", "!!..", "...."])
    assert table.columns.tolist() == list(COLUMNS)
    pairs = [["one", "two"], ["one", "three"], ["two", "three"]]
    assert table[["codec_a", "codec_b"]].to_numpy().tolist() == pairs * 2
    assert table["deadline_s"].tolist() == [0.15] * 3 + [1.0] * 3


def test_they_are_differences_of_what_is_right_on_time_after_the_warm_up(compare):
    index = ["deadline_s", "codec_a", "codec_b"]
    table = compare(["!!!!", "!!..", "...."]).set_index(index)
    assert table["pairs"].tolist() == [8] * 6
    assert table["difference"][0.15, "one", "two"] == 0.5
    assert table["difference"][0.15, "two", "three"] == 0.5
    later = compare(["....", "!!!!", "!..!"], since_s=2.0).set_index(index)
    assert later["pairs"].tolist() == [4] * 6
    assert later["difference"][0.15, "two", "three"] == 1.0  # three takes 0.2 s
    assert later["difference"][1.0, "two", "three"] == 0.5  # of the last two tasks, one
    for found in (table, later):
        assert (found["difference_low"] <= found["difference"]).all()
        assert (found["difference_high"] >= found["difference"]).all()


def test_codecs_that_met_other_tasks_cannot_be_compared(compare):
    with pytest.raises(ValueError, match="two did not meet the same tasks"):
        compare(["!!!!", "!!..", "...."], change=0.25)


def test_a_single_codec_has_no_rows_but_columns(compare):
    table = compare(["!!!!", "!!..", "...."], codecs=["one"])
    assert table.empty
    assert table.columns.tolist() == list(COLUMNS)
