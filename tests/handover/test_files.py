"""Contacts survive each format whole, whoever reads it, or they are refused; nothing is bent silently."""

import csv
import io
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydifact.exceptions import MissingImplementationWarning
from pydifact.segmentcollection import Interchange

from gateway.handover.files import spreadsheet, vcard
from gateway.handover.files.edifact import Charset
from gateway.handover.files.iftmin import Directory, Iftmin
from gateway.handover.files.row import Row, UnfitError
from tests.handover.edi_reader import read

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def a_row(**changes: Any) -> Row:
    """A contact with everything."""
    values: dict[str, Any] = {
        "release_id": "0" * 32,
        "order_number": "bagm62dvgp",
        "consignment": "DE-4711-0001",
        "name": "Erika Mustermann",
        "phone": "+493023125001",
        "email": "erika@example.org",
        "released_at": NOW,
        "delete_by": NOW,
    }
    return Row(**values | changes)


def an_iftmin(directory: Directory = Directory.D01B, charset: Charset = Charset.UNOC) -> Iftmin:
    """From a merchant to a carrier."""
    return Iftmin(
        directory=directory,
        charset=charset,
        sender="DEFAULT",
        recipient="DACHSER",
        reference="0123456789ABCD",
        now=NOW,
    )


def written(*rows: Row, **form: Any) -> bytes:
    """The interchange of these rows."""
    iftmin = an_iftmin(**form)
    return iftmin.interchange([iftmin.message(row) for row in rows])


def by_hand(content: bytes) -> list[tuple[str, list[Any]]]:
    """Tags and elements, by the reader of our own; lone components stand without their list."""
    return [
        (tag, [it[0] if len(it) == 1 else it for it in elements])
        for [[tag], *elements] in read(content)
    ]


def by_pydifact(content: bytes, codec: str = "latin-1") -> list[tuple[str, list[Any]]]:
    """The same by pydifact, which counts the messages too."""
    with warnings.catch_warnings():
        # It comes without the tables of the directories, and says so for each segment.
        warnings.simplefilter("ignore", MissingImplementationWarning)
        interchange = Interchange.from_str(content.decode(codec))
        messages = list(interchange.get_messages())
    header, footer = interchange.get_header_segment(), interchange.get_footer_segment()
    inner = [it for one in messages for it in _with_frame(one)]
    assert str(len(messages)) == footer.elements[0]
    return [(it.tag, list(it.elements)) for it in (header, *inner, footer)]


def _with_frame(message: Any) -> list[Any]:
    return [message.get_header_segment(), *message.segments, message.get_footer_segment()]


def test_iftmin_reads_as_its_directory_has_it() -> None:
    """D.01B: consignee, contact, telephone, e-mail; two messages, counted; both readers agree."""
    content = written(a_row(), a_row(order_number="o2", consignment=None, phone="+4917139200001"))
    segments = by_hand(content)
    assert segments == by_pydifact(content)
    assert segments[:11] == [
        ("UNB", [["UNOC", "3"], "DEFAULT", "DACHSER", ["261123", "1200"], "0123456789ABCD"]),
        ("UNH", ["1", ["IFTMIN", "D", "01B", "UN"]]),
        ("BGM", ["610", "0" * 32, "9"]),
        ("DTM", [["137", "202611231200", "203"]]),
        (
            "FTX",
            ["DEL", "", "", "For agreeing the delivery appointment only. Delete by 2026-11-23"],
        ),
        ("RFF", [["CU", "bagm62dvgp"]]),
        ("RFF", [["FF", "DE-4711-0001"]]),
        ("NAD", ["CN", "", "", "Erika Mustermann"]),
        ("CTA", ["IC", ["", "Erika Mustermann"]]),
        ("COM", [["+493023125001", "TE"]]),
        ("COM", [["erika@example.org", "EM"]]),
    ]
    assert segments[11] == ("UNT", ["11", "1"])
    assert ("COM", [["+4917139200001", "AL"]]) in segments
    assert segments[-1] == ("UNZ", ["2", "0123456789ABCD"])


def test_the_older_directory_has_no_mobile_telephones_and_less_room() -> None:
    """D.96A: TE for every telephone; an e-mail above 25 characters keeps the order out."""
    older = Directory.D96A
    content = written(a_row(phone="+4917139200001"), directory=older)
    assert ("COM", [["+4917139200001", "TE"]]) in by_hand(content)
    assert ("UNH", ["1", ["IFTMIN", "D", "96A", "UN"]]) in by_pydifact(content)
    with pytest.raises(UnfitError, match="email is longer than 25"):
        an_iftmin(older).message(a_row(email="erika.mustermann@example.org"))


def test_what_is_not_known_is_left_out() -> None:
    """No empty telephone, no empty name."""
    nothing = {"consignment": None, "name": None, "phone": None, "email": None}
    tags = [(tag, elements) for tag, elements in by_hand(written(a_row(**nothing)))]
    assert ("NAD", ["CN"]) in tags
    assert ("CTA", ["IC"]) in tags
    assert "COM" not in [tag for tag, _ in tags]


def test_a_long_name_is_divided_at_its_words() -> None:
    """Into parts of 35 characters; one that cannot be divided keeps the order out."""
    name = "Maria-Magdalena Freifrau von und zu Beispielhausen-Mustermannsdorf"
    [nad] = [it for tag, it in by_hand(written(a_row(name=name))) if tag == "NAD"]
    assert " ".join(nad[3]) == name
    assert max(map(len, nad[3])) <= 35
    for bad in ("x" * 36, "x" * 176, " ".join(["x" * 20] * 8)):
        with pytest.raises(UnfitError, match="name"):
            an_iftmin().message(a_row(name=bad))


