"""The bytes of a C2SP tlog-cosignature v1; a witness's word is never taken without its time.

A cosignature is an Ed25519 signature by a witness that says: at this time, this is the largest
tree of this log that I have seen, and it continues every earlier one (c2sp.org/tlog-cosignature).
"""

from gateway.audit.encoding import MAX_NUMBER
from gateway.audit.faults import Malformed

_TIME_SIZE = 8
_SIGNATURE_SIZE = 64


def message(text: str, time: int) -> bytes:
    """What a witness signs: header, time in seconds since 1970, the checkpoint's whole text."""
    return f"cosignature/v1\ntime {time}\n{text}".encode()


def pack(time: int, signature: bytes) -> bytes:
    """A `timestamped_signature`: the time in 8 bytes, big-endian, then the Ed25519 signature."""
    if not 0 <= time <= MAX_NUMBER:
        raise Malformed("a cosignature's time is out of range")
    return time.to_bytes(_TIME_SIZE, "big") + signature


def unpack(data: bytes) -> tuple[int, bytes]:
    """Time and Ed25519 signature of a `timestamped_signature`."""
    if len(data) != _TIME_SIZE + _SIGNATURE_SIZE:
        raise Malformed("a cosignature is 72 bytes long")
    time = int.from_bytes(data[:_TIME_SIZE], "big")
    if time > MAX_NUMBER:
        raise Malformed("a cosignature's time is out of range")
    return time, data[_TIME_SIZE:]
