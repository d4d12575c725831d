"""Who acts, as the audit log names them: a role and an opaque id, never a person's name."""

from gateway.audit.entry import Actor
from gateway.model.client import Client

OPERATOR = Actor(role="operator", id="command-line")
"""Whoever runs the commands on the machine itself."""

SERVICE = Actor(role="service", id="gateway")
"""The service on its own account: retention, start-up."""


def actor(client: Client) -> Actor:
    """A client as actor."""
    return Actor(role=client.role.value, id=client.client_id)
