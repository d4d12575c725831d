"""Tells mobile numbers from others, where a carrier has a place for each."""

import phonenumbers
from phonenumbers import PhoneNumberType

_MOBILE = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE})


def is_mobile(phone: str) -> bool:
    """Whether a number, in E.164, is or may be a mobile one."""
    return phonenumbers.number_type(phonenumbers.parse(phone)) in _MOBILE
