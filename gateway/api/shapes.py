"""The fields that requests and answers are made of; only what a shape names goes in or out."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, ClassVar

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from gateway.model.contact import Private
from gateway.model.times import parse_rfc3339, rfc3339
from policies import verdict


class Shape(Schema):
    """A shape that takes no member it does not name: a misspelt `fields` must not mean all fields.

    `also` is what OpenAPI is told beside the members.
    """

    also: ClassVar[Mapping[str, Any]] = {}

    class Meta:
        unknown = RAISE


class Word(validate.Regexp):
    """A text of one fixed form, whole; its message tells the form and not the text."""

    def __init__(self, form: str, described: str) -> None:
        super().__init__(f"^{form}$", error=described)
        self._form = re.compile(form)
        self.described = described

    def __call__(self, value: Any) -> Any:
        """The value; ValidationError where it has another form."""
        if not isinstance(value, str) or not self._form.fullmatch(value):
            raise ValidationError(self.described)
        return value


ORDER_NUMBER = Word("[A-Za-z0-9_-]{1,32}", "1 to 32 letters, digits, _ or -")
CONSIGNMENT = Word("[!-~]([ -~]{0,62}[!-~])?", "1 to 64 visible ASCII characters")
CARRIER = Word("[A-Za-z0-9][A-Za-z0-9_-]{0,63}", "1 to 64 letters, digits, _ or -")
ITEM = Word("[!-~]{1,64}", "1 to 64 visible ASCII characters")
CLIENT = Word("[a-z0-9-]{1,64}", "1 to 64 lower-case letters, digits or -")

CONTACT_FIELDS = ("name", "phone", "email")


class Instant(fields.Field[datetime]):
    """A time, RFC 3339: written in UTC with a Z, read with any offset but never without one."""

    _FORM = Word(
        "[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}"
        r"(\.[0-9]{1,6})?([Zz]|[+-][0-9]{2}:[0-9]{2})",
        "a time with its offset, such as 2026-11-23T18:05:00Z",
    )

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> datetime:
        try:
            return parse_rfc3339(self._FORM(value))
        except ValueError as fault:
            raise ValidationError(self._FORM.described) from fault

    def _serialize(self, value: Any, *_: Any, **__: Any) -> str | None:
        return None if value is None else rfc3339(value)


class Revealed(fields.Field[Private]):
    """A contact value; the one place where the edge writes one out."""

    def _serialize(self, value: Any, *_: Any, **__: Any) -> str | None:
        return None if value is None else str(value.reveal())


def text(about: str = "", **options: Any) -> fields.String:
    """A text; like all of these required, unless told otherwise."""
    return fields.String(**_declared(about, options))


def instant(about: str = "", **options: Any) -> Instant:
    """A time."""
    return Instant(**_declared(about, options))


def number(about: str = "", **options: Any) -> fields.Integer:
    """A whole number."""
    return fields.Integer(**_declared(about, options))


def flag(about: str = "", **options: Any) -> fields.Boolean:
    """A yes or no."""
    return fields.Boolean(**_declared(about, options))


def one_of(values: Iterable[str], about: str = "", **options: Any) -> fields.String:
    """One text of a closed list."""
    choice = validate.OneOf([str(value) for value in values])
    return text(about, validate=choice, **options)


def _declared(about: str, options: dict[str, Any]) -> dict[str, Any]:
    metadata = {"description": about} if about else {}
    return {"required": True, "metadata": metadata, **options}


# ---- Shapes that several resources share ------------------------------------------------------


class Reason(Shape):
    """A rule that speaks against it."""

    code = text("Machine-readable reason code.")
    policy = text("The rule's name in the policy.")
    text = text("What the rule says.")


def reason(one: verdict.Reason) -> dict[str, str]:
    """A rule that speaks against it, as it is shown."""
    return {"code": one.code.value, "policy": one.policy, "text": one.text}


class ProblemShape(Schema):
    """Problem details (RFC 9457)."""

    type = text("Where this kind of problem is explained.")
    title = text("The kind of problem.")
    status = number("The HTTP status.")
    detail = text("What it is in this case.")
    request_id = text("Names this request in logs and in the audit log.")


class InvalidShape(ProblemShape):
    """Problem details with what does not hold, by field."""

    errors = fields.Dict(keys=fields.String(), values=fields.List(fields.String()), required=True)


class RejectedShape(Shape):
    """An order that was not taken in."""

    position = number("Counted from 1 in what was sent.")
    order_number = text("Where it could be read.", allow_none=True)
    errors = fields.Dict(keys=fields.String(), values=fields.List(fields.String()), required=True)


class OrdersRejectedShape(InvalidShape):
    """Problem details with what became of the orders that were read."""

    stored = number()
    unchanged = number()
    rejected = fields.List(fields.Nested(RejectedShape), required=True)


class UnavailableShape(ProblemShape):
    """Problem details with the parts that do not work, and why."""

    parts = fields.Dict(keys=fields.String(), values=fields.String(), required=True)


class CarrierSilentShape(ProblemShape):
    """Problem details of a hand-over that a carrier did not answer."""

    release_id = text("Names the release on record: the carrier may have the contact.")


class CarrierRefusedShape(CarrierSilentShape):
    """Problem details of a hand-over that a carrier turned down."""

    carrier_status = number("The HTTP status of the carrier's answer.")
    carrier_answer = fields.Raw(
        required=True,
        allow_none=True,
        metadata={"description": "What it said, with every trace of the contact taken out."},
    )


class RefusalShape(ProblemShape):
    """Problem details of a refusal."""

    decision_id = text("Names the refusal on record.")
    reasons = fields.List(fields.Nested(Reason), required=True)
    guidance = text("What is allowed instead, where anything is.", allow_none=True)
