from coinfer.simulator.scenario import Scenario
from coinfer.simulator.scenario_changes import changes_line, scenario_changes


def described(**keys):
    base = {
        "name": "one",
        "tasks": 10,
        "devices": [{"profile": "jetson-nano", "arrivals": {"rate_hz": 1.0}}],
        "link": {"bandwidth_hz": 1e6, "mean_snr_db": 5},
        "edge": {"profile": "rtx-3090"},
        "codecs": ["raw"],
        "deadlines_s": [0.1],
    }
    return Scenario.model_validate(base | keys)


def test_keys_with_their_values():
    other = described(
        name="two",
        codecs=["raw", {"id": "jpeg", "quality": 30}],
        link={"bandwidth_hz": 2e6, "mean_snr_db": 5},
        sweep={"link.mean_snr_db": [1, 2]},
        deadlines_s=[0.1, 0.25],
    )
    changes = scenario_changes([described(), other])
    assert changes == {
        "codecs": ["[raw]", "[raw, jpeg(quality=30)]"],
        "link.bandwidth_hz": ["1000000", "2000000"],
        "deadlines_s": ["[0.1]", "[0.1, 0.25]"],
        "sweep.link.mean_snr_db": ["none", "[1, 2]"],
    }
    assert "link.bandwidth_hz = 1000000 | 2000000; " in changes_line(changes)


def test_another_profile_is_told_by_its_name_and_a_change_within_one_by_its_key():
    device = {"profile": "raspberry-pi-4", "arrivals": {"rate_hz": 1.0}}
    assert scenario_changes([described(), described(devices=[device])]) == {
        "devices.0.profile.name": ["jetson-nano", "raspberry-pi-4"]
    }
    data = described().model_dump(mode="json")
    data["edge"]["profile"]["overhead_s"] = 0.5
    changes = scenario_changes([described(), Scenario.model_validate(data)])
    assert list(changes) == ["edge.profile.overhead_s"]


def test_a_name_alone_is_no_change_and_long_values_are_cut():
    assert changes_line(scenario_changes([described(), described(name="two")])) == (
        "The scenarios are the same."
    )
    line = changes_line({"deadlines_s": ["x" * 100, "y"]})
    assert line == f"The scenarios differ in deadlines_s = {'x' * 59}… | y."
