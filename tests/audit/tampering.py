"""Ways to tamper with bytes, and with lists of entries or hashes."""

from hypothesis import strategies as st


@st.composite
def rearranged(draw: st.DrawFn, parts: list[bytes]) -> list[bytes]:
    """Entries or hashes dropped, doubled, swapped, turned round or taken from elsewhere."""
    parts = list(parts)
    at = draw(st.integers(0, len(parts) - 1))
    other = draw(st.integers(0, len(parts) - 1))
    change = draw(st.sampled_from(["drop", "double", "swap", "reverse", "foreign", "add"]))
    if change == "drop":
        del parts[at]
    elif change == "double":
        parts.insert(at, parts[at])
    elif change == "swap":
        parts[at], parts[other] = parts[other], parts[at]
    elif change == "reverse":
        parts[min(at, other) : max(at, other) + 1] = parts[
            max(at, other) : min(at, other) - 1 if min(at, other) else None : -1
        ]
    elif change == "foreign":
        parts[at] = bytes(len(parts[at]))
    else:
        parts.append(bytes(32))
    return parts


@st.composite
def spoilt(draw: st.DrawFn, data: bytes) -> bytes:
    """Bytes flipped in one bit, cut off or lengthened."""
    change = draw(st.sampled_from(["flip", "cut", "lengthen"]))
    if change == "cut":
        return data[: draw(st.integers(0, len(data) - 1))]
    if change == "lengthen":
        return data + draw(st.binary(min_size=1, max_size=40))
    bit = draw(st.integers(0, len(data) * 8 - 1))
    at = bit // 8
    return data[:at] + bytes((data[at] ^ (1 << bit % 8),)) + data[at + 1 :]