@pytest.mark.parametrize(
    ("charset", "codec", "name"),
    [
        (Charset.UNOA, "ascii", "ERIKA O'MALLEY: 50?+"),
        (Charset.UNOB, "ascii", "Erika O'Malley"),
        (Charset.UNOC, "latin-1", "Jörg Müßig"),
        (Charset.UNOD, "iso8859-2", "Łukasz Żak"),
        (Charset.UNOE, "iso8859-5", "Анна"),
        (Charset.UNOF, "iso8859-7", "Ελένη"),
    ],
)
def test_each_charset_carries_its_own(charset: Charset, codec: str, name: str) -> None:
    """Byte by byte as both readers read it."""
    content = written(a_row(name=name, email=None), charset=charset)
    assert by_hand(content) == by_pydifact(content, codec)
    assert ("CTA", ["IC", ["", name]]) in by_hand(content)


@pytest.mark.parametrize(
    ("charset", "change", "told"),
    [
        (Charset.UNOC, {"name": "Łukasz"}, "name has characters that UNOC does not have"),
        (Charset.UNOB, {"name": "Jörg"}, "name has characters that UNOB"),
        (Charset.UNOB, {}, "email has characters that UNOB"),
        (Charset.UNOA, {"email": None, "name": "Müller"}, "name has characters that UNOA"),
        (Charset.UNOC, {"name": "Erika\r\nCOM+1:TE'"}, "name has control characters"),
        (Charset.UNOC, {"name": "Erika\x85"}, "name has control characters"),
        (Charset.UNOC, {"consignment": "x" * 71}, "consignment is longer than 70"),
    ],
)
def test_what_has_no_form_is_refused_by_name(charset: Charset, change: Any, told: str) -> None:
    """The message tells field and cause, never the value."""
    with pytest.raises(UnfitError, match=told) as refused:
        an_iftmin(charset=charset).message(a_row(**change))
    assert "Łukasz" not in str(refused.value)


LATIN = st.text(
    st.characters(
        codec="latin-1", exclude_categories=["Cc", "Cf", "Zs"], exclude_characters="\xad"
    ),
    min_size=1,
    max_size=35,
)
ANY = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)


@given(name=LATIN, local=LATIN)
def test_hostile_names_survive(name: str, local: str) -> None:
    """Whatever Latin-1 carries, separators and release characters among it; both readers agree."""
    content = written(a_row(name=name, email=f"{local}@example.org"))
    segments = by_hand(content)
    assert segments == by_pydifact(content)
    assert ("NAD", ["CN", "", "", name]) in segments
    assert ("COM", [[f"{local}@example.org", "EM"]]) in segments


@given(name=ANY)
def test_no_name_adds_a_segment(name: str) -> None:
    """It is written whole, or refused."""
    try:
        content = written(a_row(name=name))
    except UnfitError:
        return
    assert [tag for tag, _ in by_hand(content)] == [tag for tag, _ in by_hand(written(a_row()))]
    assert name.encode("latin-1")


# ---- CSV ----------------------------------------------------------------------------------------


def cells(*rows: Row) -> list[dict[str, str]]:
    """The file, read back."""
    content = spreadsheet.file([spreadsheet.line(row) for row in rows])
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_csv_reads_back() -> None:
    """Umlauts, quotes and commas included; what is not known is empty."""
    [first, second] = cells(a_row(name='Jörg "J", Müßig'), a_row(phone=None, consignment=None))
    assert first["name"] == 'Jörg "J", Müßig'
    assert (first["phone"], first["delete_by"]) == ("tel:+493023125001", "2026-11-23T12:00:00Z")
    assert (second["phone"], second["consignment"]) == ("", "")


@given(name=ANY)
def test_no_cell_is_a_formula_or_breaks_a_line(name: str) -> None:
    """However the name begins, and whatever control characters are in it."""
    [row] = cells(a_row(name=name))
    assert row["release_id"] == "0" * 32
    assert not row["name"].startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert "\n" not in row["name"]


# ---- vCard --------------------------------------------------------------------------------------


def properties(card: str) -> dict[str, str]:
    """A card's properties, unfolded and unescaped (RFC 6350)."""
    lines = card.replace("\r\n ", "").removesuffix("\r\n").split("\r\n")
    pairs = [line.partition(":") for line in lines]
    unescape: Callable[[str], str] = lambda text: (  # noqa: E731
        text.replace("\\,", ",").replace("\\;", ";").replace("\\\\", "\\")
    )
    return {name: unescape(value) for name, _, value in pairs}


def test_a_card_is_one_that_telephones_read() -> None:
    """Version 4.0, a tel: URI with its kind, and for what it is there."""
    shown = properties(vcard.card(a_row(phone="+4917139200001", name="Müßig, Jörg; Fam.")))
    assert (shown["BEGIN"], shown["VERSION"], shown["END"]) == ("VCARD", "4.0", "VCARD")
    assert shown["FN"] == "Müßig, Jörg; Fam."
    assert shown["TEL;VALUE=uri;TYPE=cell"] == "tel:+4917139200001"
    assert shown["NOTE"].startswith("DE-4711-0001: For agreeing the delivery appointment only.")
    bare = properties(vcard.card(a_row(name=None, phone=None, email=None, consignment=None)))
    assert bare["FN"] == "Order bagm62dvgp"
    assert {"TEL;VALUE=uri;TYPE=voice", "EMAIL"}.isdisjoint(bare)


@given(name=ANY)
def test_no_name_adds_a_property(name: str) -> None:
    """No line is longer than 75 octets, and no property comes of a name."""
    card = vcard.card(a_row(name=name))
    assert all(len(line) <= 75 for line in card.encode().split(b"\r\n"))
    assert properties(card).keys() == properties(vcard.card(a_row())).keys()
    assert vcard.file([card, card]).count(b"BEGIN:VCARD") >= 2
