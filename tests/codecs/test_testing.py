"""The battery passes a codec that keeps the contract, and each of its checks fails one that does not."""

from functools import partial
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from coinfer.codecs.jpeg import Jpeg
from coinfer.codecs.local import Local
from coinfer.codecs.protocol import Codec, Cost
from coinfer.codecs.registry import create_plugin
from coinfer.codecs.testing import CHECKS, CodecBattery, ContractError, DoesNotApply, Subject, outcome
from coinfer.codecs.testing.hostile import hostile_messages
from coinfer.codecs.testing.message_checks import more_than_rounding

FILE = Path(__file__).with_name("broken_codecs.py")
BY_NAME = {check.name: check for check in CHECKS}

BROKEN = [
    ("settings", "Forgetful", "argument 'stride' is no attribute: keep it as self.stride"),
    ("settings", "Renaming", "made of {'classifier': 'scenes', 'step': 8}, the codec has"),
    ("settings", "NotPlain", "settings are no plain data"),
    ("settings", "OtherName", "repr is my codec, expected the constructor call Other"),
    ("round trip", "Arrays", "encode returned a list with bytearray, bytearray for 2 images"),
    ("round trip", "Smuggler", "with Rich, Rich for 2 images: return a list with one message"),
    ("round trip", "TooFew", "encode returned a list with bytes for 2 images"),
    ("round trip", "NotFinite", "decode returned NaN or infinite scores"),
    ("round trip", "OneRow", "scores of shape (10,): return (2, 10)"),
    ("round trip", "Labels", "decode returned int64 instead of scores"),
    ("pixels", "Scribbler", "encode changed the pixels"),
    ("content", "Constant", "all images gave the same message"),
    ("content", "Stubborn", "all messages gave the same scores"),
    ("determinism", "Dithered", "the same codec, asked again, sent other bytes: message 0 differs from "),
    ("determinism", "Counting", "the same codec, asked again, sent other bytes"),
    ("batch", "BatchScale", "images encoded in another order gave other bytes"),
    ("batch", "BatchNorm", "messages decoded alone gave other scores"),
    ("threads", "Threaded", "two threads sent something else than one"),
    ("halves apart", "Remembering", "a codec that has encoded decodes to other scores"),
    ("halves apart", "Learning", "a codec that has decoded sends other bytes"),
    ("honest sizes", "SideDoor", "another process could not decode the bytes: KeyError"),
    ("honest sizes", "Offset", "another process decoded the bytes to scores that differ by up to"),
    ("worker", "Unpicklable", "the codec cannot be pickled"),
    ("worker", "Amnesiac", "step=4) became Amnesiac(classifier='scenes', step=8): keep all settings"),
    ("worker", "Broken", "does not work in another process: OSError: no such weights (broken_codecs.py, "),
    ("worker", "Salted", "the pickled codec sent other bytes from another process"),
    ("hostile bytes", "Trusting", "given an empty message, decode raised IndexError: index out of range "),
    ("hostile bytes", "Greedy", "given 8 bytes of 255, decode raised"),
    ("hostile bytes", "Endless", "given an empty message, decode failed: it did not end within 2 s"),
    ("hostile bytes", "Crashing", "given an empty message, decode failed: the process died (exit code 3)"),
    ("hostile bytes", "Overflowing", "given 192 bytes of 0, decode returned NaN or infinite scores"),
    ("costs", "Understated", "device_cost states 3e+06 FLOPs, but 1.2e+07 were counted"),
    ("costs", "Idle", "device_cost states 0 s of serial code"),
    ("costs", "Bare", "edge_cost returned 1000000000.0: return a coinfer.codecs.protocol.Cost"),
    ("figures", "Parameters", "device_parameters returned 5"),
    ("figures", "FixedWidth", "fixed_width_bytes returned 0"),
    ("figures", "Information", "ideal_bits returned -1.0"),
    ("cuts", "UncutCuts", "cut to 50 bytes, a message has 51"),
    ("cuts", "Descending", "cuts are (150, 100, 50): list sizes"),
    ("cuts", "Shrinking", "cut to (50, 100, 150), a message has [45, 40, 35] bytes"),
    ("cuts", "CutsUndecoded", "the codec raised BitstreamError"),
    ("loss", "Fragile", "given a message with its first half erased, decode_damaged raised BitstreamError"),
    ("loss", "FragileScores", "decode_damaged, of a message with all of it erased, returned NaN"),
]  # fmt: skip


