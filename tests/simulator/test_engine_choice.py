import pandas as pd
import pytest
from pydantic import ValidationError

from coinfer.codecs.protocol import Cost
from coinfer.simulator.engine_choice import chosen
from coinfer.simulator.experiment import Experiment, run_replication
from coinfer.simulator.measurements import Measurement
from coinfer.simulator.scenario import Scenario

NOISY = {"effective_flops_per_s": 1e9, "overhead_s": 0.02, "service_cv": 0.5}
STEADY = {"effective_flops_per_s": 1e9, "overhead_s": 0.01}


def scenario(link=None, device=None, **changes):
    return Scenario.model_validate(
        {
            "name": "choice",
            "seed": 3,
            "tasks": 150,
            "devices": [{"count": 3, "profile": NOISY, "arrivals": {"rate_hz": 5.0}, **(device or {})}],
            "link": {"bandwidth_hz": 1e5, "mean_snr_db": 5, **(link or {})},
            "edge": {"profile": STEADY, "workers": 2},
            "codecs": ["raw"],
            "deadlines_s": [0.5],
            **changes,
        }
    )


COVERED = {
    "fading": {},
    "tdma": {"link": {"sharing": "tdma"}},
    "stopped": {"drain": False},
    "buffer": {"device": {"buffer": 1, "arrivals": {"rate_hz": 40.0}}},
    "stopped with a buffer": {"drain": False, "device": {"buffer": 0, "arrivals": {"rate_hz": 40.0}}},
    "abort": {"on_deadline": "abort"},
    "frozen": {"link": {"deep_fade": "frozen"}},
    "nr": {"link": {"rate": {"model": "nr"}, "bandwidth_hz": 5e6, "tdd": "DDDSU"}},
    "delays": {"link": {"access": {"model": "grant"}}, "backhaul": {"median_s": 0.01, "sigma_log": 1.0}},
    "own downlink": {"downlink": {"model": "link"}},
    "cut": {"cut": {"knowledge": "delayed"}},
    "noisy edge": {"edge": {"profile": NOISY, "workers": 2}},
    "periodic": {"device": {"arrivals": {"process": "periodic", "rate_hz": 5.0}}},
}


def run(described):
    codecs = {
        "small": Measurement(
            pd.Series([900, 1000, 4000]).to_numpy(),
            pd.Series([True, False, True]).to_numpy(),
            Cost(1e7),
            Cost(1e6),
            False,
            cut_bytes=pd.Series([100, 100, 100]).to_numpy()[None],
            cut_correct=pd.Series([True, False, False]).to_numpy()[None],
        ),
        "own": Measurement(
            pd.Series([8, 8, 8]).to_numpy(), pd.Series([True] * 3).to_numpy(), Cost(5e7), Cost(), True
        ),
    }
    return run_replication(Experiment({}, described, 3, "", codecs), 0)


@pytest.mark.parametrize("changes", COVERED.values(), ids=COVERED.keys())
def test_both_engines_give_the_same_records(changes):
    assert chosen(scenario(**changes)) == ("vector", "first come, first served at every stage")
    tables = [run(scenario(engine=name, **changes)) for name in ("events", "vector")]
    pd.testing.assert_frame_equal(*tables, check_exact=True)
    assert (tables[0]["outcome"] == "done").sum() > 100


FEEDING_BACK = [
    ({"link": {"sharing": "equal"}}, "link.sharing equal"),
    ({"link": {"sharing": "proportional_fair"}}, "link.sharing proportional_fair"),
]


@pytest.mark.parametrize(("changes", "key"), FEEDING_BACK)
def test_what_feeds_back_takes_events(changes, key):
    assert chosen(scenario(**changes)) == ("events", f"{key}: what becomes of a task depends on later ones")
    with pytest.raises(ValidationError, match=f"vector does not cover {key}; take auto or events"):
        scenario(engine="vector", **changes)


@pytest.mark.parametrize("name", ["events", "vector"])
def test_an_engine_may_be_asked_for(name):
    assert chosen(scenario(engine=name)) == (name, "asked for")
