import numpy as np
import pandas as pd
import pytest

from coinfer.simulator.scenario import Scenario
from coinfer.simulator.stability import load, stability


def scenario(sharing="fifo", workers=1, **changes):
    profile = {"effective_flops_per_s": 1e9, "power_compute_w": 10.0, "power_transmit_w": 2.0}
    return Scenario.model_validate(
        {
            "name": "stable",
            "tasks": 4,
            "devices": [{"count": 2, "profile": profile, "arrivals": {"rate_hz": 1.0}}],
            "link": {"bandwidth_hz": 1e6, "mean_snr_db": 5, "sharing": sharing},
            "edge": {"profile": "rtx-3090", "workers": workers},
            "codecs": ["raw"],
            "deadlines_s": [0.5, 3.0],
            **changes,
        }
    )


def judged(replications, described, since_s=0.0):
    return stability([load(tasks, described, since_s) for tasks in replications])


def passed(arrival_s, encode_s=0.0, tx_s=0.0, edge_s=0.0, device_id=0):
    """Tasks of one first-come-first-served queue after the other."""
    stamps, ready_s = {}, np.asarray(arrival_s, dtype=float)
    for stage, service_s in (("encode", encode_s), ("tx", tx_s), ("edge", edge_s)):
        service = np.broadcast_to(service_s, len(ready_s))
        before = np.cumsum(service) - service
        start_s = before + np.maximum.accumulate(ready_s - before)
        stamps |= {f"{stage}_start_s": start_s, f"{stage}_end_s": start_s + service}
        ready_s = start_s + service
    rest = {"device_id": device_id, "outcome": "done", "done_s": ready_s}
    return pd.DataFrame({"arrival_s": arrival_s, **stamps, **rest})


EVERY_SECOND = np.arange(1.0, 101.0)
STAMPS = ["encode_start_s", "encode_end_s", "tx_start_s", "tx_end_s", "edge_start_s", "edge_end_s", "done_s"]


@pytest.mark.parametrize(
    ("work", "bottleneck", "load", "slope_hz"),
    [
        ({"encode_s": 0.5, "tx_s": 0.25}, "device", 0.5, 0.0),
        ({"encode_s": 0.5, "tx_s": 1.25}, "link", 1.25, 0.2),
        ({"edge_s": 2.0, "tx_s": 0.5}, "edge", 2.0, 0.5),
        ({"encode_s": 4.0, "tx_s": 1.25}, "device", 4.0, 0.75),
    ],
)
def test_the_bottleneck_is_the_stage_with_most_work_a_second(work, bottleneck, load, slope_hz):
    found = judged([passed(EVERY_SECOND, **work)], scenario())
    assert found.bottleneck == bottleneck
    assert found.bottleneck_load == pytest.approx(load)
    assert found.backlog_slope_hz == pytest.approx(slope_hz, abs=2e-3)
    assert found.stable == (load < 1)


def test_loads_and_slopes_are_averaged_over_replications():
    quick, slow = (passed(EVERY_SECOND, tx_s=tx_s) for tx_s in (0.5, 2.0))
    found = judged([quick, slow], scenario())
    assert found.bottleneck_load == pytest.approx(1.25)
    assert found.backlog_slope_hz == pytest.approx(0.25, abs=2e-3)


def test_the_busiest_device_decides():
    device = np.arange(100) % 4 == 0
    table = passed(EVERY_SECOND, device_id=device.astype(int))
    table["encode_end_s"] = table["encode_start_s"] + np.where(device, 5.0, 0.1)
    assert judged([table], scenario()).bottleneck_load == pytest.approx(25 * 5.0 / 100)


def test_with_tdma_the_busiest_link_decides_and_the_mean_one_is_told():
    device = np.arange(100) % 4 == 0
    table = passed(EVERY_SECOND, device_id=device.astype(int))
    table["tx_end_s"] = table["tx_start_s"] + np.where(device, 3.5, 0.0)
    found = judged([table], scenario(sharing="tdma"))
    assert found.bottleneck == "link"
    assert found.bottleneck_load == pytest.approx(25 * 3.5 / 100)
    assert found.link_utilisation == pytest.approx((25 * 3.5 + 0.0) / 2 / 100.5, rel=0.01)


