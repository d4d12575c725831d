"""The services of a gateway that tells of its steps; what they do is what they do without."""

from dataclasses import replace
from typing import TypeVar, cast

from gateway.model.contact import FreightContact
from gateway.storage.store import Store, Work
from gateway.tracing import Fact, Step, carried, span
from gateway.usecases.rulebook import Rulebook
from gateway.usecases.services import Services
from gateway.vault.envelope import Binding, Envelope
from gateway.vault.opening import Opener
from policies.engine import Engine
from policies.question import Question
from policies.verdict import Permit, Verdict

T = TypeVar("T")


def traced(services: Services) -> Services:
    """The same services, telling of each entry, decision and opening."""
    return replace(
        services,
        store=cast(Store, _Store(services.store)),
        rulebook=cast(Rulebook, _Rulebook(services.rulebook)),
        opener=cast(Opener, _Opener(services.opener)),
    )


class _Store:
    """A store that tells of each write, from the wait for its turn until it is durable."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def write(self, merchant: str, work: Work[T]) -> T:
        with span(Step.RECORD):
            # Another thread may do it, for all who wait.
            return self._store.write(merchant, carried(work))


class _Rulebook:
    """A rulebook whose rules tell of each verdict."""

    def __init__(self, rulebook: Rulebook) -> None:
        self._rulebook = rulebook

    def __getattr__(self, name: str) -> object:
        return getattr(self._rulebook, name)

    def deciding(self) -> Engine:
        return cast(Engine, _Engine(self._rulebook.deciding()))


class _Engine:
    """An engine that tells of each verdict."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __getattr__(self, name: str) -> object:
        return getattr(self._engine, name)

    def decide(self, question: Question) -> Verdict:
        with span(Step.DECIDE) as told:
            verdict = self._engine.decide(question)
            permitted = isinstance(verdict, Permit)
            told.tell(Fact.OUTCOME, "permitted" if permitted else "refused")
            if verdict.codes:
                told.tell(Fact.REASON, verdict.codes[0].value)
            return verdict


class _Opener:
    """An opener that tells that it opened."""

    def __init__(self, opener: Opener) -> None:
        self._opener = opener

    def __getattr__(self, name: str) -> object:
        return getattr(self._opener, name)

    def freight(self, envelope: Envelope, binding: Binding) -> FreightContact:
        with span(Step.OPEN):
            return self._opener.freight(envelope, binding)
