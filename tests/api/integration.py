"""A carrier's integration that has keys of its own, before one worker of the gateway."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from werkzeug.test import TestResponse

from gateway.audit.entry import Entry
from gateway.model.client import Client
from gateway.storage import entries
from gateway.usecases.oauth import client_keys
from gateway.usecases.services import Services
from tests.conftest import Clock
from tests.oauth import Key, Signer, jwks

if TYPE_CHECKING:
    from tests.api.conftest import Api

WORKLIST = "/v1/appointments"


@dataclass
class Carrier:
    """Dachser's integration, with keys of its own, before one worker of the gateway."""

    api: "Api"
    services: Services
    clock: Clock
    client: Client
    plain: str
    signer: Signer = field(init=False)

    def __post_init__(self) -> None:
        """Register the keys."""
        self.signer = Signer(self.client.client_id)
        self.register(self.signer.key)

    def register(self, *keys: Key) -> None:
        """As the operator does."""
        read = client_keys.read(jwks(*keys))
        client_keys.register(self.services.store, "default", self.client.client_id, read)

    def ask(
        self, assertion: str | None = None, proof: str | None = "", **more: Any
    ) -> TestResponse:
        """POST /oauth/token, with what holds in place of what is not given; no proof for None."""
        now = self.clock()
        headers = dict(more.pop("headers", {}))
        if proof is not None:
            headers["DPoP"] = proof or self.signer.proof(now)
        form = self.signer.form(assertion or self.signer.assertion(now)) | more.pop("form", {})
        return self.api.post("/oauth/token", data=form, headers=headers, **more)

    def token(self) -> str:
        """A fresh access token, bound to the signer's proof key."""
        answer = self.ask()
        assert answer.status_code == 200, answer.text
        return str(answer.json["access_token"])

    def use(
        self, token: str, proof: str | None = "", scheme: str = "DPoP", **more: Any
    ) -> TestResponse:
        """GET the worklist with the token, and a proof that holds unless another one is given."""
        headers = {"Authorization": f"{scheme} {token}", **more.pop("headers", {})}
        if proof is not None:
            headers["DPoP"] = proof or self.proof(token)
        return self.api.get(WORKLIST, headers=headers, **more)

    def proof(self, token: str, **claims: Any) -> str:
        """A proof for the worklist."""
        return self.signer.proof(self.clock(), "GET", WORKLIST, token, **claims)

    def log(self) -> list[Entry]:
        """What is on record of this client's coming in, oldest first."""
        with self.services.store.read() as connection:
            [*stretches] = entries.stretches(connection, "default", None, None)
            found = [
                Entry.parse(one.leaf)
                for stretch in reversed(stretches)
                for one in entries.oldest(connection, stretch, entries.Sought(), 1000)
            ]
        return [it for it in found if it.actor.id == self.client.client_id]
