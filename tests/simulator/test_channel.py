import numpy as np
import pytest
from scipy import stats

from coinfer.simulator import channel as module
from coinfer.simulator.channel import check_ways, draw_channels
from coinfer.simulator.channel_kinds import RecordedChannel, SlottedChannel
from coinfer.simulator.errors import ScenarioError
from coinfer.simulator.link.noise import thermal_noise_dbm
from coinfer.simulator.link.rate import ShannonRate
from coinfer.simulator.link.replay import Recording
from coinfer.simulator.scenario import Scenario

NORMAL_1E_4 = stats.norm.isf(0.5e-4)


def scenario(link=None, count=1, mobility=None, **changes):
    given = {"bandwidth_hz": 1e6, **(link or {})}
    if mobility is None:
        given = {"mean_snr_db": 5} | given
    device = {"count": count, "profile": "jetson-nano", "arrivals": {"rate_hz": 1}}
    return Scenario.model_validate(
        {
            "name": "channel",
            "seed": 7,
            "tasks": 10,
            "devices": [device | ({"mobility": mobility} if mobility else {})],
            "link": given,
            "edge": {"profile": "rtx-3090"},
            "codecs": ["raw"],
            "deadlines_s": [0.1],
            **changes,
        }
    )


def snr_of(described, replication=0, horizon_s=0.0):
    return [drawn.snr for drawn in draw_channels(described, replication, horizon_s)]


@pytest.fixture
def short_traces(monkeypatch):
    monkeypatch.setattr(module, "FEWEST_SLOTS", 2**8)


@pytest.mark.parametrize(
    ("fading", "variance"),
    [
        ({"model": "rayleigh"}, 1.0),
        ({"model": "rician", "k_db": 0.0}, 0.75),
        ({"model": "nakagami", "m": 2.5}, 0.4),
    ],
)
@pytest.mark.parametrize("branches", [1, 4])
def test_the_mean_over_fading_is_the_mean_snr_and_antennas_add_up(fading, variance, branches, short_traces):
    """At rest a replication is one independent gain; its mean is normal by the 800 of them."""
    link = {"mean_snr_db": 7, "fading": {**fading, "speed_mps": 0}, "receive_antennas": branches}
    snr = np.array([snr_of(scenario(link), replication)[0][0] for replication in range(800)])
    mean = 10**0.7 * branches
    error = mean * np.sqrt(variance / branches / len(snr))
    assert snr.mean() == pytest.approx(mean, abs=NORMAL_1E_4 * error)
    assert snr.var() == pytest.approx(mean**2 * variance / branches, rel=0.5)


def test_a_budget_by_hand():
    budget = {"path_loss": {"line_of_sight": "always", "shadowing": False}, "tx_power_dbm": 20}
    place = {"model": "standing", "distance_m": 100}
    link = {"budget": budget | {"interference": {"rise_db": 3}}, "fading": {"model": "none"}}
    (drawn,) = draw_channels(scenario(link, mobility=place), 0, 0.0)
    # wireless.md: 85.31419 dB at 100 m and 3.5 GHz, -108.97519 dBm in 1 MHz with a noise figure of 5 dB.
    assert drawn.snr_db_at(np.array([0.0, 9.0])) == pytest.approx(
        [20 - 85.31419 + 108.97519 - 3] * 2, abs=2e-5
    )


def test_shadowing_is_normal_around_the_path_loss(short_traces):
    """Independent replications, 4 dB in sight: the mean and the deviation at the 1e-4 level."""
    budget = {"path_loss": {"line_of_sight": "always"}}
    described = scenario(
        {"budget": budget, "fading": {"model": "none"}}, mobility={"model": "standing", "distance_m": 100}
    )
    level_db = 10 * np.log10([snr_of(described, replication)[0][0] for replication in range(500)])
    assert level_db.mean() == pytest.approx(23 - 85.31419 + 108.97519, abs=NORMAL_1E_4 * 4 / np.sqrt(500))
    low, high = stats.chi2.ppf([0.5e-4, 1 - 0.5e-4], 499) / 499
    assert low < level_db.var(ddof=1) / 16 < high


