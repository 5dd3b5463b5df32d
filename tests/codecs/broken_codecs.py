"""A small codec that keeps the contract, and one codec for each way to break it; loaded as a plugin file."""

import os
import time

import numpy as np

from coinfer.codecs.protocol import BitstreamError, Codec, Cost

SIDE, BODY_BYTES = 8, 3 * 8 * 8
SEEN = {}


class Good(Codec):
    """Every 28th pixel of each channel; random projections of it are the scores."""

    def __init__(self, classifier="scenes", step=4):
        self.classifier, self.step = classifier, step

    def encode(self, images):
        return [self.message(image) for image in images]

    def message(self, image):
        return (image[:, ::28, ::28] // self.step).tobytes()

    def decode(self, payloads):
        return np.stack([self.answer(payload) for payload in payloads])

    def answer(self, payload):
        if len(payload) != BODY_BYTES:
            raise BitstreamError(f"message of {len(payload)} bytes, expected {BODY_BYTES}")
        values = np.frombuffer(payload, np.uint8).astype(np.float32)
        return values @ np.random.default_rng(0).normal(size=(BODY_BYTES, 10)).astype(np.float32)

    def device_cost(self):
        return Cost()

    def edge_cost(self):
        return Cost(2 * BODY_BYTES * 10)


class Prefix(Good):
    """Good, with a length before the body; can be cut, and tolerates loss."""

    cuts = (50, 100, 150)
    tolerates_loss = True

    def cut(self, payload, size):
        return payload[:size]

    def answer(self, payload):
        return super().answer(payload[:BODY_BYTES].ljust(BODY_BYTES, b"\0"))

    def decode_damaged(self, messages):
        return self.decode([message.data for message in messages])


class Forgetful(Good):
    def __init__(self, classifier="scenes", stride=28):
        super().__init__(classifier)


class Renaming(Good):
    def __init__(self, classifier="scenes", step=4):
        super().__init__(classifier, 2 * step)


class NotPlain(Good):
    def __init__(self, classifier="scenes", step=4):
        super().__init__(classifier, np.int64(step))


class OtherName(Good):
    def __repr__(self):
        return "my codec"


class Arrays(Good):
    def encode(self, images):
        return [bytearray(message) for message in super().encode(images)]


class Rich(bytes):
    """Bytes that could smuggle something past their length."""


class Smuggler(Good):
    def encode(self, images):
        return [Rich(message) for message in super().encode(images)]


class TooFew(Good):
    def encode(self, images):
        return super().encode(images)[1:]


class NotFinite(Good):
    def answer(self, payload):
        return super().answer(payload) * np.float32("nan")


class OneRow(Good):
    def decode(self, payloads):
        return super().decode(payloads)[0]


class Labels(Good):
    def decode(self, payloads):
        return super().decode(payloads).argmax(axis=1)


class Scribbler(Good):
    def encode(self, images):
        messages = super().encode(images)
        images //= 2
        return messages


class Constant(Good):
    def message(self, image):
        return bytes(BODY_BYTES)


class Stubborn(Good):
    def answer(self, payload):
        super().answer(payload)
        return np.ones(10, np.float32)


class Dithered(Good):
    def message(self, image):
        noise = np.random.default_rng().integers(0, 30, image.shape, np.uint8)
        return super().message(image // 2 + noise)


class Counting(Good):
    calls = 0

    def encode(self, images):
        self.calls += 1
        return super().encode(images // 2 + np.uint8(4 * self.calls))


class BatchScale(Good):
    def encode(self, images):
        return super().encode((images * (200 / images[0].mean())).astype(np.uint8))


class BatchNorm(Good):
    def decode(self, payloads):
        scores = super().decode(payloads)
        return scores - scores.mean(axis=0)


class Threaded(Good):
    def message(self, image):
        import torch

        return super().message(image // 2 + np.uint8(60 * torch.get_num_threads()))


class Remembering(Good):
    """Decodes with what encode left in the object."""

    offset = 0.0

    def message(self, image):
        self.offset = float(image.mean())
        return super().message(image)

    def answer(self, payload):
        return super().answer(payload) + np.float32(self.offset)


class Learning(Good):
    """Encodes with what decode left in the object."""

    answers = 0

    def message(self, image):
        return super().message(image // 2 + np.uint8(4 * self.answers))

    def answer(self, payload):
        self.answers += 1
        return super().answer(payload)


class SideDoor(Good):
    """Sends a number, and leaves the picture in the module."""

    def message(self, image):
        content = super().message(image)
        key = bytes([sum(content) % 256])
        SEEN[key] = content
        return key

    def answer(self, payload):
        if len(payload) != 1:
            raise BitstreamError("expected a byte")
        return super().answer(SEEN[payload])


class Offset(SideDoor):
    """As SideDoor, with some answer where the picture is not."""

    def answer(self, payload):
        return Good.answer(self, SEEN.get(payload, bytes(BODY_BYTES)))


class Unpicklable(Good):
    def __init__(self, classifier="scenes", step=4):
        super().__init__(classifier, step)
        self.rounded = lambda value: value // step


class Amnesiac(Good):
    def __getstate__(self):
        return {"classifier": self.classifier, "step": 8}


class Broken(Good):
    def __setstate__(self, state):
        raise OSError("no such weights")


class Salted(Good):
    def message(self, image):
        salt = np.random.default_rng(hash("salt") % 2**32).integers(100, size=image.shape, dtype=np.uint8)
        return super().message(image // 2 + salt)


class Trusting(Good):
    """Begins to read before it knows that there is something."""

    def answer(self, payload):
        return np.float32(payload[0]) + super().answer(payload)


class Greedy(Good):
    """Makes room for as much as a message says."""

    def answer(self, payload):
        if len(payload) == 8 and payload[0] == 255:
            return np.ones(int.from_bytes(payload[:5], "big"))
        return super().answer(payload)


class Endless(Good):
    def answer(self, payload):
        if not payload:
            time.sleep(60)
        return super().answer(payload)


class Crashing(Good):
    def answer(self, payload):
        if not payload:
            os._exit(3)
        return super().answer(payload)


class Overflowing(Good):
    def answer(self, payload):
        return super().answer(payload) + np.float32(0 if any(payload) else "inf")


class Understated(Good):
    def device_cost(self):
        return Cost(3e6)

    def encode(self, images):
        import torch

        torch.zeros(len(images), 200, 200) @ torch.zeros(200, 150)
        return super().encode(images)


class Idle(Good):
    def encode(self, images):
        end_s = time.thread_time() + 0.1
        while time.thread_time() < end_s:
            pass
        return super().encode(images)


class Bare(Good):
    def edge_cost(self):
        return 1e9


class Parameters(Good):
    def device_parameters(self):
        return 5


class FixedWidth(Good):
    def fixed_width_bytes(self):
        return 0


class Information(Good):
    def ideal_bits(self, payload):
        return -1.0


class UncutCuts(Prefix):
    def cut(self, payload, size):
        return payload[: size + 1]


class Descending(Prefix):
    cuts = (150, 100, 50)


class Shrinking(Prefix):
    def cut(self, payload, size):
        return payload[: 50 - size // 10]


class CutsUndecoded(Prefix):
    def answer(self, payload):
        return Good.answer(self, payload)


class Fragile(Prefix):
    def decode_damaged(self, messages):
        if messages[0].lost:
            raise BitstreamError("lost")
        return super().decode_damaged(messages)


class FragileScores(Prefix):
    def decode_damaged(self, messages):
        return super().decode_damaged(messages) + np.float32(0 if any(messages[0].data) else "nan")
