"""Every endpoint there is; what is not named here cannot be reached."""

from gateway.api import (
    appointments,
    audit,
    decisions,
    handovers,
    health,
    intake,
    log,
    orders,
    policy,
    releases,
    tokens,
)
from gateway.api.documentation import documentation
from gateway.api.endpoint import Endpoint
from gateway.usecases.readiness import Readiness
from gateway.usecases.relaying import Relay


def endpoints(readiness: Readiness, relay: Relay) -> list[Endpoint]:
    """All of them, in the order in which the documentation tells of them."""
    explained = [
        releases.release,
        releases.release_batch,
        decisions.decide,
        appointments.worklist,
        appointments.agreed,
        appointments.delivered,
        handovers.hand_over(relay),
        intake.take_in,
        orders.show,
        orders.give_to_carrier,
        orders.safe_address,
        audit.entries,
        audit.receipt_of,
        *log.endpoints(),
        policy.show,
        tokens.token,
        tokens.metadata,
        health.alive,
        health.ready(readiness),
        health.metrics,
    ]
    return [*explained, *documentation(explained)]
