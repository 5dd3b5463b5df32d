"""The checks, in the order in which a codec's author wants to hear of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar

from coinfer.codecs.protocol import Codec
from coinfer.codecs.testing import claim_checks, machine_checks, message_checks
from coinfer.codecs.testing.check import Battery, Check
from coinfer.codecs.testing.subject import Subject, frames

CHECKS = (
    Check(
        "settings",
        "Settings are the constructor's arguments, plain data, and the repr.",
        claim_checks.settings,
    ),
    Check(
        "round trip",
        "An image becomes one message of bytes, and a message one row of finite scores.",
        message_checks.round_trip,
    ),
    Check("pixels", "Encoding leaves the pixels as they were.", message_checks.pixels),
    Check("content", "What is sent, and what it decodes to, depends on the image.", message_checks.content),
    Check(
        "determinism",
        "The same image gives the same bytes, also from a fresh codec.",
        message_checks.determinism,
    ),
    Check(
        "batch",
        "Alone or in a batch, an image gives the same bytes, but for rounding, and scores.",
        message_checks.batch,
    ),
    Check("threads", "Two threads send what one sends, but for rounding.", message_checks.threads),
    Check("halves apart", "Encoder and decoder share nothing but settings.", message_checks.halves),
    Check(
        "honest sizes",
        "The bytes alone suffice, in a process that never saw the image.",
        machine_checks.sizes,
    ),
    Check("worker", "Pickled to another process, the codec sends the same bytes.", machine_checks.worker),
    Check(
        "hostile bytes",
        "Any bytes give a BitstreamError or an answer, in bounded time and memory.",
        machine_checks.hostile,
    ),
    Check("costs", "Stated costs are not far below operations counted and time taken.", claim_checks.costs),
    Check(
        "figures", "Parameters, fixed width and information are numbers that can be.", claim_checks.figures
    ),
    Check("cuts", "Messages cut to the sizes of `cuts` keep to them, and decode.", claim_checks.cuts),
    Check("loss", "A codec that tolerates loss answers, however bad a message is.", claim_checks.loss),
)


class CodecBattery(Battery):
    """All checks as one test class for pytest.

        class TestMyCodec(CodecBattery):
            codec = MyCodec
            settings = {"quality": 30}

    Attributes:
        codec: the class under test, or a function that makes codecs; other processes must be able to
            import it.
        settings: what it is called with.
    """

    codec: ClassVar[Callable[..., Codec]]
    settings: ClassVar[Mapping[str, Any]] = {}

    _made: ClassVar[Subject]

    checks = CHECKS

    def subject(self) -> Subject:
        """Gives all checks the same one."""
        kind = type(self)
        if "_made" not in vars(kind):
            kind._made = Subject(partial(kind.codec, **kind.settings), frames())
        return kind._made
