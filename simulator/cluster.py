"""Units of work on a Dask cluster, whose workers need no file of this machine.

The plan travels as bytes, recordings of channels included, once to each worker. It is a task of the
cluster's, as the units are: what is lost with a worker is done again by another.
"""

from __future__ import annotations

import logging
import pickle
import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache, lru_cache
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import uuid4

from coinfer.simulator import identity
from coinfer.simulator.errors import InputError
from coinfer.simulator.experiment import Experiment
from coinfer.simulator.plan import Plan, Unit, run_unit
from coinfer.simulator.workers import Runner, WorkerError, shielded

_AHEAD = 2
"""Units handed out for each thread of the cluster."""

_FEWEST = 4
"""Units handed out at least: a cluster that starts workers on demand must see some."""

_TIMEOUT_S = 10


@contextmanager
def dask_workers(plan: Plan, address: str, jobs: int) -> Iterator[Runner]:
    """Gives a cluster that does the units of a plan.

    Args:
        plan: what there is to do.
        address: of a Dask scheduler; `local` starts one on this machine and stops it afterwards.
        jobs: workers of a local one.

    Raises:
        InputError: it cannot be reached, or Dask is not installed.
        WorkerError: the cluster gave up on a unit, or a worker has another version of coinfer.
    """
    try:
        import distributed
    except ImportError as error:
        raise InputError("--cluster: Dask is not installed; pip install 'coinfer[distributed]'") from error
    from distributed.comm.core import CommClosedError
    from distributed.scheduler import KilledWorker

    with _client(distributed, address, jobs) as client:
        try:
            yield _runner(distributed, client, _packed(plan))
        except (KilledWorker, distributed.client.FutureCancelledError, CommClosedError) as error:
            raise WorkerError(
                f"--cluster {address}: a unit failed for good ({type(error).__name__}); finished units "
                f"are kept: look at the workers' logs and memory, then run the same command again to go on"
            ) from error


@contextmanager
def _client(distributed: Any, address: str, jobs: int) -> Iterator[Any]:
    if address == "local":
        with shielded():
            cluster = distributed.LocalCluster(
                n_workers=jobs,
                threads_per_worker=1,
                host="127.0.0.1",
                dashboard_address="127.0.0.1:0",
                silence_logs=logging.CRITICAL,  # Workers that are stopped complain of each other.
            )
        with cluster, distributed.Client(cluster) as client:
            yield client
        return
    if not re.fullmatch(r"([a-z]+://)?([^:/\s]+|\[[0-9a-f:]+\]):[0-9]+", address):
        raise InputError(f"--cluster {address}: expected 'local' or an address such as tcp://10.0.0.1:8786")
    try:
        client = distributed.Client(address, timeout=_TIMEOUT_S, set_as_default=False)
    except (OSError, ValueError) as error:
        raise InputError(
            f"--cluster {address}: no Dask scheduler answers within {_TIMEOUT_S} s; is the address right, "
            f"and reachable from here?"
        ) from error
    with client:
        yield client


def _runner(distributed: Any, client: Any, packed: bytes) -> Runner:
    run = uuid4().hex
    plan = client.submit(_same, packed, key=f"coinfer-plan-{run}")
    code = identity.code()

    def give(unit: Unit) -> Any:
        return client.submit(_run, plan, unit, code, key=f"coinfer-{run}-{'-'.join(map(str, unit))}")

    def runner(units: Iterable[Unit]) -> Iterator[tuple[Unit, bytes]]:
        waiting, names = iter(units), dict[str, Unit]()
        running = distributed.as_completed(loop=client.loop, with_results=True)
        while True:
            most = max(_AHEAD * sum(client.nthreads().values()), _FEWEST)
            for unit in islice(waiting, max(most - len(names), 0)):
                future = give(unit)
                names[future.key] = unit
                running.add(future)
            if not names:
                return
            future, content = next(running)
            yield names.pop(future.key), content

    return runner


def _packed(plan: Plan) -> bytes:
    links = [experiment.scenario.link for experiment in plan.experiments]
    files = {link.recording.file for link in links if link.recording}
    return pickle.dumps((plan, {file: file.read_bytes() for file in files}))


@lru_cache(maxsize=1)
def _unpacked(packed: bytes) -> Plan:
    """Unpack a plan in a worker, with the recordings as files of the worker's own."""
    plan: Plan
    contents: dict[Path, bytes]
    plan, contents = pickle.loads(packed)
    copies = {file: _copy(content, file.name) for file, content in contents.items()}
    if not copies:
        return plan
    return replace(plan, experiments=[_moved(experiment, copies) for experiment in plan.experiments])


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="coinfer-")


def _copy(content: bytes, name: str) -> Path:
    folder = Path(_folder().name) / sha256(content).hexdigest()
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(content)
    return folder / name


def _moved(experiment: Experiment, copies: dict[Path, Path]) -> Experiment:
    link = experiment.scenario.link
    if link.recording is None:
        return experiment
    recording = link.recording.model_copy(update={"file": copies[link.recording.file]})
    moved = link.model_copy(update={"recording": recording})
    return replace(experiment, scenario=experiment.scenario.model_copy(update={"link": moved}))


def _same(packed: bytes) -> bytes:
    return packed


def _run(packed: bytes, unit: Unit, code: str) -> bytes:
    if identity.code() != code:
        raise WorkerError(
            "--cluster: a worker has another version of coinfer or of its libraries than this machine; "
            "install the same there"
        )
    return run_unit(_unpacked(packed), unit)