def test_edge_workers_share_the_load():
    assert judged([passed(EVERY_SECOND, edge_s=2.5)], scenario(workers=5)).bottleneck_load == 0.5


def test_only_the_load_after_the_warm_up_counts():
    slow_start = np.where(EVERY_SECOND <= 50, 1.5, 0.2)
    table = passed(EVERY_SECOND, tx_s=slow_start)
    whole, later = (judged([table], scenario(), since_s) for since_s in (0.0, 50.5))
    assert whole.bottleneck_load == pytest.approx((50 * 1.5 + 50 * 0.2) / 100)
    assert later.bottleneck_load == pytest.approx(50 * 0.2 / 49.5)
    # The link still works on what came before: it is busy until the backlog is gone.
    idle_s = 100.2 - 50.5 - later.link_utilisation * (100.2 - 50.5)
    busy_until_s = table["tx_end_s"][(table["tx_start_s"] > EVERY_SECOND + 1e-9)].max()
    after = table[table["arrival_s"] > busy_until_s]
    assert idle_s == pytest.approx((after["tx_start_s"] - table["tx_end_s"].shift()[after.index]).sum())
    assert later.backlog_slope_hz < 0 < whole.bottleneck_load


def test_a_link_that_gives_up_has_no_growing_backlog():
    table = passed(EVERY_SECOND, tx_s=2.0)
    late = table["tx_end_s"] > table["arrival_s"] + 3.0
    table.loc[late, ["tx_start_s", "tx_end_s", "edge_start_s", "edge_end_s", "done_s"]] = np.nan
    table.loc[late, "outcome"] = "aborted"
    found = judged([table], scenario(on_deadline="abort"))
    assert found.stable
    assert found.backlog_slope_hz == pytest.approx(0.0, abs=0.01)


def test_dropped_tasks_are_not_in_the_system_and_unanswered_ones_stay():
    dropped, unanswered = (passed(EVERY_SECOND) for _ in range(2))
    for table, outcome in ((dropped, "dropped"), (unanswered, "in_flight")):
        table.loc[:, ["encode_end_s", "tx_end_s", "edge_end_s", "done_s"]] = np.nan
        table["outcome"] = outcome
    assert judged([dropped], scenario()).backlog_slope_hz == 0.0
    found = judged([unanswered], scenario())
    assert found.backlog_slope_hz == pytest.approx(1.0)
    # The first has been in service for 99 s and is not done: 100 such tasks came in 100 s.
    assert found.bottleneck_load == pytest.approx(99)


@pytest.mark.parametrize("since_s", [0.0, 50.5])
@pytest.mark.parametrize("stage", ["device", "link"])
def test_a_station_that_never_finishes_cannot_keep_up_though_others_do(stage: str, since_s: float):
    device = np.arange(100) % 4 == 0
    table = passed(EVERY_SECOND, device_id=device.astype(int))
    stuck = STAMPS[STAMPS.index("encode_end_s" if stage == "device" else "tx_end_s") :]
    table.loc[device, stuck] = np.nan
    table.loc[np.flatnonzero(device)[1:], STAMPS[STAMPS.index(stuck[0]) - 1]] = np.nan
    found = judged([table], scenario(sharing="tdma"), since_s)
    assert found.bottleneck == stage
    assert found.bottleneck_load > 10


def test_a_task_that_has_just_begun_does_not_make_its_station_unstable():
    device = np.arange(100) == 99
    table = passed(EVERY_SECOND, device_id=device.astype(int))
    table.loc[device, STAMPS[1:]] = np.nan
    assert judged([table], scenario()).stable


def test_one_task_has_no_slope():
    assert judged([passed(np.array([2.0]), tx_s=1.0)], scenario()).backlog_slope_hz == 0.0
