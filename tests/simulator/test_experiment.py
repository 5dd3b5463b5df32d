import numpy as np
import pytest

from coinfer.codecs.protocol import Cost
from coinfer.simulator import channel as module
from coinfer.simulator.experiment import Experiment, run_replication
from coinfer.simulator.link.capacity import CapacityTrace
from coinfer.simulator.link.fading import Rayleigh
from coinfer.simulator.link.rate import ShannonRate
from coinfer.simulator.measurements import Measurement
from coinfer.simulator.records import STAMPS
from coinfer.simulator.scenario import Scenario
from coinfer.simulator.workload import Streams

IMAGES = 5
COLUMNS = [
    "replication",
    "device_id",
    "task_id",
    "image_id",
    "arrival_s",
    *STAMPS,
    "payload_bytes",
    "snr_db",
    "outcome",
    "correct",
]
DEVICE = {"effective_flops_per_s": 1e9, "overhead_s": 0.01, "cpu_speed": 0.5}
EDGE = {"effective_flops_per_s": 1e10, "overhead_s": 0.001}


def measurement(payload_bytes, answers_on_device=False, flops=2e7):
    """2e7 + 2e7 FLOP and 5 ms of serial code take 40 ms of DEVICE; 1e8 FLOP take 11 ms of EDGE."""
    sizes = np.resize(np.array(payload_bytes, dtype=np.int64), IMAGES)
    edge_cost = Cost() if answers_on_device else Cost(1e8)
    return Measurement(sizes, np.arange(IMAGES) % 2 == 0, Cost(flops, 5e-3), edge_cost, answers_on_device)


CODECS = {
    "small": measurement([20, 25, 30]),
    "large": measurement([90, 100, 110]),
    "own": measurement([8], answers_on_device=True, flops=3e7),
}


def scenario(fading=None, link=None, device=None, **changes):
    rates = {"arrivals": {"rate_hz": 2.0}, **(device or {})}
    return Scenario.model_validate(
        {
            "name": "experiment",
            "seed": 3,
            "tasks": 200,
            "replications": 2,
            "devices": [{"count": 2, "profile": DEVICE, **rates}],
            "link": {
                "bandwidth_hz": 1e4,
                "mean_snr_db": 5,
                "fading": fading or {"model": "rayleigh"},
                **(link or {}),
            },
            "downlink": {"delay_s": 0.01, "rate_bps": 1e5, "answer_bytes": 100},
            "edge": {"profile": EDGE},
            "codecs": ["raw"],
            "deadlines_s": [0.1],
            **changes,
        }
    )


def run(described, codecs=CODECS, replication=0, coordinates=()):
    return run_replication(Experiment(dict(coordinates), described, IMAGES, "", codecs), replication)


def of(table, codec):
    return table[table["codec"] == codec].reset_index(drop=True)


def test_the_columns_are_those_of_the_contract():
    table = run(scenario(), coordinates={"link.mean_snr_db": 5, "edge.workers": 1}.items())
    assert table.columns.tolist() == ["codec", "link.mean_snr_db", "edge.workers", *COLUMNS]
    assert table["codec"].unique().tolist() == list(CODECS)
    assert len(table) == 3 * 2 * 200
    assert (table["edge.workers"] == 1).all()
    assert (table["replication"] == 0).all()
    assert set(table["outcome"].cat.categories) == {"aborted", "done", "dropped", "in_flight"}


def test_sizes_and_verdicts_are_those_of_the_image():
    table = run(scenario())
    for label, codec in CODECS.items():
        rows = of(table, label)
        assert rows["payload_bytes"].tolist() == codec.payload_bytes[rows["image_id"]].tolist()
        assert rows["correct"].tolist() == codec.correct[rows["image_id"]].tolist()
    assert sorted(of(table, "small")["image_id"].value_counts()) == [80] * IMAGES


@pytest.mark.parametrize("sharing", ["fifo", "equal"])
@pytest.mark.parametrize("deep_fade", ["integrate", "frozen"])
def test_the_stages_follow_each_other_and_add_up_to_the_latency(sharing, deep_fade):
    table = run(scenario(link={"sharing": sharing, "deep_fade": deep_fade}))
    stamps = table[["arrival_s", *STAMPS]].to_numpy()
    stages_s = np.diff(stamps, axis=1)
    assert (stages_s >= 0).all()
    latency_s = (table["done_s"] - table["arrival_s"]).to_numpy()
    np.testing.assert_allclose(stages_s.sum(axis=1), latency_s, rtol=1e-12)
    downlink_s = of(table, "large")["done_s"] - of(table, "large")["edge_end_s"]
    np.testing.assert_allclose(downlink_s, 0.018, rtol=1e-6)


