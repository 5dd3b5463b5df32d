"""Checks of what a codec says of itself: settings, costs, cuts, tolerance of loss."""

from __future__ import annotations

import inspect
import json
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from math import isfinite
from typing import Any

import numpy as np

from coinfer.codecs.protocol import Codec, Cost, Damaged
from coinfer.codecs.testing.check import ContractError, DoesNotApply
from coinfer.codecs.testing.subject import Subject

LEAST_SHARE = 0.75
"""Of the operations counted, how much must be stated; a multiply-accumulate counts 2."""

MOST_TIMES = 20
"""How many times the stated work may be exceeded by this machine, on top of 50 ms."""

SLOW_FLOPS = 2e9
"""Of a very slow core, a second."""


def settings(subject: Subject) -> None:
    """Makes the codec again from its settings, and compares."""
    codec = subject.codec
    kind = type(codec)
    parameters = inspect.signature(kind).parameters
    if "classifier" not in parameters:
        raise ContractError(f"{kind.__name__} takes no 'classifier': give its constructor one")
    lacking = [name for name in parameters if not hasattr(codec, name)]
    if lacking:
        raise ContractError(
            f"the constructor's argument '{lacking[0]}' is no attribute: keep it as self.{lacking[0]}"
        )
    given = codec.settings
    try:
        plain = json.loads(json.dumps(given)) == given
    except (TypeError, ValueError):
        plain = False
    if not plain:
        raise ContractError(
            f"settings are no plain data, as a scenario writes it: {given}; take numbers, words, "
            f"lists and mappings alone"
        )
    again = kind(**given)
    if again.settings != given:
        raise ContractError(f"made of {given}, the codec has {again.settings}: keep arguments as they are")
    arguments = ", ".join(f"{name}={value!r}" for name, value in given.items())
    if repr(codec) != f"{kind.__name__}({arguments})":
        raise ContractError(f"repr is {codec!r}, expected the constructor call {kind.__name__}({arguments})")


def costs(subject: Subject) -> None:
    """Compares what `device_cost` and `edge_cost` state with operations counted and time taken here."""
    from coinfer.codecs.threads import one_thread

    image, message = subject.images[:1].copy(), subject.payloads[:1]
    codec, decoder = subject.codec, subject.decoder
    _ = subject.scores
    with one_thread():
        _cost("device_cost", codec.device_cost, lambda: codec.encode(image))
        _cost("edge_cost", decoder.edge_cost, lambda: decoder.decode(message))


def _cost(name: str, state: Callable[[], Cost], work: Callable[[], Any]) -> None:
    from torch.utils.flop_counter import FlopCounterMode

    stated = state()
    if not isinstance(stated, Cost):
        raise ContractError(f"{name} returned {stated!r}: return a coinfer.codecs.protocol.Cost")
    with FlopCounterMode(display=False) as counter:
        work()
    counted = counter.get_total_flops()
    if stated.flops < LEAST_SHARE * counted:
        raise ContractError(
            f"{name} states {stated.flops:.3g} FLOPs, but {counted:.3g} were counted: count 2 for a "
            f"multiply-accumulate (coinfer.models.flops.count_flops does)"
        )
    allowed_s = 0.05 + MOST_TIMES * (stated.serial_s + stated.flops / SLOW_FLOPS)
    taken_s = min(_cpu_s(work) for _ in range(2))
    if taken_s > allowed_s:
        raise ContractError(
            f"{name} states {stated.serial_s:g} s of serial code and {stated.flops:.3g} FLOPs, but took "
            f"{taken_s:.2g} s: state the seconds of serial code as well"
        )


def _cpu_s(work: Callable[[], Any]) -> float:
    start_s = time.thread_time()
    work()
    return time.thread_time() - start_s


def figures(subject: Subject) -> None:
    """Looks at `device_parameters`, `fixed_width_bytes` and `ideal_bits`."""
    codec = subject.codec
    parameters = codec.device_parameters()
    good = isinstance(parameters, tuple) and len(parameters) == 2
    if not (good and all(isinstance(number, int) and number >= 0 for number in parameters)):
        raise ContractError(f"device_parameters returned {parameters!r}: return (parameters, bytes)")
    fixed = codec.fixed_width_bytes()
    if fixed is not None and not (isinstance(fixed, int) and fixed > 0):
        raise ContractError(f"fixed_width_bytes returned {fixed!r}: return a whole number above 0, or None")
    for payload in subject.payloads:
        bits = codec.ideal_bits(payload)
        if bits is not None and not (isfinite(bits) and bits >= 0):
            raise ContractError(
                f"ideal_bits returned {bits!r}: return the information of the message's content under "
                f"the codec's tables, or None"
            )


def cuts(subject: Subject) -> None:
    """Cuts each message to each size, and decodes what is left."""
    codec, asked = subject.codec, subject.codec.cuts
    if not asked:
        raise DoesNotApply("messages cannot be cut")
    if not all(isinstance(size, int) for size in asked) or not all(a < b for a, b in pairwise((0, *asked))):
        raise ContractError(f"cuts are {asked}: list sizes in bytes, above 0 and ascending")
    for size in asked:
        messages = [codec.cut(payload, size) for payload in subject.payloads if len(payload) > size]
        wrong = [message for message in messages if type(message) is not bytes or len(message) > size]
        if wrong:
            raise ContractError(
                f"cut to {size} bytes, a message has {len(wrong[0])}: return at most {size} bytes"
            )
        if messages:
            subject.checked(
                subject.decoder.decode(messages), len(messages), f"decode, of cuts to {size} bytes,"
            )
    _lengths_rise(codec, subject)


def _lengths_rise(codec: Codec, subject: Subject) -> None:
    for payload in subject.payloads:
        lengths = [len(codec.cut(payload, size)) for size in codec.cuts if size < len(payload)]
        if any(longer < shorter for shorter, longer in pairwise(lengths)):
            raise ContractError(
                f"cut to {codec.cuts}, a message has {lengths} bytes: a larger size gives no less"
            )


def loss(subject: Subject) -> None:
    """Decodes messages of which parts are erased, or bits are flipped."""
    if not subject.codec.tolerates_loss:
        raise DoesNotApply("damaged messages are discarded")
    for description, message in damaged_messages(subject.payloads[0]):
        try:
            scores = subject.decoder.decode_damaged([message])
        except Exception as error:
            raise ContractError(
                f"given a message with {description}, decode_damaged raised {type(error).__name__}: {error}; "
                f"answer however bad a message is, or leave tolerates_loss False"
            ) from error
        subject.checked(scores, 1, f"decode_damaged, of a message with {description},")


def damaged_messages(whole: bytes) -> Iterator[tuple[str, Damaged]]:
    """Damages a message in the ways that a link does, each with a description; always the same."""
    length, half = len(whole), len(whole) // 2
    yield "its first half erased", Damaged(bytes(half) + whole[half:], ((0, half),))
    yield "its second half erased", Damaged(whole[:half] + bytes(length - half), ((half, length),))
    yield "all of it erased", Damaged(bytes(length), ((0, length),))
    flipped = np.frombuffer(whole, np.uint8) ^ np.random.default_rng(0).choice([0, 0, 0, 1, 128], length)
    yield "flipped bits", Damaged(flipped.astype(np.uint8).tobytes())
