from dataclasses import fields

import numpy as np
import pytest

from coinfer.simulator.account import account
from coinfer.simulator.account_file import from_table, to_table
from coinfer.simulator.by_point import by_codec
from coinfer.simulator.experiment import run_replication


def same(one, other):
    if isinstance(one, np.ndarray):
        np.testing.assert_array_equal(one, other, strict=True)
    elif isinstance(one, dict):
        assert list(one) == list(other)
        for key in one:
            same(one[key], other[key])
    elif isinstance(one, tuple):
        assert len(one) == len(other)
        for mine, its in zip(one, other, strict=True):
            same(mine, its)
    elif hasattr(one, "__dataclass_fields__"):
        for field in fields(one):
            same(getattr(one, field.name), getattr(other, field.name))
    else:
        assert one == other


@pytest.mark.parametrize("units", [1, 2])
@pytest.mark.parametrize("since_s", [0.0, 20.0, 1e6])
def test_what_is_written_is_read_again(experiments, units, since_s):
    (point,) = experiments({}, tasks=120, replications=units)
    taken = account(by_codec(run_replication(point, 0)), point.scenario, since_s)
    same(taken, from_table(to_table(taken)))
    assert len(taken.codecs["zebra"].sizes) == (20 if units == 1 and since_s < 100 else 1)
    assert list(taken.discords) == [("zebra", "apple")]


def test_a_unit_without_tasks_has_an_empty_account(experiments):
    (point,) = experiments({}, tasks=None, duration_s=1e-6)
    taken = account(by_codec(run_replication(point, 0)), point.scenario, 0.0)
    read = from_table(to_table(taken))
    assert (read.codecs, read.discords) == (taken.codecs, taken.discords) == ({}, {})