def test_devices_take_turns_or_share_the_air():
    def overlapping(sharing):
        rows = of(run(scenario(link={"sharing": sharing})), "large").sort_values("tx_start_s")
        return (rows["tx_start_s"].to_numpy()[1:] < rows["tx_end_s"].to_numpy()[:-1]).sum()

    assert overlapping("fifo") == 0
    assert overlapping("equal") > 20


@pytest.mark.parametrize("deep_fade", ["integrate", "frozen"])
def test_a_frozen_fade_keeps_the_rate_at_the_start(deep_fade):
    rows = of(run(scenario(link={"deep_fade": deep_fade})), "large")
    kept_s = 8 * (rows["payload_bytes"] + 48) / (1e4 * np.log2(1 + 10 ** (rows["snr_db"] / 10)))
    same = np.isclose(rows["tx_end_s"] - rows["tx_start_s"], kept_s, rtol=1e-6)
    assert same.all() == (deep_fade == "frozen")


def test_all_codecs_see_the_same_arrivals_images_and_fading():
    table = run(scenario())
    small, large, own = (of(table, label) for label in CODECS)
    for column in ("device_id", "task_id", "image_id", "arrival_s"):
        assert small[column].tolist() == large[column].tolist() == own[column].tolist()
    both = small.merge(large, on=["device_id", "tx_start_s"])
    assert len(both) > 20
    assert both["snr_db_x"].tolist() == both["snr_db_y"].tolist()
    assert both["snr_db_x"].std() > 3


def test_the_snr_shifts_the_rates_and_nothing_else():
    low, high = (of(run(scenario(link={"mean_snr_db": snr_db})), "small") for snr_db in (5, 15))
    for column in ("device_id", "image_id", "arrival_s", "encode_start_s", "encode_end_s", "payload_bytes"):
        assert low[column].tolist() == high[column].tolist()
    assert (high["tx_end_s"] <= low["tx_end_s"]).all()
    both = low.merge(high, on=["device_id", "tx_start_s"])
    assert len(both) > 100
    np.testing.assert_allclose(both["snr_db_y"] - both["snr_db_x"], 10, atol=1e-9)


def test_replications_seeds_and_devices_differ():
    first, second = (of(run(scenario(), replication=number), "small") for number in (0, 1))
    other = of(run(scenario(seed=4)), "small")
    for changed in (second, other):
        assert not np.isin(changed["arrival_s"], first["arrival_s"]).any()
        assert not np.isin(changed["snr_db"], first["snr_db"]).any()
    one, two = (first[first["device_id"] == device] for device in (0, 1))
    assert not np.isin(one["snr_db"], two["snr_db"]).any()


def test_without_fading_the_snr_is_its_mean():
    table = run(scenario(fading={"model": "none"}, link={"mean_snr_db": -3.5}))
    np.testing.assert_allclose(table["snr_db"], -3.5, rtol=1e-12)


def test_a_device_that_never_moves_keeps_one_gain():
    table = run(scenario(fading={"speed_mps": 0}))
    assert table.groupby("device_id")["snr_db"].nunique().tolist() == [1, 1]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"tasks": None, "duration_s": 20, "drain": False, "device": {"arrivals": {"rate_hz": 40.0}}},
        {"drain": False},
        {"device": {"buffer": 0, "arrivals": {"rate_hz": 30.0}}},
        {
            "tasks": None,
            "duration_s": 5,
            "drain": False,
            "device": {"buffer": 1, "arrivals": {"rate_hz": 40.0}},
        },
    ],
    ids=["drained", "stopped", "stopped after tasks", "without a buffer", "stopped with a buffer"],
)
def test_every_task_is_done_dropped_or_in_flight(changes):
    described = scenario(**changes)
    table = run(described)
    stop_s = described.duration_s or table["arrival_s"].max()
    for label in CODECS:
        rows = of(table, label)
        counts = rows["outcome"].value_counts()
        assert counts.sum() == len(rows) == counts["done"] + counts["dropped"] + counts["in_flight"]
        assert (rows["outcome"] == "done").tolist() == rows["done_s"].notna().tolist()
        dropped = rows[rows["outcome"] == "dropped"]
        assert dropped[[*STAMPS, "snr_db"]].isna().all(axis=None)
        assert (counts["in_flight"] > 0) == (not described.drain)
        assert (counts["dropped"] > 0) == (described.devices[0].buffer is not None)
        if not described.drain:
            assert (rows["done_s"].dropna() < stop_s).all()
    assert (table["snr_db"].notna() == table["tx_start_s"].notna()).all()


