"""How many threads a network runs on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def one_thread() -> Iterator[None]:
    """Runs networks on one thread for a while.

    The last bits of a convolution depend on the number of threads, with AVX2 and with AVX-512. Quantised
    they hardly matter; features that are sent as they are would be other bytes.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
