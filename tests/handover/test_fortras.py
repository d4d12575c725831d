"""A Fortras manifest is read back whole at the guideline's positions, or the contact is refused."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.handover.files.fortras import EmailCode, Fortras
from gateway.handover.files.row import Row, UnfitError
from tests.handover.test_files import ANY, LATIN, NOW, a_row

# Length and first column, as conizi's "Mapping Guideline for FORTRAS BORD512 to conizi pickup order
# format" (v1.1, 2019-05-17, appendix 2) has them. The writer goes by the order of the fields instead.
GUIDELINE = {
    "@@PH": {
        "type": (7, 5),
        "rowLength": (4, 13),
        "startAddress": (2, 19),
        "internalSign": (1, 23),
        "mailboxLength": (2, 25),
    },
    "A00": {
        "dataType": (3, 4),
        "releaseVersion": (3, 7),
        "waybillNumber": (35, 10),
        "waybillDate": (8, 45),
        "waybillConsignorId": (35, 65),
        "waybillConsigneeId": (35, 100),
    },
    "B00": {
        "sequentialWaybillItem": (3, 4),
        "addressTypeQualifier": (3, 7),
        "name1": (35, 10),
        "streetAndStreetNumber": (35, 45),
        "countryCode": (3, 80),
        "postcode": (9, 83),
        "place": (35, 92),
        "partnerId": (35, 127),
        "name2": (35, 162),
        "name3": (35, 197),
    },
    "B10": {
        "sequentialWaybillItem": (3, 4),
        "communicationTypeQualifier": (3, 7),
        "content": (256, 10),
    },
    "G00": {
        "sequentialWaybillItem": (3, 4),
        "consignmentNumberSendingDepot": (35, 7),
        "actualConsignmentGrossWeightInKg": (9, 42),
        "consignmentNumberReceivingDepot": (35, 77),
    },
    "H10": {
        "sequentialWaybillItem": (3, 4),
        "textQualifier1": (3, 7),
        "text1": (70, 10),
        "textQualifier2": (3, 80),
        "text2": (70, 83),
    },
    "J00": {"totalNumberOfConsignments": (3, 4), "totalNumberOfPackages": (6, 7)},
    "Z00": {"recordNumber": (6, 4), "dateOfCreation": (8, 10), "timeOfCreation": (6, 18)},
    "@@PT": {},
}
Read = list[tuple[str, dict[str, str]]]


def read(content: bytes) -> Read:
    """Every record by the guideline; each has as many characters as the header says."""
    assert content.endswith(b"\r\n")
    records: Read = []
    for line in content.decode("latin-1").removesuffix("\r\n").split("\r\n"):
        assert len(line) == 512
        kind = line[:4] if line.startswith("@@") else line[:3]
        fields = {
            name: line[start - 1 : start - 1 + length].rstrip(" ")
            for name, (length, start) in GUIDELINE[kind].items()
        }
        if kind == "@@PH":
            start, length = int(fields["startAddress"]), int(fields["mailboxLength"])
            fields["sender"] = line[26 : start - 1].rstrip(" ")
            fields["receiver"] = line[start - 1 : start - 1 + length].rstrip(" ")
        records.append((kind, fields))
    return records


def a_manifest(**changes: Any) -> Fortras:
    """From a merchant to a carrier."""
    values: dict[str, Any] = {
        "sender": "DEFAULT",
        "recipient": "DACHSER",
        "reference": "0123456789ABCD",
        "email_code": EmailCode.EML,
        "now": NOW,
    }
    return Fortras(**values | changes)


def written(*rows: Row, **changes: Any) -> bytes:
    """The file of these rows."""
    manifest = a_manifest(**changes)
    return manifest.file([manifest.consignment(row) for row in rows])


def channels(records: Read) -> list[tuple[str, str, str]]:
    """What the communication records say."""
    return [(*fields.values(),) for kind, fields in records if kind == "B10"]  # type: ignore[misc]


def test_a_manifest_reads_as_the_guideline_has_it() -> None:
    """Header, waybill, consignee and its channels, both numbers, the purpose; counted at the end."""
    records = read(written(a_row(), a_row(order_number="o2", consignment=None, email=None)))
    kinds = [kind for kind, _ in records]
    second = ["B00", "B10", "B10", "G00", "H10"]
    assert kinds == [
        *("@@PH", "A00", "B00", "B10", "B10", "B10", "G00", "H10"),
        *(*second, "J00", "Z00", "@@PT"),
    ]
    told = [fields for _, fields in records]
    assert told[0] == {
        "type": "BORD512",
        "rowLength": "0512",
        "startAddress": "35",
        "internalSign": "1",
        "mailboxLength": "7",
        "sender": "DEFAULT",
        "receiver": "DACHSER",
    }
    assert told[1] == {
        "dataType": "STD",
        "releaseVersion": "100",
        "waybillNumber": "0123456789ABCD-1",
        "waybillDate": "23112026",
        "waybillConsignorId": "DEFAULT",
        "waybillConsigneeId": "DACHSER",
    }
    assert {name: text for name, text in told[2].items() if text} == {
        "sequentialWaybillItem": "001",
        "addressTypeQualifier": "CON",
        "name1": "Erika Mustermann",
    }
    assert channels(records) == [
        ("001", "KPE", "Erika Mustermann"),
        ("001", "TEL", "+493023125001"),
        ("001", "EML", "erika@example.org"),
        ("002", "KPE", "Erika Mustermann"),
        ("002", "TEL", "+493023125001"),
    ]
    assert {name: text for name, text in told[6].items() if text} == {
        "sequentialWaybillItem": "001",
        "consignmentNumberSendingDepot": "bagm62dvgp",
        "consignmentNumberReceivingDepot": "DE-4711-0001",
    }
    assert told[7] == {
        "sequentialWaybillItem": "001",
        "textQualifier1": "001",
        "text1": "For agreeing the delivery appointment only. Delete by 2026-11-23",
        "textQualifier2": "000",
        "text2": f"Release {'0' * 32}",
    }
    assert told[11]["consignmentNumberReceivingDepot"] == ""
    assert told[-3] == {"totalNumberOfConsignments": "002", "totalNumberOfPackages": ""}
    assert told[-2] == {
        "recordNumber": f"{len(records) - 3:06}",
        "dateOfCreation": "23112026",
        "timeOfCreation": "120000",
    }


def test_a_network_may_call_email_otherwise() -> None:
    """As the guideline does."""
    records = read(written(a_row(), email_code=EmailCode.EMA))
    assert ("001", "EMA", "erika@example.org") in channels(records)


def test_the_header_says_where_a_long_recipient_begins() -> None:
    """As in the guideline's second example."""
    header = written(sender="LONGSENDERHEADER", recipient="LONGRECEIVERHEADER").split(b"\r\n")[0]
    example = b"@@PHBORD512 05120044001018LONGSENDERHEADER LONGRECEIVERHEADER"
    assert header.rstrip() == example
    assert read(written(recipient="DSV"))[0][1]["receiver"] == "DSV"


