"""Checks mail addresses by their syntax alone; it must never ask the network about one."""

from email_validator import EmailNotValidError, validate_email

_LONGEST = 254  # RFC 5321 §4.5.3.1.3 without the angle brackets


def normalised(text: str) -> str | None:
    """The address in ASCII with its domain in lower case, or None where it is none.

    A local part beyond ASCII would need SMTPUTF8, which carriers' systems do not carry; a domain
    beyond ASCII is written in its IDNA form.
    """
    if len(text) > _LONGEST:
        return None
    try:
        found = validate_email(text, check_deliverability=False, allow_smtputf8=False, strict=True)
    except EmailNotValidError:
        return None
    return found.ascii_email


def domain_of(address: str) -> str:
    """The domain of a normalised address."""
    return address.rpartition("@")[2]
