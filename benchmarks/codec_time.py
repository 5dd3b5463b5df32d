"""Measures the serial part of each codec: seconds that it states in `encode_s`, `decode_s` and `search_s`.

Run on one core of the reference machine (AMD EPYC, Zen 4), otherwise idle:

    OMP_NUM_THREADS=1 python benchmarks/codec_time.py

Prints the median CPU time an image over 40 drawn frames, in milliseconds, encoder and decoder. For the codecs
that send whole feature maps, at layer2: over 401,408 it is `encode_s_per_value` and `decode_s_per_value`.
Then, for the trained codecs at layer2, how much longer `encode` takes than the network's head alone, one
image at a time: the median share over the frames, head and encoder timed one after the other.
"""

from collections.abc import Callable, Sequence
from statistics import median
from time import perf_counter, process_time
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from coinfer.codecs.aecnn import Aecnn
from coinfer.codecs.anytime import Anytime
from coinfer.codecs.bottlenet import Bottlenet
from coinfer.codecs.jpeg import Jpeg
from coinfer.codecs.png import Png
from coinfer.codecs.protocol import Codec
from coinfer.codecs.split import SplitFloat32, SplitInt8
from coinfer.codecs.webp import Webp
from coinfer.models.backbone import shipped
from coinfer.models.scenes.scene import Scenes

FRAMES, ROUNDS, SEARCH_ROUNDS = 40, 9, 3


def cpu_ms(work: Callable[[Any], object], items: Sequence[Any], rounds: int = ROUNDS) -> float:
    """Median over rounds of the mean CPU time of `work` on an item, in milliseconds."""
    times = []
    for _ in range(rounds):
        start_s = process_time()
        for item in items:
            work(item)
        times.append(1e3 * (process_time() - start_s) / len(items))
    return median(times)


def row(
    codec: Codec,
    write: Callable[[Any], bytes],
    read: Callable[[bytes], object],
    items: Sequence[Any],
    rounds: int = ROUNDS,
) -> None:
    """Prints a codec's encoder and decoder."""
    payloads = [write(item) for item in items]
    write_ms, read_ms = cpu_ms(write, items, rounds), cpu_ms(read, payloads, rounds)
    print(f"{codec!r:66} {write_ms:7.3f} {read_ms:7.3f}", flush=True)


@torch.inference_mode()
def features(network: torch.nn.Module, frames: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
    """The network's output for each frame."""
    return [network(torch.from_numpy(frame[None])).numpy()[0] for frame in frames]


@torch.inference_mode()
def beyond_head(codec: Codec, frames: NDArray[np.uint8]) -> float:
    """Median over frames of the wall time of `encode` over that of the head, less 1."""
    head = shipped().head("layer2")
    codec.encode(frames[:1])
    shares = []
    for frame in frames:
        start_s = perf_counter()
        head(torch.from_numpy(frame[None]))
        between_s = perf_counter()
        codec.encode(frame[None])
        shares.append((perf_counter() - between_s) / (between_s - start_s) - 1)
    return median(shares)


def main() -> None:
    """Prints a row for each codec, and a second table."""
    frames = Scenes(FRAMES).load(range(FRAMES))
    for image_codec in (Png(), Jpeg(), Webp()):
        row(image_codec, image_codec.to_bytes, image_codec.to_image, frames)
    for kind in (Jpeg, Webp):
        for max_bytes in kind.search_s:
            searching = kind(max_bytes=max_bytes)
            row(searching, searching.to_bytes, searching.to_image, frames, SEARCH_ROUNDS)
    maps = features(shipped().head("layer2"), frames)
    for split in (SplitFloat32(), SplitInt8()):
        row(split, split.message, split.features, maps)
    trained = Aecnn(), Anytime(), Bottlenet(), Bottlenet(coded=True)
    for codec in trained:
        symbols = [image.astype(np.int32) for image in features(codec._encoder, frames)]
        row(codec, codec.message, codec.symbols, symbols)
    for codec in trained:
        print(f"{codec!r:66} {100 * beyond_head(codec, frames):6.1f} % beyond the head", flush=True)


if __name__ == "__main__":
    main()