@pytest.fixture
def subject(frames: NDArray[np.uint8]) -> "partial[Subject]":
    return partial(_subject, frames[:2])


def _subject(images: NDArray[np.uint8], name: str) -> Subject:
    return Subject(partial(create_plugin, f"{FILE}:{name}", {}, "scenes"), images, patience_s=2)


@pytest.mark.parametrize(("check", "codec", "reason"), BROKEN, ids=[codec for _, codec, _ in BROKEN])
def test_a_broken_codec_fails(subject: "partial[Subject]", check: str, codec: str, reason: str) -> None:
    found = outcome(BY_NAME[check], subject(codec))
    assert (found.verdict, found.check.name) == ("FAIL", check)
    assert reason in found.reason
    assert "\n" not in found.reason


def test_each_check_has_a_codec_that_fails_it() -> None:
    assert [name for name in BY_NAME if name not in {check for check, *_ in BROKEN}] == []
    assert len(BY_NAME) == len(CHECKS)


def test_a_good_codec_passes_all_that_applies(subject: "partial[Subject]") -> None:
    given = subject("Good")
    found = {check.name: outcome(check, given) for check in CHECKS}
    assert {name: result.reason for name, result in found.items() if result.verdict == "FAIL"} == {}
    assert {name for name, result in found.items() if result.verdict == "no"} == {"cuts", "loss"}


def test_a_codec_without_classifier_fails(frames: NDArray[np.uint8]) -> None:
    class NoClassifier(Jpeg):
        def __init__(self, quality: int = 30) -> None:
            super().__init__("scenes", quality)

    found = outcome(BY_NAME["settings"], Subject(NoClassifier, frames))
    assert found.reason == "NoClassifier takes no 'classifier': give its constructor one"


def test_pytest_sees_failure_and_skip(subject: "partial[Subject]") -> None:
    with pytest.raises(ContractError):
        BY_NAME["pixels"](subject("Scribbler"))
    with pytest.raises(DoesNotApply):
        BY_NAME["cuts"](subject("Good"))


class TestPrefix(CodecBattery):
    """The battery as a test class of one's own."""

    codec = create_plugin
    settings: ClassVar = {"reference": f"{FILE}:Prefix", "settings": {"step": 8}, "classifier": "scenes"}


def test_rounding_is_no_difference(subject: "partial[Subject]") -> None:
    given = subject("Good")
    (payload, _) = given.payloads
    nudged = bytes([payload[0] + 1]) + payload[1:]
    assert more_than_rounding(given, [nudged], [payload]) is None
    assert more_than_rounding(given, [payload[::-1]], [payload]) == (
        "message 0 differs from byte 0 on (192 bytes and 192)"
    )
    assert more_than_rounding(given, [payload + bytes(9)], [payload]) == (
        "message 0 differs from byte 192 on (201 bytes and 192)"
    )


def test_hostile_messages_are_hostile_and_always_the_same() -> None:
    whole = bytes(range(200))
    first, again = list(hostile_messages(whole)), list(hostile_messages(whole))
    assert first == again
    assert whole not in [message for _, message in first]
    assert len({description for description, _ in first}) == len(first) > 20
    assert {len(message) for description, message in first if "flipped" in description} == {200}
    assert next(message for _, message in hostile_messages(b"")) == b""


@pytest.mark.parametrize("error", [RuntimeError("boom"), SystemExit("boom")])
def test_a_codec_that_raises_fails_with_the_place(subject: "partial[Subject]", error: BaseException) -> None:
    def encode(self: Codec, images: NDArray[np.uint8]) -> list[bytes]:
        raise error

    given = subject("Good")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(type(given.codec), "encode", encode)
        found = outcome(BY_NAME["round trip"], given)
    assert found.reason.startswith(f"the codec raised {type(error).__name__}: boom (test_testing.py, line ")


def test_work_on_other_threads_counts(frames: NDArray[np.uint8]) -> None:
    class Free(Local):
        def device_cost(self) -> Cost:
            return Cost()

    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        found = outcome(BY_NAME["costs"], Subject(Free, frames[:2]))
    finally:
        torch.set_num_threads(before)
    assert found.reason.startswith("device_cost states 0 FLOPs, but 8.")
