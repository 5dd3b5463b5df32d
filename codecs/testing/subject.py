"""What the battery runs on: a way to make the codec, a few images, and what came of them so far."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from coinfer.codecs.protocol import Codec
from coinfer.codecs.testing.check import ContractError
from coinfer.models.scenes.scene import Scenes


def frames(count: int = 2) -> NDArray[np.uint8]:
    """`[count, 3, 224, 224]` RGB pixels of the drawn scenes, each of another class up to ten."""
    return Scenes(count, seed=0).load(range(count))


@dataclass(frozen=True)
class Subject:
    """A codec under test.

    Args:
        make: makes the codec anew, always the same; must pickle, since other processes make it, too.
        images: `[images, 3, 224, 224]` RGB pixels, two or more, of different classes.
        patience_s: seconds that another process may take for one answer, hostile bytes included.
    """

    make: Callable[[], Codec]
    images: NDArray[np.uint8]
    patience_s: float = 60.0

    @cached_property
    def codec(self) -> Codec:
        """The device's codec, whose messages are `payloads`."""
        return self.make()

    @cached_property
    def payloads(self) -> list[bytes]:
        """What the device sends for the images."""
        payloads = self.codec.encode(self.images.copy())
        kinds = [type(payload) for payload in payloads] if isinstance(payloads, list) else []
        if kinds != [bytes] * len(self.images):
            among = f" with {', '.join(kind.__name__ for kind in kinds)}" if kinds else ""
            raise ContractError(
                f"encode returned a {type(payloads).__name__}{among} for {len(self.images)} images: return "
                f"a list with one message for each image, of type bytes and no subclass of it"
            )
        return payloads

    @cached_property
    def decoder(self) -> Codec:
        """The edge's codec, which never encodes."""
        return self.make()

    @cached_property
    def scores(self) -> NDArray[np.float32]:
        """What the edge makes of the messages: `[images, classes]` scores."""
        return self.checked(self.decoder.decode(self.payloads), len(self.payloads), "decode")

    @cached_property
    def recipe(self) -> bytes:
        """`make`, pickled for another process."""
        return pickle.dumps(self.make)

    @cached_property
    def classes(self) -> int:
        """How many classes there are to decide between."""
        from coinfer.codecs.network import backbone_for

        classifier = self.codec.classifier
        return len(backbone_for(classifier).class_names[classifier])

    def checked(self, scores: NDArray[np.float32], messages: int, method: str) -> NDArray[np.float32]:
        """Checks that `method` returned finite scores for each message and class.

        Raises:
            ContractError: it did not.
        """
        problem = wrong_scores(scores, messages, self.classes)
        if problem:
            raise ContractError(f"{method} returned {problem}")
        return scores


def wrong_scores(scores: object, messages: int, classes: int) -> str | None:
    """Says what is wrong with scores, and what to do; None if nothing is."""
    wanted = (messages, classes)
    if not isinstance(scores, np.ndarray) or scores.dtype.kind != "f":
        kind = scores.dtype if isinstance(scores, np.ndarray) else type(scores).__name__
        return f"{kind} instead of scores: return a numpy array of floats of shape {wanted}"
    if scores.shape != wanted:
        return f"scores of shape {scores.shape}: return {wanted}, a row a message and a column a class"
    if not np.isfinite(scores).all():
        return "NaN or infinite scores: return finite ones, and refuse bytes that give others"
    return None


def close(first: NDArray[np.float32], second: NDArray[np.float32]) -> bool:
    """Whether scores agree but for the last digits, in which batches and threads may differ."""
    return first.shape == second.shape and np.allclose(first, second, rtol=1e-3, atol=1e-3)


def first_difference(got: Sequence[bytes], wanted: Sequence[bytes]) -> str | None:
    """Says in which message two encodings differ first, and where; None if in none."""
    for number, (one, other) in enumerate(zip(got, wanted, strict=True)):
        if one != other:
            place = next(
                (at for at, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]),
                min(len(one), len(other)),
            )
            return f"message {number} differs from byte {place} on ({len(one)} bytes and {len(other)})"
    return None
