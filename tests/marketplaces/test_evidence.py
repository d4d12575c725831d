"""A piece's mode rests on the strongest evidence there is, never on a weaker one against it."""

import pytest

from gateway.marketplaces.evidence import classify, with_assignment
from gateway.marketplaces.otto.facts import OttoFacts
from gateway.model.order import Evidence, Item, Status
from policies.question import Mode

PARCEL, FREIGHT, UNCLASSIFIED = Mode.PARCEL, Mode.FREIGHT, Mode.UNCLASSIFIED


@pytest.mark.parametrize(
    ("delivery_type", "sku", "carrier", "mode", "evidence"),
    [
        ("FORWARDER_CURBSIDE", None, None, FREIGHT, Evidence.DELIVERY_TYPE),
        ("FORWARDER_PREFERREDLOCATION", None, None, FREIGHT, Evidence.DELIVERY_TYPE),
        ("FORWARDER_HEAVYDUTY", None, None, FREIGHT, Evidence.DELIVERY_TYPE),
        ("PARCEL", None, None, PARCEL, Evidence.DELIVERY_TYPE),
        ("PARCEL", "Sped-1", "DACHSER", PARCEL, Evidence.DELIVERY_TYPE),
        ("FORWARDER_CURBSIDE", "Lampe", "DHL", FREIGHT, Evidence.DELIVERY_TYPE),
        ("LETTER", "Sped-1", "DACHSER", UNCLASSIFIED, Evidence.NONE),
        (None, "Sped-1", None, FREIGHT, Evidence.SKU),
        (None, "Sped-1", "DHL", FREIGHT, Evidence.SKU),
        (None, "Lampe", "DHL", PARCEL, Evidence.TRACKING_CARRIER),
        (None, "Lampe", "DHL_FREIGHT", FREIGHT, Evidence.TRACKING_CARRIER),
        (None, None, "DACHSER", FREIGHT, Evidence.TRACKING_CARRIER),
        (None, None, "dachser", UNCLASSIFIED, Evidence.NONE),
        (None, "Lampe", "PIGEON", UNCLASSIFIED, Evidence.NONE),
        (None, "Lampe", None, UNCLASSIFIED, Evidence.NONE),
        (None, None, None, UNCLASSIFIED, Evidence.NONE),
    ],
)
def test_the_strongest_evidence_decides(
    facts: OttoFacts,
    delivery_type: str | None,
    sku: str | None,
    carrier: str | None,
    mode: Mode,
    evidence: Evidence,
) -> None:
    """Delivery type before SKU table before tracking carrier; without any the piece is unclassified."""
    assert classify(delivery_type, sku, carrier, facts) == (mode, evidence)


@pytest.mark.parametrize(
    ("mode", "evidence", "after"),
    [
        (UNCLASSIFIED, Evidence.NONE, (FREIGHT, Evidence.ASSIGNMENT)),
        (PARCEL, Evidence.TRACKING_CARRIER, (PARCEL, Evidence.TRACKING_CARRIER)),
        (FREIGHT, Evidence.SKU, (FREIGHT, Evidence.SKU)),
    ],
)
def test_an_assignment_is_evidence_only_where_there_is_no_other(
    mode: Mode, evidence: Evidence, after: tuple[Mode, Evidence]
) -> None:
    """A parcel does not become freight because somebody assigned it to a forwarder."""
    item = Item(
        item_id="1",
        status=Status.PROCESSABLE,
        mode=mode,
        evidence=evidence,
        tracking_carrier="X",
        delivered_at=None,
    )
    assigned = with_assignment(item)
    assert (assigned.mode, assigned.evidence) == after
    assert (assigned.item_id, assigned.status, assigned.tracking_carrier) == ("1", item.status, "X")
