"""Whatever a carrier answers, no part of the contact comes through, however it is written."""

import base64
import gzip
import json
import zlib
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.handover.scrub import LONGEST, REMOVED, Traces
from gateway.model.contact import Private

CONTACT = {
    "name": Private("Jörg Müßig-Straßer"),
    "phone": Private("+493023125001"),
    "email": Private("joerg.m@example.org"),
}


def traces(**sent: Any) -> Traces:
    """What shows of the contact."""
    return Traces(CONTACT, **sent)


def b64(text: str) -> str:
    """As base64."""
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "text",
    [
        *("+493023125001", "493023125001", "0049 30 23125001", "030/231 250-01", "(030) 23125001"),
        *(
            "tel:+49-30-23125001",
            "23125001",
            "".join(chr(0xFF10 + int(it)) for it in "03023125001"),
            "4.93023125001e11",
        ),
        *("JÖRG", "jorg", "Joerg", "Muessig", "MÜSSIG", "müßig", "muszig strasser", "JörgMüßig"),
        *("Jo\u0308rg", "J\u00adörg", "Herr Strass", "J&ouml;rg", "J%C3%B6rg", "J\\u00f6rg"),
        *("joerg.m@example.org", "JOERG.M@EXAMPLE.ORG", "joerg.m at example.org", "J%C3%B6rg+M"),
        *(
            quote_plus("joerg.m@example.org"),
            quote(quote("+493023125001")),
            "joerg.m=40example.org",
        ),
        *(b64("Jörg Müßig"), b64("+493023125001"), b64(b64("joerg.m@example.org"))),
        *(
            base64.urlsafe_b64encode(b"??>>+493023125001").decode(),
            b"joerg.m@example.org".hex(),
        ),
        json.dumps({"contact": {"mail": "joerg.m@example.org"}}),
        *("mail domain example.org", "\\x4a\\xf6rg", b64("\0".join("+493023125001"))),
        base64.b64encode(gzip.compress(b"+493023125001")).decode(),
        base64.b64encode(zlib.compress(b"joerg.m@example.org")).decode(),
        "x" * (LONGEST + 1),
    ],
)
def test_no_spelling_passes(text: str) -> None:
    """As a value, inside a sentence, deep down, and as the name of a member."""
    for value in (text, f"order for {text} accepted", [[{"a": {"b": text}}]], {text: 1}):
        shown = json.dumps(traces().removed(value), ensure_ascii=False)
        assert text not in shown
        assert REMOVED in shown


@pytest.mark.parametrize("value", [493023125001, 3023125001, 3023125001.0])
def test_no_number_passes(value: float) -> None:
    """A phone number may come back as one."""
    assert traces().removed({"phone": value}) == {"phone": REMOVED}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "a\0b", "\ud800"])
def test_what_has_no_form_in_an_answer_of_ours_does_not_pass(value: Any) -> None:
    """Otherwise the answer itself could not be written."""
    assert traces().removed(value) == REMOVED


def test_what_is_not_the_contact_passes_untouched() -> None:
    """Numbers, references, states and depth stay."""
    answer = {
        "id": "DE-4711-0002",
        "status": "ACCEPTED",
        "parcels": [{"weight": 81.5, "count": 3, "stackable": False, "note": None}],
        "ready_at": "2026-11-30T08:00:00Z",
    }
    assert traces().removed(answer) == answer


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("+493023125001", "+493023125002"),
        ("030/23 12 50-01", "030/23 12 50-02"),
        ("ref 125001", "ref 125002"),
        ("joerg.m@example.org", "joerg.n@example.org"),
        ("joerg.m", "joerg.n"),
        ("example.org", "example.com"),
        (b64("+493023125001"), b64("+493023125002")),
        (b64("joerg.m@example.org"), b64("joerg.n@example.org")),
    ],
)
def test_a_guess_in_the_document_is_not_confirmed(right: str, wrong: str) -> None:
    """Whatever the carrier makes of it: the answers to a right and a wrong guess are alike."""

    def answered(guess: str) -> str:
        said = {
            "note": guess,
            "error": f"field 7: {guess!r} is not allowed",
            "coded": b64(guess),
            "contact": {"phone": "+493023125001", "mail": "joerg.m@example.org"},
            "to": "mailto:joerg.m@example.org, tel. 030 23125001",
            "ready": "2026-11-30",
        }
        shown = json.dumps(traces(sent={guess, "PAL", "2026-11-28"}).removed(said))
        assert "23125001" not in shown
        assert "2026-11-30" in shown
        return shown.replace(b64(guess), "GUESS").replace(guess, "GUESS")

    assert answered(right) == answered(wrong)


@pytest.mark.parametrize("spelt", [str, str.upper, b64])
def test_a_guess_at_a_part_of_the_address_is_not_confirmed(spelt: Callable[[str], str]) -> None:
    """It passes, right or wrong, as the sender wrote it; the address itself never does."""
    contact = {"email": Private("sunshine77@posteo.example")}
    guesses = [spelt(it) for it in ("sunshine77", "rainbow88", "posteo.example", "other.example")]
    found = Traces(contact, sent=guesses)
    assert found.removed(guesses) == guesses
    assert (
        found.removed(["sunshine77@posteo.example", "SUNSHINE77@POSTEO.EXAMPLE"]) == [REMOVED] * 2
    )
    assert Traces(contact).removed(["at posteo.example", "sunshine77"]) == [REMOVED] * 2


def test_the_carriers_key_does_not_pass() -> None:
    """A carrier that repeats the headers it was sent gives nothing away."""
    assert traces(secrets=["Key-0815"]).removed({"headers": "x-api-key: KEY-0815"}) == {
        "headers": REMOVED
    }


def test_a_bottomless_answer_ends() -> None:
    """Deeper than any answer, everything is put away."""
    value: Any = "Jörg"
    for _ in range(500):
        value = [value]
    assert "Jörg" not in json.dumps(traces().removed(value))


@given(
    prefix=st.text("abc: -", max_size=20),
    gap=st.lists(
        st.sampled_from(["", " ", "-", "/", ".", ") ", "\u00a0"]), min_size=11, max_size=11
    ),
    times=st.integers(0, 2),
)
def test_no_grouping_of_the_number_passes(prefix: str, gap: list[str], times: int) -> None:
    """Grouped in any way, and wrapped in base64 up to twice."""
    text = prefix + "".join(a + b for a, b in zip("03023125001", gap, strict=True))
    for _ in range(times):
        text = b64(text)
    assert traces().removed(text) == REMOVED
