from coinfer.simulator.plan import Tally, Unit
from coinfer.simulator.standings import Standings


def test_the_leader_is_told_with_its_interval(experiments):
    standings = Standings(experiments())
    assert standings.leader(1) == ""
    standings.add(Unit(1, 0), Tally(["zebra", "apple"], [100, 100], [40, 60]))
    assert standings.leader(1) == "mean_snr_db=-5: apple 60.0 ± 9.4 %"
    standings.add(Unit(1, 1), Tally(["zebra", "apple"], [100, 100], [90, 62]))
    assert standings.leader(1).startswith("mean_snr_db=-5: zebra 65.0 ± ")
    assert standings.leader(0) == ""


def test_replications_that_differ_make_the_interval_wider(experiments):
    halves = []
    for spread in (0, 10, 20):
        standings = Standings(experiments({}))
        for number, right in enumerate((50 - spread, 50, 50 + spread)):
            standings.add(Unit(0, number), Tally(["apple"], [100], [right]))
        halves.append(float(standings.leader(0).split("± ")[1].removesuffix(" %")))
    assert halves == sorted(set(halves))


def test_a_unit_without_tasks_says_nothing(experiments):
    standings = Standings(experiments({}))
    standings.add(Unit(0, 0), Tally([], [], []))
    assert standings.leader(0) == ""
    standings.add(Unit(0, 1), Tally(["apple"], [10], [5]))
    assert standings.leader(0).startswith("apple 50.0 ± ")