def hand_computed(rate_hz, tasks):
    """One device, 10 kbit/s: encoding takes 40 ms, 77 + 48 bytes 100 ms, the edge 11, the answer 18 ms."""
    device = {"count": 1, "arrivals": {"process": "periodic", "rate_hz": rate_hz}}
    described = scenario({"model": "none"}, {"mean_snr_db": 0}, device, tasks=tasks)
    codecs = {"coded": measurement([77]), "own": measurement([8], answers_on_device=True)}
    table = run(described, codecs)
    return of(table, "coded"), of(table, "own")


def test_latencies_by_hand_without_queues():
    coded, own = hand_computed(rate_hz=1.0, tasks=20)
    assert np.diff(coded["arrival_s"]) == pytest.approx(1.0)
    since_s = coded[list(STAMPS)].sub(coded["arrival_s"], axis=0)
    np.testing.assert_allclose(since_s, [[0, 0.04, 0.04, 0.14, 0.14, 0.151, 0.169]] * 20, atol=1e-12)
    since_s = own[list(STAMPS)].sub(own["arrival_s"], axis=0)
    np.testing.assert_allclose(since_s, [[0, *[0.04] * 6]] * 20, atol=1e-12)


def test_latencies_by_hand_behind_a_slow_link():
    coded, own = hand_computed(rate_hz=20.0, tasks=50)
    latency_s = coded["done_s"] - coded["arrival_s"]
    np.testing.assert_allclose(latency_s, 0.169 + 0.05 * np.arange(50), atol=1e-9)
    np.testing.assert_allclose(own["done_s"] - own["arrival_s"], 0.04, atol=1e-12)


def test_compute_times_vary_as_the_profile_says():
    noisy = {"profile": {**DEVICE, "service_cv": 0.5}}
    first = run(scenario(device=noisy, tasks=2000))
    small, large = of(first, "small"), of(first, "large")
    encode_s = small["encode_end_s"] - small["encode_start_s"]
    assert encode_s.mean() == pytest.approx(0.04, rel=0.05)
    assert encode_s.std() / encode_s.mean() == pytest.approx(0.5, rel=0.1)
    np.testing.assert_allclose(large["encode_end_s"] - large["encode_start_s"], encode_s, atol=1e-9)
    np.testing.assert_allclose(small["edge_end_s"] - small["edge_start_s"], 0.011, atol=1e-9)


def test_where_time_outruns_the_trace_it_repeats(monkeypatch):
    monkeypatch.setattr(module, "FEWEST_SLOTS", 64)
    monkeypatch.setattr(module, "MOST_SLOTS", 128)
    described = scenario()
    large = of(run(described), "large")
    fading = Rayleigh(1.0, 3.5e9)
    for device in (0, 1):
        rows = large[large["device_id"] == device]
        gains = fading.gains(64, fading.longest_slot_s, Streams(3, 0).rng("fading", device))
        snr = 10**0.5 * gains
        trace = CapacityTrace(fading.longest_slot_s, ShannonRate(1e4).bits_per_s(snr))
        assert rows["tx_start_s"].max() > 50 * trace.period_s
        slot = (rows["tx_start_s"] % trace.period_s / trace.slot_s).astype(int)
        np.testing.assert_allclose(rows["snr_db"], 10 * np.log10(snr[slot]), rtol=1e-12)
        sent_bits = [
            trace.sent_bits(*span) for span in zip(rows["tx_start_s"], rows["tx_end_s"], strict=True)
        ]
        np.testing.assert_allclose(sent_bits, 8 * (rows["payload_bytes"] + 48), rtol=1e-6)


def test_records_take_about_a_hundred_bytes_a_task():
    table = run(scenario(tasks=2000))
    assert table.memory_usage(deep=True).sum() / len(table) < 100
    assert table["codec"].cat.categories.tolist() == list(CODECS)
    kinds = table[["replication", "device_id", "task_id", "image_id", "payload_bytes"]].dtypes
    assert set(kinds) == {np.dtype(np.int32)}


def test_a_replication_without_tasks_is_an_empty_table():
    table = run(scenario(tasks=None, duration_s=1e-6))
    assert table.empty
    assert table.columns.tolist() == ["codec", *COLUMNS]