WALK = {"model": "line", "start_m": 20, "end_m": 60, "speed_mps": 2}
PLAIN = {
    "budget": {"path_loss": {"line_of_sight": "always", "shadowing": False}},
    "fading": {"model": "none"},
}


def test_the_snr_falls_on_the_way_out_and_comes_back():
    (drawn,) = draw_channels(scenario(PLAIN, mobility=WALK), 0, 0.0)
    period_s = len(drawn.snr) * drawn.slot_s
    assert period_s == pytest.approx(40.0)
    level_db = drawn.snr_db_at(np.arange(0.0, 40.0, 0.5))
    assert (np.diff(level_db[:41]) < 0).all()
    assert (np.diff(level_db[40:]) > 0).all()
    # 3D distances with 8.5 m between the antennas; 21 dB a decade in sight.
    drop_db = 21 * np.log10(np.hypot(60, 8.5) / np.hypot(20, 8.5))
    assert level_db[0] - level_db[40] == pytest.approx(drop_db, abs=1e-3)


@pytest.mark.parametrize("rate", [{"model": "shannon"}, {"model": "nr"}])
@pytest.mark.parametrize("mobility", [WALK, {"model": "waypoint", "radius_m": 30, "speed_mps": 2}])
def test_the_trace_of_a_way_repeats_without_a_jump(mobility, rate):
    budget = {"path_loss": {"line_of_sight": "never"}}
    described = scenario({"budget": budget, "fading": {"model": "rayleigh"}, "rate": rate}, mobility=mobility)
    (drawn,) = draw_channels(described, 0, 0.0)
    level_db = 10 * np.log10(drawn.snr)
    steps_db = np.abs(np.diff(level_db))
    assert abs(level_db[0] - level_db[-1]) <= steps_db.max()
    # A jump would be a step like those between slots that know nothing of each other: many dB.
    around = np.abs(np.diff(level_db[[-3, -2, -1, 0, 1, 2]]))
    assert around.max() < 3 * np.quantile(steps_db, 0.99)


def test_fading_is_the_same_for_every_mean_snr_and_codec():
    low, high = (snr_of(scenario({"mean_snr_db": snr_db}), horizon_s=50.0)[0] for snr_db in (0, 10))
    np.testing.assert_allclose(high, 10 * low, rtol=1e-12)
    other = snr_of(scenario({"mean_snr_db": 0}, codecs=["png"]), horizon_s=50.0)[0]
    np.testing.assert_array_equal(other, low)


@pytest.mark.parametrize(
    ("link", "mobility"),
    [
        ({}, None),
        ({"budget": {"interference": {"sigma_db": 3}}}, {"model": "scattered", "radius_m": 90}),
        ({"budget": {}}, {"model": "waypoint", "radius_m": 20, "speed_mps": 1}),
    ],
)
def test_one_device_more_leaves_the_others_as_they_were(link, mobility, short_traces):
    three = snr_of(scenario(link, count=3, mobility=mobility))
    four = snr_of(scenario(link, count=4, mobility=mobility))
    for before, after in zip(three, four, strict=False):
        np.testing.assert_array_equal(before, after)
    assert not np.isin(four[3][:100], np.concatenate(three)).any()


