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
    `one_thread`. What torch keeps for each thread of Python, as autocast and counters of operations are, does
    not reach the network when there are several images and threads. Not to be called by two threads at once.

    Args:
        network: from inputs for one image, `[1, ...]`, to `[1, ...]`.
        inputs: each `[images, ...]`.

    Returns:
        `[images, ...]` what it makes of them.
    """
    run, images = torch.inference_mode()(network), [torch.split(tensor, 1) for tensor in inputs]
    workers = min(torch.get_num_threads(), len(images[0]))
    with one_thread():
        if workers == 1:
            return torch.cat(list(map(run, *images)))
        with ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            return torch.cat(list(pool.map(run, *images)))
