"""The record of processing activities (GDPR 30), written from what is configured and registered."""

from dataclasses import dataclass
from datetime import datetime

from gateway.audit.entry import Actor
from gateway.storage import carriers
from gateway.usecases.questions import CONTACT_FIELDS
from gateway.usecases.reports import period
from gateway.usecases.reports.buyer import LEGAL_BASIS
from gateway.usecases.reports.made import Made, ReportKind, made
from gateway.usecases.services import Services
from policies.question import OTTO_SIX, Mode, Purpose, Registration


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """A carrier that may receive contacts as of the report."""

    carrier_id: str
    carrier_name: str
    fields: tuple[str, ...]
    purposes: tuple[str, ...]
    valid_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Processing:
    """What GDPR 30(1) asks for, as far as the gateway can know it.

    Who the controller's representative and data protection officer are stands in no configuration;
    the controller adds it. `erased_after_delivery_days`, `erased_latest_days` and
    `window_after_delivery_days` are the merchant's own terms; `log_period` says how often the log
    rolls over, `key_provider` what holds the keys.
    """

    legal_basis: str
    purposes: tuple[str, ...]
    relay_purposes: tuple[str, ...]
    fields: tuple[str, ...]
    recipients: tuple[Recipient, ...]
    window_after_delivery_days: int
    erased_after_delivery_days: int
    erased_latest_days: int
    log_period: str
    key_provider: str
    policy: str


def processing(
    services: Services, merchant: str, asker: Actor, request_id: str | None = None
) -> Made[Processing]:
    """The record as of now."""
    store, settings = services.store, services.settings
    recorded = period.record(store, merchant, asker, ReportKind.PROCESSING, None, {}, request_id)
    now = recorded.entry.time
    with store.read() as connection:
        registered = carriers.of_merchant(connection, merchant)
    terms = settings.deadlines.of(merchant)
    content = Processing(
        legal_basis=LEGAL_BASIS,
        purposes=(Purpose.DELIVERY_APPOINTMENT.value,),
        relay_purposes=tuple(one.value for one in Purpose if one in OTTO_SIX),
        fields=CONTACT_FIELDS,
        recipients=tuple(
            Recipient(
                carrier_id=one.carrier_id,
                carrier_name=one.name,
                fields=tuple(name for name in CONTACT_FIELDS if name in one.fields),
                purposes=tuple(sorted(one.purposes)),
                valid_until=one.valid_until,
            )
            for one in registered
            if one.registration(now) is Registration.CURRENT and Mode.FREIGHT in one.modes
        ),
        window_after_delivery_days=terms.window_after_delivery.days,
        erased_after_delivery_days=terms.erase_after_delivery.days,
        erased_latest_days=terms.erase_latest.days,
        log_period=settings.period,
        key_provider=settings.keys.provider.value,
        policy=services.engine.version,
    )
    return made(store, ReportKind.PROCESSING, recorded.entry, content)
