import pytest

from coinfer.simulator.link.tdd import TddPattern


@pytest.mark.parametrize(
    ("pattern", "share", "uplinks"),
    [
        ("U", 1.0, [0, 1, 2, 3, 4, 5, 6]),
        ("DDDSU", 0.2, [4, 4, 4, 4, 4, 9, 9]),
        ("UDU", 2 / 3, [0, 2, 2, 3, 5, 5, 6]),
    ],
)
def test_uplink_slots(pattern, share, uplinks):
    tdd = TddPattern(pattern, slot_s=1e-3)
    assert tdd.share == share
    assert [tdd.next_uplink(slot) for slot in range(7)] == uplinks


@pytest.mark.parametrize(
    ("pattern", "slot_s", "message"),
    [
        ("DDFU", 1e-3, "letters D, S and U, got 'DDFU'"),
        ("DDS", 1e-3, r"needs an uplink slot \(U\), got 'DDS'"),
        ("", 1e-3, "needs an uplink slot"),
        ("U", 0.0, r"longer than 0 s, got 0\.0 s"),
    ],
)
def test_impossible_patterns_are_refused(pattern, slot_s, message):
    with pytest.raises(ValueError, match=message):
        TddPattern(pattern, slot_s)
