"""What can go wrong with the policy itself; a refusal is no error and is never raised."""


class PolicyError(Exception):
    """The policy texts cannot be used: missing, unreadable, ill-formed, or unfit for the schema."""


class EngineFault(Exception):
    """The engine gave no clean answer to a question; whoever asked must release nothing."""
