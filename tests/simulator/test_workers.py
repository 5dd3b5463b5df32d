import multiprocessing
import subprocess
import sys

import pytest

from coinfer.simulator.plan import Plan, Unit, run_unit
from coinfer.simulator.workers import WorkerError, shielded, workers

UNITS = [Unit(place, replication) for replication in (0, 1) for place in (0, 1, 2)]


def test_one_process_and_several_give_the_same_bytes(experiments):
    plan = Plan.of(experiments())
    expected = {unit: run_unit(plan, unit) for unit in UNITS}
    with workers(plan) as runner:
        assert dict(runner(UNITS)) == expected
    with workers(plan, jobs=2) as runner:
        assert dict(runner(UNITS[:1])) == {UNITS[0]: expected[UNITS[0]]}
        assert dict(runner(UNITS[1:])) == {unit: expected[unit] for unit in UNITS[1:]}


def test_a_process_that_is_killed_is_told_in_a_line(experiments):
    def run():
        with workers(Plan.of(experiments()), jobs=2) as runner:
            results = runner(UNITS)
            next(results)
            for process in multiprocessing.active_children():
                process.kill()
            list(results)

    with pytest.raises(WorkerError, match="a process of --jobs died, perhaps of too little memory"):
        run()


def test_processes_that_start_do_not_hear_ctrl_c():
    told = "import signal; print(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ()))"
    command = [sys.executable, "-c", told]
    with shielded():
        inside = subprocess.check_output(command)
    assert (inside, subprocess.check_output(command)) == (b"True\n", b"False\n")
