"""Writes an answer as its shape declares it, and nothing else; it must give what marshmallow's `dump` gives.

`dump` finds out for every field of every item anew where its value stands: for a thousand items that
takes longer than deciding on them. Here it is found out once for each shape.
"""

from collections.abc import Callable, Mapping
from typing import Any

from marshmallow import Schema, fields

Writer = Callable[[Any], Any]


def writer(shape: Schema) -> Writer:
    """What turns a value of this shape into what JSON holds."""
    members = [
        (field.data_key or name, field.attribute or name, _of(field))
        for name, field in shape.dump_fields.items()
    ]

    def write(value: Any) -> Any:
        if not isinstance(value, Mapping):
            return shape.dump(value)
        return {key: of(value[place]) for key, place, of in members if place in value}

    return write


def _of(field: fields.Field[Any]) -> Writer:
    if isinstance(field, fields.Nested) and not field.many:
        nested = writer(field.schema)
        return lambda value: None if value is None else nested(value)
    if isinstance(field, fields.List):
        inner = _of(field.inner)
        return lambda values: None if values is None else [inner(value) for value in values]
    # The conversion alone, of what is at hand already.
    convert = field._serialize  # noqa: SLF001
    return lambda value: convert(value, None, None)