@pytest.mark.parametrize("speed_mps", [0.001, 0.3, 1.0, 1.7, 30.0, 400.0])
@pytest.mark.parametrize("subcarrier_hz", [15_000, 120_000])
@pytest.mark.parametrize("mobility", [None, {"model": "line", "start_m": 1, "end_m": 2, "speed_mps": 0.5}])
def test_slots_of_nr_divide_a_trace_without_rest(speed_mps, subcarrier_hz, mobility):
    rate, fading = {"model": "nr", "subcarrier_hz": subcarrier_hz}, {"speed_mps": speed_mps}
    link = {"rate": rate, "fading": fading} | ({"budget": {}} if mobility else {})
    (drawn,) = draw_channels(scenario(link, mobility=mobility), 0, 0.0)
    nr_slot_s = 15.0 / subcarrier_hz
    parts = nr_slot_s / drawn.slot_s
    assert parts == pytest.approx(round(parts), rel=1e-12)
    assert len(drawn.snr) % round(parts) == 0
    assert drawn.slot_s <= 299_792_458.0 / (64 * speed_mps * 3.5e9) * (1 + 1e-9)
    assert len(drawn.snr) <= 2**22
    np.testing.assert_array_equal(drawn.slot_snr(nr_slot_s), drawn.snr[:: round(parts)])


def test_a_trace_lasts_as_long_as_the_tasks_within_its_limits(monkeypatch):
    (short,) = draw_channels(scenario(), 0, 0.0)
    assert (len(short.snr), short.slot_s) == (2**14, pytest.approx(1 / (64 * 11.675), rel=1e-4))
    (longer,) = draw_channels(scenario(), 0, 100.0)
    assert len(longer.snr) * longer.slot_s / 2 < 100.0 <= len(longer.snr) * longer.slot_s
    monkeypatch.setattr(module, "MOST_SLOTS", 2**16)
    assert [len(drawn.snr) for drawn in draw_channels(scenario(count=3), 0, 1e6)] == [2**14] * 3


def test_devices_of_a_crowd_have_shorter_traces(monkeypatch):
    monkeypatch.setattr(module, "CROWDED_SLOTS", 2**16)
    for count, slots in ((4, 2**14), (5, 2**13), (64, 2**10), (65, 2**10)):
        assert {len(drawn.snr) for drawn in draw_channels(scenario(count=count), 0, 0.0)} == {slots}


def test_without_anything_that_changes_one_slot_will_do():
    for rate, slot_s in (("shannon", 1.0), ("nr", 0.5e-3)):
        link = {"fading": {"model": "none"}, "rate": {"model": rate}}
        (drawn,) = draw_channels(scenario(link), 0, 1e9)
        assert (drawn.snr.tolist(), drawn.slot_s) == (pytest.approx([10**0.5]), slot_s)


def test_interference_is_redrawn_at_its_interval():
    budget = {
        "interference": {"rise_db": 10, "sigma_db": 2, "interval_s": 0.25},
        "path_loss": {"shadowing": False},
    }
    place = {"model": "standing", "distance_m": 10}
    (drawn,) = draw_channels(
        scenario({"budget": budget, "fading": {"model": "none"}}, mobility=place), 0, 0.0
    )
    assert drawn.slot_s == 0.25
    level_db = 10 * np.log10(drawn.snr)
    assert len(np.unique(level_db)) == len(level_db)
    # 10 dB lie five deviations above 0: practically normal, and the sample mean of the independent rises too.
    error_db = NORMAL_1E_4 * 2 / np.sqrt(len(level_db))
    best_db = 23 - 32.4 - 21 * np.log10(np.hypot(10, 8.5)) - 20 * np.log10(3.5) - thermal_noise_dbm(1e6, 5.0)
    assert level_db.mean() == pytest.approx(best_db - 10, abs=error_db)


WAYS = {"model": "waypoint", "radius_m": 100, "speed_mps": 1.5}


@pytest.mark.parametrize(
    "call", [check_ways, lambda described, horizon_s: draw_channels(described, 0, horizon_s)]
)
def test_ways_that_take_too_many_slots_are_refused(call):
    with pytest.raises(ScenarioError) as caught:
        call(scenario({"budget": {}}, count=20, mobility=WAYS), 400.0)
    line = str(caught.value)
    assert line.startswith("devices: their ways take ")
    assert line.endswith(
        " slots of fading, expected at most 8388608; make ways shorter, or take fewer devices or tasks"
    )


