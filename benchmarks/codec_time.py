"""Measures the serial part of each codec: the seconds that `encode_s` and `decode_s` of the codecs state.

Run on one core of the reference machine (AMD EPYC, Zen 4), otherwise idle:

    OMP_NUM_THREADS=1 python benchmarks/codec_time.py

Prints the median CPU time an image over 40 drawn frames, in milliseconds, encoder and decoder.
"""

import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any

import torch

from coinfer.codecs.aecnn import Aecnn
from coinfer.codecs.jpeg import Jpeg
from coinfer.codecs.png import Png
from coinfer.models.scenes.scene import Scenes

FRAMES, ROUNDS = 40, 9


def cpu_ms(work: Callable[[Any], object], items: Sequence[Any]) -> float:
    """Median over rounds of the mean CPU time of `work` on an item, in milliseconds."""
    times = []
    for _ in range(ROUNDS):
        start_s = time.process_time()
        for item in items:
            work(item)
        times.append(1e3 * (time.process_time() - start_s) / len(items))
    return median(times)


def main() -> None:
    """Prints a row for each codec."""
    frames = Scenes(FRAMES).load(range(FRAMES))
    for codec in (Png(), Jpeg()):
        payloads = [codec.to_bytes(frame) for frame in frames]
        print(f"{codec!r:45} {cpu_ms(codec.to_bytes, frames):7.3f} {cpu_ms(codec.to_image, payloads):7.3f}")
    aecnn = Aecnn()
    with torch.inference_mode():
        symbols = [aecnn._encoder(torch.from_numpy(frame[None]))[0].int().numpy() for frame in frames]
    payloads = [aecnn.message(image) for image in symbols]
    print(f"{aecnn!r:45} {cpu_ms(aecnn.message, symbols):7.3f} {cpu_ms(aecnn.symbols, payloads):7.3f}")


if __name__ == "__main__":
    main()
