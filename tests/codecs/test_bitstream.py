import pytest

from coinfer.codecs.bitstream import (
    HEADER_BYTES,
    KIND_AECNN,
    KIND_LABEL,
    Message,
    pack,
    short_digest,
    unpack,
)
from coinfer.codecs.protocol import BitstreamError

MESSAGE = Message(KIND_AECNN, 3, 0xBEEF, b"coinfer")


def crc16_ccitt_false(data: bytes) -> int:
    """Bit by bit, from the definition: polynomial 0x1021, start 0xFFFF, nothing reflected."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021) & 0xFFFF if crc & 0x8000 else crc << 1
    return crc


def framed(start: bytes, body: bytes) -> bytes:
    return start + crc16_ccitt_false(start + body).to_bytes(2, "big") + body


def test_the_reference_crc_gives_the_catalogue_s_check_value() -> None:
    assert crc16_ccitt_false(b"123456789") == 0x29B1


def test_header_layout() -> None:
    assert pack(MESSAGE) == framed(bytes([0x13, 0x02, 0xBE, 0xEF]), b"coinfer")
    assert HEADER_BYTES == 6


def test_golden_message() -> None:
    assert pack(MESSAGE).hex() == "1302beef8e14636f696e666572"


@pytest.mark.parametrize("body", [b"", b"\0", bytes(5000)])
def test_round_trip(body: bytes) -> None:
    message = Message(KIND_LABEL, 15, 0xFFFF, body)
    assert unpack(pack(message), KIND_LABEL, 0xFFFF) == message
    assert len(pack(message)) == HEADER_BYTES + len(body)


def test_every_flipped_bit_is_noticed() -> None:
    whole = pack(MESSAGE)
    for bit in range(8 * len(whole)):
        altered = bytearray(whole)
        altered[bit // 8] ^= 1 << bit % 8
        with pytest.raises(BitstreamError):
            unpack(bytes(altered), MESSAGE.kind, MESSAGE.digest)


def test_truncation_at_every_length_is_noticed() -> None:
    whole = pack(MESSAGE)
    for length in range(len(whole)):
        with pytest.raises(BitstreamError):
            unpack(whole[:length], MESSAGE.kind, MESSAGE.digest)


@pytest.mark.parametrize(
    ("payload", "line"),
    [
        (b"\x13\x02", "message of 2 bytes is shorter than its 6-byte header"),
        (framed(b"\x23\x02\xbe\xef", b""), "message of version 2, this decoder reads version 1"),
        (framed(b"\x13\x01\xbe\xef", b""), "message of kind 1, this decoder reads kind 2"),
        (framed(b"\x13\x02\xbe\xee", b""), "message made with checkpoint beee, this decoder has beef"),
        (pack(MESSAGE)[:-1], "CRC-16 does not match: the message was truncated or altered on the way"),
    ],
)
def test_errors_say_what_came_and_what_was_expected(payload: bytes, line: str) -> None:
    with pytest.raises(BitstreamError) as caught:
        unpack(payload, KIND_AECNN, 0xBEEF)
    assert str(caught.value) == line


def test_short_digest_is_the_first_sixteen_bits() -> None:
    assert short_digest("beef" + "0" * 60) == 0xBEEF
