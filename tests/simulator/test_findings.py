import pandas as pd
import pytest

from coinfer.simulator.findings import findings, warmup_note


def differences(rows, **point):
    names = ["deadline_s", "codec_a", "codec_b", "difference", "difference_low", "difference_high"]
    table = pd.DataFrame(rows, columns=names)
    for key, value in point.items():
        table.insert(0, key, value)
    return table


AHEAD = [
    (0.1, "a", "b", 0.30, 0.28, 0.32),
    (0.1, "a", "c", 0.50, 0.48, 0.52),
    (0.1, "b", "c", 0.20, 0.18, 0.22),
    (0.2, "a", "b", 0.12, 0.109, 0.131),
    (0.2, "a", "c", 0.40, 0.39, 0.41),
    (0.2, "b", "c", 0.28, 0.27, 0.29),
    (0.5, "a", "b", 0.01, -0.01, 0.03),
    (0.5, "a", "c", -0.10, -0.12, -0.08),
    (0.5, "b", "c", -0.11, -0.13, -0.09),
    (1.0, "a", "b", 0.00, -0.01, 0.01),
    (1.0, "a", "c", 0.005, -0.01, 0.02),
    (1.0, "b", "c", 0.005, -0.01, 0.02),
]


def test_each_winner_with_its_deadlines_and_its_narrowest_win():
    assert findings(differences(AHEAD)) == [
        "a wins at ≤100 and ≤200 ms (beats b by 12.0 ± 1.1 points at ≤200 ms); "
        "c wins at ≤500 ms (beats a by 10.0 ± 2.0 points)"
    ]


@pytest.mark.parametrize(
    ("won_ms", "told"),
    [
        ([60, 80, 100, 200, 300, 600], "≤60 to ≤600"),
        ([60, 80, 100, 300, 600], "≤60 to ≤100, ≤300 and ≤600"),
        ([60, 80, 200, 300, 600], "≤60, ≤80 and ≤200 to ≤600"),
        ([60, 100, 300], "≤60, ≤100 and ≤300"),
        ([80, 100, 200], "≤80 to ≤200"),
    ],
)
def test_three_neighbouring_deadlines_are_a_range(won_ms, told):
    leads = {ms: 0.2 if ms in won_ms else 0.0 for ms in (60, 80, 100, 200, 300, 600)}
    (line,) = findings(differences([(ms / 1e3, "a", "b", d, d - 0.1, d + 0.1) for ms, d in leads.items()]))
    assert line == f"a wins at {told} ms (beats b by 20.0 ± 10.0 points at ≤{won_ms[0]} ms)"


def test_who_does_not_beat_every_other_one_has_not_won():
    third = [(0.5, "a", "c", 0.2, 0.1, 0.3), (0.5, "b", "c", 0.2, 0.1, 0.3)]
    line = findings(differences([AHEAD[6], *third]))
    assert line == ["nothing proven: at best a is ahead of b by 1.0 ± 2.0 points at ≤500 ms"]


def test_nobody_ahead():
    assert findings(differences([(0.1, "a", "b", 0.0, -0.1, 0.1)])) == [
        "nothing proven: at no deadline is one codec ahead of all others"
    ]


def test_a_line_for_each_sweep_point_in_their_order():
    high, low = (differences(AHEAD[:3], **{"link.mean_snr_db": value}) for value in (20, -5))
    lines = findings(pd.concat([high, low], ignore_index=True))
    assert [line.partition(": ")[0] for line in lines] == ["link.mean_snr_db = 20", "link.mean_snr_db = -5"]
    (line,) = findings(differences(AHEAD[:3], **{"until.deadline_s": None}))
    assert line.startswith("until.deadline_s = null: a wins at ≤100 ms")


def test_a_single_codec_beats_nobody():
    assert findings(differences([])) == []
    assert findings(differences([], **{"link.mean_snr_db": 5})) == []


@pytest.mark.parametrize(
    ("warmups_s", "note"),
    [
        ([0.0, 0.0], "Warm-up: none, all tasks count."),
        ([12.345, 12.345], "Warm-up: tasks of the first 12.35 s do not count."),
        ([0.0, 35.0], "Warm-up: tasks of the first 0 to 35 s do not count, by sweep point."),
    ],
)
def test_what_the_warm_up_leaves_out_is_told(warmups_s, note):
    assert warmup_note(pd.DataFrame({"warmup_s": warmups_s})) == note
