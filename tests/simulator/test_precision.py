import numpy as np
import pandas as pd
import pytest

from coinfer.simulator.precision import enough, half_width, told
from coinfer.simulator.results import results


@pytest.fixture
def judged(experiments, unit_files, tmp_path):
    """Makes replications of one point, and judges them by a rule."""

    def judge(made, **until):
        (point,) = experiments({}, until=until, tasks=50)
        summary = results([point], unit_files([point], tmp_path, made)).summary
        return enough(point, summary, made), summary, point

    return judge


def test_the_longest_reach_of_any_interval_counts():
    table = pd.DataFrame(
        {
            "deadline_s": [0.1, 0.2],
            "on_time_accuracy": [0.5, 0.9],
            "on_time_accuracy_low": [0.45, 0.6],
            "on_time_accuracy_high": [0.52, 0.95],
        }
    )
    assert half_width(table, None) == pytest.approx(0.3)
    assert half_width(table, 0.1) == pytest.approx(0.05)


def test_precise_results_need_no_more(judged):
    count, summary, _ = judged(5, half_width=0.45)
    assert half_width(summary, None) < 0.45
    assert count == 5


def test_the_next_number_follows_the_square_root_law(judged):
    _, summary, _ = judged(5, half_width=0.01)
    reached = half_width(summary, None)
    assert judged(5, half_width=reached / 1.2)[0] == int(np.ceil(5 * 1.2**2))
    assert judged(5, half_width=reached * 0.9999)[0] == 6
    assert judged(5, half_width=reached / 10)[0] == 10


def test_there_is_a_last_replication(judged):
    assert judged(5, half_width=0.001, max_replications=7)[0] == 7
    assert judged(7, half_width=0.001, max_replications=7)[0] == 7


def test_the_rule_and_its_outcome_are_told(judged, experiments):
    _, summary, point = judged(5, half_width=0.45, deadline_s=0.2)
    assert told([point], summary, [5, 7]) == (
        "until: replications were added until every interval at 200 ms reached at most ±45 points: "
        "5 to 7 a sweep point"
    )
    _, summary, point = judged(2, half_width=0.001, max_replications=2)
    assert told([point], summary, [2]).startswith(
        "until: replications were added until every interval at all deadlines reached at most ±0.1 points: "
        "2 a sweep point; not reached, the widest has "
    )
    assert told(experiments({}), summary, [2]) == ""


@pytest.mark.parametrize(
    ("until", "line"),
    [
        ({"half_width": 0.1, "deadline_s": 0.3}, "expected one of deadlines_s (0.1, 0.2) or null, got 0.3"),
        ({"half_width": 0.1, "max_replications": 1}, "expected at least replications, 2, got 1"),
        ({"half_width": 0.5}, "half_width"),
        ({}, "half_width"),
    ],
)
def test_a_rule_that_cannot_be_met_is_refused(experiments, until, line):
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        experiments({}, until=until)
    assert line in str(caught.value)