RECORDED = Recording(np.array([5.0, 6.0, 8.0]), snr_db=np.array([0.0, 10.0, 20.0]))


def test_a_replay_from_another_row():
    replay = RecordedChannel(RECORDED, first_row=1)
    # Rows last 1, 2 and 1.5 s (the median); the replay begins with the second.
    assert replay.edges_s.tolist() == [0.0, 2.0, 3.5, 4.5]
    assert replay.snr_db_at(np.array([0.0, 1.9, 2.0, 3.6, 4.5, 7.0])).tolist() == [10, 10, 20, 0, 10, 20]
    capacity = replay.capacity(ShannonRate(1e6), snr_factor=3.0)
    expected_bps = 1e6 * np.log2(1 + 3 * np.array([10.0, 100.0, 1.0]))
    assert capacity.sent_bits(0.0, 4.5) == pytest.approx(expected_bps @ [2.0, 1.5, 1.0])
    assert replay.slot_snr(0.5).tolist() == pytest.approx([10.0] * 4 + [100.0] * 3 + [1.0] * 2)
    mean_snr = (10.0 * 2.0 + 100.0 * 1.5 + 1.0 * 1.0) / 4.5
    assert replay.mean_rate_bps(ShannonRate(1e6), 3.0) == pytest.approx(1e6 * np.log2(1 + 3 * mean_snr))


def test_recorded_rates_are_taken_as_they_are():
    rates = Recording(np.array([0.0, 1.0]), rate_bps=np.array([8.0, 2.0]))
    replay = RecordedChannel(rates)
    assert replay.capacity(ShannonRate(1e6)).finish_s(0.0, 9.0) == 1.5
    assert replay.mean_rate_bps(ShannonRate(1e6)) == 5.0
    assert np.isnan(replay.snr_db_at(np.array([0.0, 1.0]))).all()


def test_devices_and_replications_begin_at_rows_of_their_own(tmp_path):
    file = tmp_path / "day.csv"
    file.write_text("time_s,snr_db\n" + "".join(f"{row},{row / 10}\n" for row in range(100)))
    link = {"mean_snr_db": None, "recording": {"file": str(file)}, "fading": {"model": "none"}}
    rows = [
        [drawn.first_row for drawn in draw_channels(scenario(link, count=count), replication, 0.0)]
        for count, replication in ((3, 0), (4, 0), (3, 1))
    ]
    assert rows[1][:3] == rows[0]
    assert len({*rows[1], *rows[2]}) > 4


@pytest.mark.parametrize(
    ("link", "mean_snr"),
    [
        ({}, 10**0.5),
        ({"fading": {"speed_mps": 0}}, 10**0.5),
        ({"receive_antennas": 4}, 4 * 10**0.5),
        (
            {
                "mean_snr_db": None,
                "fading": {"model": "none"},
                "budget": {"path_loss": {"model": "free_space"}},
            },
            None,
        ),
    ],
)
def test_the_mean_rate_is_that_of_the_mean_over_fading_and_way(link, mean_snr, short_traces):
    way = {"model": "line", "start_m": 20, "end_m": 80, "speed_mps": 5}
    (drawn,) = draw_channels(scenario(link, mobility=way if "budget" in link else None), 0, 0.0)
    # Without fading, what remains of the trace is the way.
    expected = drawn.snr.mean() if mean_snr is None else mean_snr
    assert drawn.mean_rate_bps(ShannonRate(1e6), 2.0) == pytest.approx(1e6 * np.log2(1 + 2 * expected))
    if mean_snr is None:
        assert drawn.snr.max() > 10 * drawn.snr.min()


def test_a_gain_of_nothing_has_a_level():
    assert SlottedChannel(1.0, np.array([0.0]), 0.0).snr_db_at(np.array([0.5])).tolist() == [-300.0]
