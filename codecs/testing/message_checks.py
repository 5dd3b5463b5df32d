"""Checks of what a codec sends, in this process."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from coinfer.codecs.testing.check import ContractError
from coinfer.codecs.testing.subject import Subject, close, first_difference


def round_trip(subject: Subject) -> None:
    """Encodes the images and decodes the messages; `Subject` checks both."""
    _ = subject.scores


def pixels(subject: Subject) -> None:
    """Encodes images and looks at the images again."""
    given = subject.images[:1].copy()
    subject.codec.encode(given)
    if not np.array_equal(given, subject.images[:1]):
        raise ContractError("encode changed the pixels it was given: work on a copy")


def content(subject: Subject) -> None:
    """Compares messages of different images, and their scores."""
    if len(set(subject.payloads)) == 1:
        raise ContractError("all images gave the same message: what is sent must depend on the image")
    first, *others = subject.scores
    if all(np.array_equal(first, other) for other in others):
        raise ContractError(
            "all messages gave the same scores, different as they are: decode must use what was sent"
        )


def determinism(subject: Subject) -> None:
    """Encodes again, with the same object and with a fresh one."""
    for who, codec in (("the same codec, asked again,", subject.codec), ("a fresh codec", subject.make())):
        difference = first_difference(codec.encode(subject.images.copy()), subject.payloads)
        if difference:
            raise ContractError(
                f"{who} sent other bytes: {difference}; draw no random numbers, "
                f"and keep nothing between calls"
            )


def batch(subject: Subject) -> None:
    """Encodes and decodes one image alone, and all in another order."""
    images, payloads, codec, decoder = subject.images, subject.payloads, subject.codec, subject.decoder
    alone = codec.encode(images[:1].copy())
    turned = codec.encode(np.ascontiguousarray(images[::-1]))[::-1]
    for how, got in (("alone", alone), ("in another order", turned)):
        difference = more_than_rounding(subject, got, payloads[: len(got)])
        if difference:
            raise ContractError(
                f"images encoded {how} gave other bytes: {difference}; code each image by itself, "
                f"with nothing taken from the others of its batch"
            )
    one, backwards = decoder.decode(payloads[:1]), decoder.decode(payloads[::-1])[::-1]
    for how, scores in (("alone", one), ("in another order", backwards)):
        if not close(scores, subject.scores[: len(scores)]):
            raise ContractError(
                f"messages decoded {how} gave other scores: decode each message by itself, "
                f"and set networks to eval()"
            )


def halves(subject: Subject) -> None:
    """Compares codecs that did one half of the work with one that did both."""
    both = subject.make()
    sent = both.encode(subject.images.copy())
    if not close(both.decode(sent), subject.scores):
        raise ContractError(
            "a codec that has encoded decodes to other scores than one that has not: "
            "decode may use the message and the settings, nothing that encode left behind"
        )
    difference = first_difference(both.encode(subject.images.copy()), subject.payloads)
    if difference:
        raise ContractError(
            f"a codec that has decoded sends other bytes than one that has not: {difference}; "
            f"encode may use the image and the settings, nothing that decode left behind"
        )


def threads(subject: Subject) -> None:
    """Encodes with one thread and with two."""
    import torch

    before = torch.get_num_threads()
    try:
        sent = []
        for number in (1, 2):
            torch.set_num_threads(number)
            sent.append(subject.make().encode(subject.images[:1].copy()))
    finally:
        torch.set_num_threads(before)
    one, two = sent
    difference = more_than_rounding(subject, two, one)
    if difference:
        raise ContractError(
            f"two threads sent something else than one: {difference}; threads add up in another order: "
            f"round features to steps before they are coded, and let no tables depend on floats"
        )


def more_than_rounding(subject: Subject, got: Sequence[bytes], wanted: Sequence[bytes]) -> str | None:
    """Says how messages differ that should not; None if they are the same, or differ by rounding alone.

    Networks add up in an order that depends on batch and threads, so that a feature may fall into the next
    step now and then. That may change a size by 1 %, or 8 bytes, and scores by 5 % of their range.
    """
    difference = first_difference(got, wanted)
    if difference is None:
        return None
    for one, other in zip(got, wanted, strict=True):
        if abs(len(one) - len(other)) > max(8, 0.01 * len(other)):
            return difference
    scores, expected = subject.decoder.decode(got), subject.decoder.decode(wanted)
    moved = np.abs(scores - expected).max(axis=1) / np.ptp(expected, axis=1)
    same = scores.argmax(axis=1) == expected.argmax(axis=1)
    return None if same.all() and (moved <= 0.05).all() else difference
