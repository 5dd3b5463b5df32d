"""Who does the units of work: this process, several beside it, or a cluster; the results are the same."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice
from multiprocessing import resource_tracker
from threading import Thread

from coinfer.simulator.errors import CoinferError
from coinfer.simulator.plan import Plan, Unit, run_unit

Runner = Callable[[Iterable[Unit]], Iterator[tuple[Unit, bytes]]]
"""Does units of work and gives each as it is finished, in any order."""

_AHEAD = 2
"""Units handed out for each process: one that it works on, and one that it finds ready."""


class WorkerError(CoinferError):
    """A worker died."""


@contextmanager
def workers(plan: Plan, jobs: int = 1, cluster: str | None = None) -> Iterator[Runner]:
    """Gives who does the units of a plan.

    Args:
        plan: what there is to do.
        jobs: processes; 1 works in this one.
        cluster: instead, the address of a Dask scheduler, or `local` for one on this machine with `jobs`
            workers.

    Raises:
        InputError: the cluster cannot be reached, or Dask is not installed.
    """
    if cluster is not None:
        from coinfer.simulator.cluster import dask_workers

        with dask_workers(plan, cluster, jobs) as runner:
            yield runner
    elif jobs > 1:
        with _processes(plan, jobs) as runner:
            yield runner
    else:
        yield lambda units: ((unit, run_unit(plan, unit)) for unit in units)


@contextmanager
def shielded() -> Iterator[None]:
    """Keeps Ctrl-C from processes and threads that are started meanwhile, until they ask for it."""
    resource_tracker.ensure_running()  # When it starts, it lets Ctrl-C through again.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _processes(plan: Plan, jobs: int) -> Iterator[Runner]:
    pool = ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"), _begin, (plan,))

    def run(units: Iterable[Unit]) -> Iterator[tuple[Unit, bytes]]:
        waiting, running = iter(units), dict[Future[bytes], Unit]()
        while True:
            for unit in islice(waiting, jobs * _AHEAD - len(running)):
                with shielded():
                    running[pool.submit(_run, unit)] = unit
            if not running:
                return
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                yield running.pop(future), future.result()

    try:
        yield run
    except BrokenProcessPool as error:
        raise WorkerError(
            "a process of --jobs died, perhaps of too little memory; finished units are kept: run the same "
            "command again to go on, with fewer --jobs if it happens again"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


_plan: Plan


def _begin(plan: Plan) -> None:
    """Prepare a process: it has the plan, and ends with the process that started it, however that ends."""
    global _plan  # noqa: PLW0603
    _plan = plan
    signal.signal(signal.SIGINT, lambda *_: os._exit(1))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _run(unit: Unit) -> bytes:
    return run_unit(_plan, unit)
