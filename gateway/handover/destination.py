"""A carrier's endpoint: the line to it, whether it proved itself, and whether it wants anything at all."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gateway.audit.entry import Action, Outcome
from gateway.handover import challenge, retries
from gateway.handover.attempt import Failed, Gone
from gateway.handover.exchange import Unreached
from gateway.handover.keys import CarrierKeys, carrier_keys
from gateway.handover.notice import Notice
from gateway.handover.outbound import Outbound
from gateway.model.carrier import Carrier
from gateway.model.ids import new_id
from gateway.storage import endpoints, outbox
from gateway.storage.endpoints import Endpoint
from gateway.storage.store import Store, Transaction
from gateway.usecases.actors import SERVICE
from gateway.vault.keyring import Keyring

if TYPE_CHECKING:
    from gateway.handover.line import Line

_CHALLENGE_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Where a carrier's messages go, and the keys that they are signed with."""

    merchant: str
    carrier: Carrier
    url: str
    keys: CarrierKeys
    notice: Notice

    @property
    def fingerprint(self) -> bytes:
        """What has to meet the challenge."""
        return challenge.fingerprint(self.carrier)


@dataclass(frozen=True, slots=True)
class Destinations:
    """Knows the endpoints, and remembers how they behaved."""

    store: Store
    keyring: Keyring
    outbound: Outbound
    origin: str

    def of(self, merchant: str, carrier: Carrier) -> Destination | None:
        """Where this carrier's messages go; None when it registered no endpoint."""
        if carrier.endpoint is None:
            return None
        keys = carrier_keys(self.keyring, merchant, carrier.carrier_id, self.store.clock())
        return Destination(
            merchant=merchant,
            carrier=carrier,
            url=carrier.endpoint,
            keys=keys,
            notice=Notice(self.origin, merchant, carrier, keys),
        )

    def line(self, destination: Destination) -> "Line | Failed | Gone":
        """A line to an endpoint that met the challenge, now or earlier."""
        known = self._known(destination)
        if known.disabled == destination.fingerprint:
            return Gone()
        line = self.outbound.dial(destination.url)
        if isinstance(line, Unreached):
            return Failed(line.hindrance.name.lower(), strains=True)
        try:
            if known.verified == destination.fingerprint or self.prove(destination, line):
                return line
        except BaseException:
            line.close()
            raise
        line.close()
        return Failed("challenge_not_met", strains=True)

    def prove(self, destination: Destination, line: "Line") -> bool:
        """Whether the endpoint meets the challenge; if so, that is on record."""
        now = self.store.clock()
        met = challenge.is_met(
            line,
            destination.notice,
            destination.keys,
            new_id(now, self.store.entropy),
            now,
            self.store.entropy(_CHALLENGE_BYTES),
        )
        if met:
            self._note(
                destination, Action.ENDPOINT_VERIFIED, Endpoint(verified=destination.fingerprint)
            )
        return met

    def went_well(self, destination: Destination) -> None:
        """The endpoint took something: earlier failures count no more."""
        known = self._known(destination)
        if known.failures:
            self._keep(destination, replace(known, failures=0, paused_until=None))

    def strained(self, destination: Destination) -> None:
        """The endpoint is left in peace for a while, the longer the more often it failed."""
        known = self._known(destination)
        failures = known.failures + 1
        until = self.store.clock() + retries.pause(failures)
        self._keep(destination, replace(known, failures=failures, paused_until=until))

    def gone(self, destination: Destination) -> None:
        """The endpoint wants nothing: what waits for it is dead, until somebody replays it."""
        now = self.store.clock()
        merchant, carrier_id = destination.merchant, destination.carrier.carrier_id
        if self._known(destination).disabled != destination.fingerprint:
            disabled = Endpoint(disabled=destination.fingerprint)
            self._note(destination, Action.ENDPOINT_DISABLED, disabled)
        with self.store.change() as connection:
            outbox.end_waiting(connection, merchant, carrier_id, "endpoint_disabled", now)

    def _known(self, destination: Destination) -> Endpoint:
        with self.store.read() as connection:
            return endpoints.one(connection, destination.merchant, destination.carrier.carrier_id)

    def _keep(self, destination: Destination, known: Endpoint) -> None:
        with self.store.change() as connection:
            endpoints.keep(connection, destination.merchant, destination.carrier.carrier_id, known)

    def _note(self, destination: Destination, action: Action, known: Endpoint) -> None:
        carrier_id = destination.carrier.carrier_id

        def work(tx: Transaction) -> None:
            endpoints.keep(tx.connection, tx.merchant, carrier_id, known)
            tx.record(SERVICE, action, Outcome.DONE, carrier=carrier_id)

        self.store.write(destination.merchant, work)
