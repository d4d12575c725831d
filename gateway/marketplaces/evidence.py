"""Whether a piece goes as parcel or as freight: by evidence alone, since no field of an order says it."""

from dataclasses import replace

from gateway.marketplaces.facts import DerivationFacts
from gateway.model.order import Evidence, Item
from policies.question import Mode


def classify(
    delivery_type: str | None, sku: str | None, tracking_carrier: str | None, facts: DerivationFacts
) -> tuple[Mode, Evidence]:
    """The mode by the strongest evidence there is: delivery type, SKU table, tracking carrier.

    A delivery type that is given but not known leaves the piece unclassified, whatever weaker
    evidence says: it may contradict it.
    """
    if delivery_type is not None:
        return _found(facts.delivery_types.get(delivery_type), Evidence.DELIVERY_TYPE)
    if sku is not None and (kind := facts.skus.delivery_type(sku)) is not None:
        return _found(facts.delivery_types.get(kind), Evidence.SKU)
    if tracking_carrier is not None:
        return _found(facts.carrier_codes.get(tracking_carrier), Evidence.TRACKING_CARRIER)
    return Mode.UNCLASSIFIED, Evidence.NONE


def _found(mode: Mode | None, evidence: Evidence) -> tuple[Mode, Evidence]:
    return (mode, evidence) if mode else (Mode.UNCLASSIFIED, Evidence.NONE)


def with_assignment(item: Item) -> Item:
    """The item after the merchant gave it to a freight carrier.

    That is evidence where there is no other; it never makes freight of a piece shown to be a parcel.
    """
    if item.mode is not Mode.UNCLASSIFIED:
        return item
    return replace(item, mode=Mode.FREIGHT, evidence=Evidence.ASSIGNMENT)
