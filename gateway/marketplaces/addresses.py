"""The three kinds of buyer address: relay, placeholder, freight; a shop must never get the third.

Source: magnalister FAQ "OTTO - Besonderheiten zu importierten Käufer E-Mail Adressen &
Telefonnummern", 2023-05-12.
"""

import re
import unicodedata

from anyascii import anyascii

from gateway.marketplaces.facts import DerivationFacts
from gateway.marketplaces.mail import domain_of

_LOCAL_OCTETS = 64  # RFC 5321 §4.5.3.1.1
_GERMAN = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss", "ẞ": "SS"}
)
_APOSTROPHES = str.maketrans("", "", "'`")
_LETTERS = re.compile(r"[A-Za-z]+")
_RELAY_LOCAL = re.compile(r"(?=.{1,64}\Z)[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*")
_DOTS = re.compile(r"\.{2,}")


def relay(text: str | None, facts: DerivationFacts) -> str | None:
    """The address where it is OTTO's relay, that is of plain form and in a relay domain, else None."""
    local, _, domain = (text or "").rpartition("@")
    domain = domain.lower()
    if domain not in facts.relay_domains or not _RELAY_LOCAL.fullmatch(local):
        return None
    return f"{local}@{domain}"


def is_made_up(address: str, facts: DerivationFacts) -> bool:
    """Whether a normalised address is a relay or a placeholder, so not the buyer's own."""
    domain = domain_of(address)
    return domain in facts.relay_domains or domain == facts.placeholder_domain


def placeholder(
    first: str | None, last: str | None, order_number: str, facts: DerivationFacts
) -> str:
    """An address for shops that works nowhere, valid for any names, the same for the same order.

    Of the names only letters are kept: a phone number or an address that somebody typed into a name
    must not travel into shops. The order number (ten alphanumerics) is never cut.
    """
    pattern = facts.placeholder_pattern
    room = _LOCAL_OCTETS - len(pattern.format(first="", last="", order_number=order_number))
    first, last = _letters(first), _letters(last)
    last = last[: max(room - len(first), room // 2)]
    first = first[: room - len(last)]
    local = pattern.format(first=first.strip("-"), last=last.strip("-"), order_number=order_number)
    return f"{_DOTS.sub('.', local).strip('.')}@{facts.placeholder_domain}"


def _letters(name: str | None) -> str:
    """A name in ASCII letters, its words joined by dashes; nothing where it holds a mail address."""
    if name is None or "@" in name:
        return ""
    plain = anyascii(unicodedata.normalize("NFC", name).translate(_GERMAN))
    return "-".join(_LETTERS.findall(plain.translate(_APOSTROPHES)))
