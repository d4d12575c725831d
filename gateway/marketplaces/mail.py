"""Checks mail addresses by their syntax alone; it must never ask the network about one."""

import re

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email

_PLAIN = re.compile(
    r"(?=[^@]{1,64}@)[a-z0-9_+]+(?:[.-][a-z0-9_+]+)*"
    r"@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}"
)
"""An address that is its own normal form: dot-atom, host name and top-level domain, in lower case."""

_LONGEST = 254  # RFC 5321 §4.5.3.1.3 without the angle brackets


def normalised(text: str) -> str | None:
    """The address in ASCII with its domain in lower case, or None where it is none.

    A local part beyond ASCII would need SMTPUTF8, which carriers' systems do not carry; a domain
    beyond ASCII is written in its IDNA form.
    """
    if len(text) > _LONGEST:
        return None
    return text if _is_plainly_good(text) else validated(text)


def validated(text: str) -> str | None:
    """`normalised` by the library that knows all the rules, for an address of any kind."""
    try:
        found = validate_email(text, check_deliverability=False, allow_smtputf8=False, strict=True)
    except EmailNotValidError:
        return None
    return found.ascii_email


def domain_of(address: str) -> str:
    """The domain of a normalised address."""
    return address.rpartition("@")[2]


def _is_plainly_good(text: str) -> bool:
    """Whether it needs no look at the rules for quotes, letters beyond ASCII and Punycode."""
    if "--" in text or not _PLAIN.fullmatch(text):
        return False
    host = "." + domain_of(text)
    return not any(host.endswith("." + name) for name in SPECIAL_USE_DOMAIN_NAMES)
