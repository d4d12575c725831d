"""Contact values show themselves only where they are asked by name."""

import pickle
import traceback

import pytest

from gateway.model.contact import FreightContact, Private


def a_contact() -> FreightContact:
    """A contact whose every value is marked."""
    marked = Private("CANARY")
    return FreightContact(name=marked, phone=marked, phone_as_given=marked, email=marked)


@pytest.mark.parametrize(
    "show",
    [repr, str, "{}".format, "{:>20}".format, lambda it: f"{it!r:.99}", "%s".__mod__],
)
def test_no_rendering_shows_the_text(show: object) -> None:
    """However a private text or a contact is formatted, the text is not in it."""
    assert callable(show)
    assert "CANARY" not in show(Private("CANARY"))
    assert "CANARY" not in repr(a_contact())


def test_a_traceback_does_not_show_the_text() -> None:
    """An error that carries a contact prints without its values."""
    fault = ValueError(a_contact(), Private("CANARY"))
    assert "CANARY" not in "".join(traceback.format_exception(fault))


def test_the_text_is_there_when_asked_for() -> None:
    """`reveal` gives the text, and a private text survives the way between processes."""
    assert pickle.loads(pickle.dumps(Private("CANARY"))).reveal() == "CANARY"


def test_emptiness_shows_but_length_does_not() -> None:
    """Whether there is anything may be known; how long it is may not."""
    assert not Private("")
    assert Private("x")
    with pytest.raises(TypeError):
        len(Private("x"))
