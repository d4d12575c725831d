"""What the service's own work remembers: syncs, deletion, whose turn a recurring task is; no contact."""

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text

from gateway.storage.tables import Instant, metadata


def _merchant() -> Column[str]:
    return Column("merchant", String(64), ForeignKey("merchants.merchant"), primary_key=True)


sync_progress = Table(
    "sync_progress",
    metadata,
    _merchant(),
    # Everything that changed before this has come; the next pass begins a little before it.
    Column("mark", Instant),
    # The pass under way: from when on it asks, when it began, the page that comes next, and the
    # latest change that it has met. All are empty between two passes.
    Column("since", Instant),
    Column("begun_at", Instant),
    Column("cursor", Text),
    Column("reached", Instant),
    Column("completed_at", Instant),
)

rejected_orders = Table(
    "rejected_orders",
    metadata,
    _merchant(),
    # Keyed digest of the order as it came: passes overlap, and it is put on record once.
    Column("digest", LargeBinary(16), primary_key=True),
    # When the pass began that met it last.
    Column("seen_at", Instant, nullable=False),
)

delivery_types = Table(
    "delivery_types",
    metadata,
    _merchant(),
    Column("sku", String(128), primary_key=True),
    # Empty where the marketplace knows none.
    Column("delivery_type", String(64)),
    Column("checked_at", Instant, nullable=False),
)

delivered_shipments = Table(
    "delivered_shipments",
    metadata,
    _merchant(),
    Column("shipment", String(64), primary_key=True),
    # When its delivery was noted; it is forgotten once the marketplace is no longer asked about it.
    Column("noted_at", Instant, nullable=False),
    Index(None, "merchant", "noted_at"),
)

tasks = Table(
    "tasks",
    metadata,
    Column("task", String(100), primary_key=True),
    # Who works on it, and until when nobody else may; a holder that dies lets go by that.
    Column("holder", String(32)),
    Column("held_until", Instant),
    Column("next_at", Instant, nullable=False),
    Column("begun_at", Instant),
    Column("ended_at", Instant),
    Column("outcome", String(16)),
)

retention_terms = Table(
    "retention_terms",
    metadata,
    _merchant(),
    # By which terms the stored contacts are dated; other ones in the configuration date them anew.
    Column("after_delivery_days", Integer, nullable=False),
    Column("latest_days", Integer, nullable=False),
)
