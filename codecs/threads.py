"""How many threads a network runs on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import torch
from torch import Tensor


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


def one_by_one(network: Callable[..., Tensor], *inputs: Tensor) -> Tensor:
    """Runs a network on each image by itself, on one thread, as many images at a time as torch has threads.

    So neither the number of threads nor the other images of a batch change a bit of the result; see
    `one_thread`.

    Args:
        network: from inputs for one image, `[1, ...]`, to `[1, ...]`.
        inputs: each `[images, ...]`.

    Returns:
        `[images, ...]` what it makes of them.
    """
    workers, run = torch.get_num_threads(), torch.inference_mode()(network)
    images = [tensor.split(1) for tensor in inputs]
    if workers == 1:
        return torch.cat(list(map(run, *images)))
    with one_thread(), ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        return torch.cat(list(pool.map(run, *images)))
