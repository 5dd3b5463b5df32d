import builtins

import pytest

from coinfer.simulator import identity
from coinfer.simulator.cluster import _packed, _unpacked, dask_workers
from coinfer.simulator.errors import InputError
from coinfer.simulator.plan import Plan, Unit, run_unit
from coinfer.simulator.workers import WorkerError, workers

UNITS = [Unit(place, replication) for replication in (0, 1) for place in (0, 1, 2)]


@pytest.fixture(scope="module")
def cluster():
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0"
    ) as started:
        yield started


def recorded(experiments, file):
    file.write_text("time_s,snr_db\n0,5\n1,10\n2,5\n")
    link = {"bandwidth_hz": 1e5, "recording": {"file": str(file)}, "fading": {"model": "none"}}
    return Plan.of(experiments({"edge.workers": [1, 2, 3]}, link=link))


def test_a_cluster_gives_the_same_bytes_as_this_process(experiments, cluster):
    plan = Plan.of(experiments())
    with workers(plan, cluster=cluster.scheduler_address) as runner:
        assert dict(runner(UNITS[:1])) == {UNITS[0]: run_unit(plan, UNITS[0])}
        assert dict(runner(UNITS[1:])) == {unit: run_unit(plan, unit) for unit in UNITS[1:]}


def test_a_unit_whose_worker_dies_is_done_by_another(experiments, cluster):
    plan = Plan.of(experiments({"seed": list(range(6))}, tasks=300))
    units = [Unit(place, 0) for place in range(6)]
    with dask_workers(plan, cluster.scheduler_address, 1) as runner:
        results = runner(units)
        first = next(results)
        next(iter(cluster.workers.values())).process.process.kill()
        assert dict([first, *results]) == {unit: run_unit(plan, unit) for unit in units}


def test_workers_of_another_version_are_refused(experiments, cluster, monkeypatch):
    monkeypatch.setattr(identity, "code", lambda: "another")
    line = "a worker has another version of coinfer or of its libraries than this machine; install the same"
    with (
        pytest.raises(WorkerError, match=line),
        dask_workers(Plan.of(experiments()), cluster.scheduler_address, 1) as runner,
    ):
        list(runner(UNITS))


def test_recordings_travel_with_the_plan(experiments, tmp_path):
    plan = recorded(experiments, tmp_path / "day.csv")
    expected, packed = run_unit(plan, UNITS[1]), _packed(plan)
    (tmp_path / "day.csv").unlink()
    assert run_unit(_unpacked(packed), UNITS[1]) == expected


@pytest.mark.parametrize("address", ["cluster", "tcp://", "tcp://host:port", "host", ""])
def test_an_address_that_is_none_is_refused(experiments, address):
    pytest.importorskip("distributed")
    line = f"^--cluster {address}: expected 'local' or an address such as tcp://10.0.0.1:8786$"
    with pytest.raises(InputError, match=line), dask_workers(Plan.of(experiments()), address, 1):
        pass


def test_a_scheduler_that_does_not_answer_is_told_in_a_line(experiments, monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr("coinfer.simulator.cluster._TIMEOUT_S", 0.2)
    line = r"^--cluster tcp://127\.0\.0\.1:9: no Dask scheduler answers within 0\.2 s; is the address right"
    with pytest.raises(InputError, match=line), dask_workers(Plan.of(experiments()), "tcp://127.0.0.1:9", 1):
        pass


def test_without_dask_the_extra_is_named(experiments, monkeypatch):
    real = builtins.__import__

    def without_dask(name, *given):
        if name.partition(".")[0] == "distributed":
            raise ImportError(name)
        return real(name, *given)

    monkeypatch.setattr(builtins, "__import__", without_dask)
    line = r"^--cluster: Dask is not installed; pip install 'coinfer\[distributed\]'$"
    with pytest.raises(InputError, match=line), workers(Plan.of(experiments()), cluster="local"):
        pass
