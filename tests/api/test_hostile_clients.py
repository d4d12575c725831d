"""Whatever is sent to whichever operation: a documented answer, of a documented type, never a 5xx."""

from collections.abc import Mapping
from typing import Any

import schemathesis
from schemathesis.engine import events, from_schema

from tests.api.conftest import Api

_OF_ROLE = {
    "merchant": "^/v1/orders",
    "dachser": "^/v1/(releases|decisions|appointments)",
    "reviewer": "^/v1/(audit|policy)",
}


def configuration(tokens: Mapping[str, str]) -> schemathesis.Config:
    """The same bounded run each time, each operation as a client that is let in."""
    return schemathesis.Config.from_dict(
        {
            "seed": 1,
            # Nothing of a run before is used again, nor left in the checkout.
            "cache": {"enabled": False},
            "generation": {"max-examples": 10, "deterministic": True, "database": "none"},
            "phases": {"stateful": {"enabled": False}},
            "checks": {
                # A value may have the described form and still not hold: a carrier that is not
                # registered, a cursor that no page gave.
                "positive_data_acceptance": {"enabled": False},
                # It cannot call a WSGI application itself; test_routes walks every route.
                "ignored_auth": {"enabled": False},
            },
            "operations": [
                {
                    "include-path-regex": paths,
                    "headers": {"Authorization": f"Bearer {tokens[client]}"},
                }
                for client, paths in _OF_ROLE.items()
            ],
        }
    )


def faults_of(event: Any) -> list[str]:
    """What a step of the run found."""
    if isinstance(event, events.NonFatalError | events.FatalError):
        return [str(event.info.format() if hasattr(event, "info") else event.exception)]
    if not isinstance(event, events.ScenarioFinished):
        return []
    return [
        f"{event.label}: {check.failure_info.failure.title}: {check.failure_info.failure.message}"
        for checks in event.recorder.checks.values()
        for check in checks
        if check.failure_info is not None
    ]


def test_every_operation_keeps_to_its_description(api: Api) -> None:
    """Valid and invalid data from the description itself; with every check but those two."""
    api.assigned(consignment="K-1")
    schema = schemathesis.openapi.from_wsgi(
        "/openapi.json", api.app, config=configuration(api.tokens)
    )
    finished, faults = set(), []
    for event in from_schema(schema).execute():
        faults += faults_of(event)
        if isinstance(event, events.ScenarioFinished) and event.recorder.has_responses:
            finished.add(event.label)
    assert faults == []
    described = schema.raw_schema["paths"].values()
    assert len(finished) == sum(len(operations) for operations in described)
