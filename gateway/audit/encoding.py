"""Base64 and decimal numbers in the one spelling each value has; any other is never accepted."""

import base64
import binascii
import re

from gateway.audit.faults import Malformed

MAX_NUMBER = 2**63 - 1
"""Largest index, size or time that the formats carry."""

_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")


def encode_base64(data: bytes) -> str:
    """Standard Base 64 with padding (RFC 4648 section 4)."""
    return base64.b64encode(data).decode()


def decode_base64(text: str) -> bytes:
    """The bytes whose only encoding is `text`: right alphabet, padding and unused bits."""
    try:
        data = binascii.a2b_base64(text, strict_mode=True)
    except ValueError:
        raise Malformed("not base64") from None
    if encode_base64(data) != text:
        raise Malformed("base64 is not canonical")
    return data


def parse_number(text: str) -> int:
    """The number from 0 to 2**63 - 1 whose ASCII decimal spelling is `text`."""
    if not _DECIMAL.fullmatch(text) or int(text) > MAX_NUMBER:
        raise Malformed("not a canonical decimal number")
    return int(text)
