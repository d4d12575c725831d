"""Answers are written just as marshmallow would write them, members that are not declared left out."""

from datetime import UTC, datetime
from typing import Any

import pytest
from marshmallow import Schema, fields

from gateway.api.audit import EntryShape
from gateway.api.releases import ResultsShape
from gateway.api.writing import writer
from gateway.model.contact import Private
from policies.question import Purpose

_RELEASED = {
    "status": 200,
    "release_id": "r1",
    "order_number": "bagm62dvgp",
    "consignment": None,
    "purpose": Purpose.DELIVERY_APPOINTMENT,
    "contact": {"name": Private("Erika"), "phone": Private("+493023125001"), "email": None},
    "released_at": datetime(2026, 11, 24, 12, tzinfo=UTC),
    "delete_by": datetime(2026, 12, 24, 12, 0, 0, 5, tzinfo=UTC),
    "receipt": {"log_index": 7, "href": "/v1/audit/receipts/r1"},
    "undeclared": "stays",
}
_REFUSED = {
    "status": 403,
    "title": "Refused by policy",
    "reasons": [{"code": "erased", "policy": "p", "text": "t", "text_de": "stays"}],
    "guidance": None,
}
_ENTRY = {"fields": ("name", "phone"), "reasons": (), "actor": {"role": "carrier", "id": "c"}}


class _Made:
    """A value that is no mapping."""

    name = "Erika"


class _Named(Schema):
    name = fields.String()


class _Many(Schema):
    several = fields.Nested(_Named, many=True)
    one = fields.Nested(_Named)


@pytest.mark.parametrize(
    ("shape", "value"),
    [
        (ResultsShape(), {"results": [_RELEASED, _REFUSED]}),
        (ResultsShape(), {"results": []}),
        (EntryShape(), _ENTRY),
        (_Many(), {"several": [{"name": "a"}, _Made()], "one": _Made()}),
        (_Many(), {"several": None, "one": None}),
        (_Named(), _Made()),
    ],
)
def test_what_is_written_is_what_marshmallow_writes(shape: Schema, value: Any) -> None:
    """Nested shapes, lists, times, private values, nulls and what is no mapping come out alike."""
    assert writer(shape)(value) == shape.dump(value)
