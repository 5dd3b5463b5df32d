"""Two other processes, one that only encodes and one that only decodes, as device and edge are two machines.

They are started when first asked, and have seen nothing of what this process knows. What they run is in
`remote`.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any

from coinfer.codecs.registry import told


class NoAnswerError(Exception):
    """A call to another machine raised, took too long, or brought the process down."""


class Machine:
    """A process that answers calls, one after the other; started anew after it was lost."""

    def __init__(self) -> None:
        self._process: SpawnProcess | None = None
        self._line: Connection | None = None

    def ask(self, work: Callable[..., Any], *given: Any, within_s: float) -> Any:
        """Calls `work(*given)` over there, in this process's working folder.

        Raises:
            NoAnswerError: the call raised, took too long, or brought the process down.
        """
        line = self._connected()
        line.send_bytes(pickle.dumps((os.getcwd(), work, given)))
        if not line.poll(within_s):
            self.stop()
            raise NoAnswerError(f"it did not end within {within_s:g} s")
        try:
            worked, answer = pickle.loads(line.recv_bytes())
        except EOFError:
            raise NoAnswerError(f"the process died (exit code {self._ended()})") from None
        if not worked:
            raise NoAnswerError(answer)
        return answer

    def stop(self) -> None:
        """Ends the process, if there is one."""
        if self._process is not None:
            self._process.kill()
            self._ended()

    def _connected(self) -> Connection:
        if self._line is None:
            context = multiprocessing.get_context("spawn")
            self._line, there = context.Pipe()
            self._process = context.Process(target=_answer, args=(there,), daemon=True)
            self._process.start()
            there.close()
            self._line.recv_bytes()
        return self._line

    def _ended(self) -> int | None:
        code = None
        if self._process is not None:
            self._process.join()
            code = self._process.exitcode
        if self._line is not None:
            self._line.close()
        self._process = self._line = None
        return code


DEVICE, EDGE = Machine(), Machine()


def _answer(line: Connection) -> None:
    """Says that it is there, and answers calls until the other side hangs up."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ["OMP_NUM_THREADS"] = "1"  # what torch, once imported, takes for its number of threads
    line.send_bytes(b"ready")
    while True:
        try:
            call = line.recv_bytes()
        except EOFError:
            return
        try:
            folder, work, given = pickle.loads(call)
            os.chdir(folder)
            answer = (True, work(*given))
        except Exception as error:
            answer = (False, told(error))
        line.send_bytes(pickle.dumps(answer))
