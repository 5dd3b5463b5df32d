"""The header of coinfer's own messages: six bytes that say what follows and whether it arrived whole.

    byte 0      version (high four bits) and mode (low four bits)
    byte 1      kind: which codec
    bytes 2-3   first 16 bits of the checkpoint's SHA-256, or of the class names' where there is no checkpoint
    bytes 4-5   CRC-16/CCITT-FALSE over bytes 0-3 and the body

All numbers are big-endian. Shapes live in the checkpoint. A change here is a BREAKING change.
"""

from __future__ import annotations

import binascii
import struct
from dataclasses import dataclass

from coinfer.codecs.protocol import BitstreamError

VERSION = 1
HEADER_BYTES = 6

KIND_LABEL, KIND_AECNN, KIND_BOTTLENET, KIND_ANYTIME = 1, 2, 3, 4
KIND_SPLIT_FLOAT32, KIND_SPLIT_INT8 = 5, 6

_LAYOUT = struct.Struct(">BBH")
_CRC = struct.Struct(">H")


@dataclass(frozen=True)
class Message:
    """One message: `mode` 0..15, `kind` 0..255, a 16-bit digest, and the body."""

    kind: int
    mode: int
    digest: int
    body: bytes


def pack(message: Message) -> bytes:
    """Writes a message as bytes."""
    start = _LAYOUT.pack(VERSION << 4 | message.mode, message.kind, message.digest)
    return start + _CRC.pack(_crc(start, message.body)) + message.body


def unpack(payload: bytes, kind: int, digest: int) -> Message:
    """Reads a message and checks that it is whole, of this codec and of this checkpoint.

    Raises:
        BitstreamError: it is not.
    """
    if len(payload) < HEADER_BYTES:
        raise BitstreamError(
            f"message of {len(payload)} bytes is shorter than its {HEADER_BYTES}-byte header"
        )
    start, body = payload[: _LAYOUT.size], payload[HEADER_BYTES:]
    first, got_kind, got_digest = _LAYOUT.unpack(start)
    if first >> 4 != VERSION:
        raise BitstreamError(f"message of version {first >> 4}, this decoder reads version {VERSION}")
    if _CRC.unpack(payload[_LAYOUT.size : HEADER_BYTES])[0] != _crc(start, body):
        raise BitstreamError("CRC-16 does not match: the message was truncated or altered on the way")
    if got_kind != kind:
        raise BitstreamError(f"message of kind {got_kind}, this decoder reads kind {kind}")
    if got_digest != digest:
        raise BitstreamError(f"message made with checkpoint {got_digest:04x}, this decoder has {digest:04x}")
    return Message(kind, first & 0x0F, digest, body)


def short_digest(sha256_hex: str) -> int:
    """First 16 bits of a SHA-256."""
    return int(sha256_hex[:4], 16)


def _crc(start: bytes, body: bytes) -> int:
    return binascii.crc_hqx(body, binascii.crc_hqx(start, 0xFFFF))
