"""What the audit core raises when bytes are not what they claim; a fault never repairs or guesses.

Verdicts on receipts and logs are values (see `proof` and `verify`); these exceptions end a single
parse or check and are turned into such a value one level up.
"""

from gateway.errors import GatewayError


class AuditError(GatewayError):
    """Any fault of this package; the message names what is wrong and never quotes an entry."""


class Malformed(AuditError):
    """Bytes do not follow the format strictly: not canonical, truncated, trailing or out of range."""


class ProofRefused(AuditError):
    """A Merkle proof does not lead from what is shown to the root it was checked against."""


class SignatureRefused(AuditError):
    """A note bears no valid signature of the expected key, or an invalid one."""
