"""Checks that need other processes: what one machine knows, the other does not."""

from __future__ import annotations

import pickle

import numpy as np

from coinfer.codecs.registry import told
from coinfer.codecs.testing import remote
from coinfer.codecs.testing.check import ContractError
from coinfer.codecs.testing.hostile import hostile_messages
from coinfer.codecs.testing.machines import DEVICE, EDGE, NoAnswerError
from coinfer.codecs.testing.subject import Subject, close, first_difference


def sizes(subject: Subject) -> None:
    """Decodes the bytes in a process that never saw the images."""
    try:
        scores = EDGE.ask(remote.decode, subject.recipe, subject.payloads, within_s=subject.patience_s)
    except NoAnswerError as error:
        raise ContractError(
            f"another process could not decode the bytes: {error}; put all that decode needs "
            f"into the message, whose size counts, or into files that come with the codec"
        ) from error
    if not close(subject.checked(scores, len(subject.payloads), "decode"), subject.scores):
        difference = np.abs(scores - subject.scores).max()
        raise ContractError(
            f"another process decoded the bytes to scores that differ by up to {difference:.3g}: decode uses "
            f"something beside the message; put it into the message, whose size counts"
        )


def worker(subject: Subject) -> None:
    """Sends a pickled codec to another process, which encodes."""
    codec = subject.make()
    try:
        pickled = pickle.dumps(codec)
        shown, sent = DEVICE.ask(
            remote.encode, subject.recipe, pickled, subject.images, within_s=subject.patience_s
        )
    except NoAnswerError as error:
        raise ContractError(
            f"the pickled codec does not work in another process: {error}; keep settings as attributes, "
            f"load weights when they are first used, and define the class in an importable module"
        ) from error
    except Exception as error:
        raise ContractError(
            f"the codec cannot be pickled: {told(error)}; keep plain data as attributes, and make "
            f"the rest when it is first used"
        ) from error
    if shown != repr(codec):
        raise ContractError(f"pickled, {codec!r} became {shown}: keep all settings when pickling")
    difference = first_difference(sent, subject.payloads)
    if difference:
        raise ContractError(
            f"the pickled codec sent other bytes from another process: {difference}; let messages depend on "
            f"the image and the settings alone, not on hashes, the time or the machine"
        )


def hostile(subject: Subject) -> None:
    """Decodes bytes that the codec never sent, in a process that may take little time and memory."""
    good = subject.payloads[0]
    for description, message in hostile_messages(good):
        try:
            problem = EDGE.ask(
                remote.decode_hostile,
                subject.recipe,
                good,
                message,
                subject.classes,
                within_s=subject.patience_s,
            )
        except NoAnswerError as error:
            problem = f"failed: {error}; check what a message says of sizes before using it"
        if problem:
            raise ContractError(f"given {description}, decode {problem}")