def test_after_999_consignments_another_packet_begins() -> None:
    """Each is counted by itself and has a waybill number of its own."""
    manifest = a_manifest()
    records = read(manifest.file([manifest.consignment(a_row())] * 1000))
    waybills = [fields["waybillNumber"] for kind, fields in records if kind == "A00"]
    sums = [fields["totalNumberOfConsignments"] for kind, fields in records if kind == "J00"]
    assert waybills == ["0123456789ABCD-1", "0123456789ABCD-2"]
    assert sums == ["999", "001"]
    assert [kind for kind, _ in records].count("@@PT") == 2


def test_a_long_name_is_divided_and_stands_whole_beside() -> None:
    """Three names of 35 characters in the address, all of it as the person to be asked for."""
    name = "Maria-Magdalena Freifrau von und zu Beispielhausen-Mustermannsdorf"
    records = read(written(a_row(name=name)))
    [address] = [fields for kind, fields in records if kind == "B00"]
    assert " ".join(address[f"name{at}"] for at in (1, 2, 3)).rstrip() == name
    assert ("001", "KPE", name) in channels(records)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"name": "Łukasz"}, "name has characters that ISO 8859-1 does not have"),
        ({"name": "Erika\r\nB10001TEL0"}, "name has control characters"),
        ({"email": "erika\x85@example.org"}, "email has control characters"),
        ({"name": "x" * 36}, "name does not fit into 3 parts of 35"),
        ({"email": "x" * 257}, "email is longer than 256"),
        ({"consignment": "x" * 36}, "consignment is longer than 35"),
    ],
)
def test_what_has_no_room_is_refused_by_name(change: Any, told: str) -> None:
    """The message tells field and cause, never the value."""
    with pytest.raises(UnfitError, match=told) as refused:
        a_manifest().consignment(a_row(**change))
    assert "Łukasz" not in str(refused.value)


@given(name=LATIN, local=LATIN)
def test_hostile_names_survive(name: str, local: str) -> None:
    """Whatever Latin-1 carries, at the same columns."""
    records = read(written(a_row(name=name, email=f"{local}@example.org")))
    assert records[2][1]["name1"] == name
    assert ("001", "EML", f"{local}@example.org") in channels(records)


@given(name=ANY, phone=st.none() | st.just("+493023125001"))
def test_no_name_adds_or_moves_a_record(name: str, phone: str | None) -> None:
    """It is written whole, or refused."""
    try:
        records = read(written(a_row(name=name, phone=phone)))
    except UnfitError:
        return
    usual = read(written(a_row(phone=phone)))
    assert [kind for kind, _ in records] == [kind for kind, _ in usual]
    assert records[-2] == usual[-2]
