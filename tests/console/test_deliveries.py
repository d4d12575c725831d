"""A carrier without an integration: its list, one contact at a time on record, the appointment."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta

import pyotp
import pytest

from gateway.audit.entry import Entry
from gateway.errors import InvalidInput
from gateway.model.account import Office
from gateway.storage import entries
from gateway.usecases import appoint, register
from gateway.usecases.actors import OPERATOR
from gateway.usecases.people import accounts
from gateway.usecases.services import Services
from tests.conftest import Clock, a_carrier
from tests.console.conftest import Reader, prove, words
from tests.console.story import Story

PASSWORD, SEED = "vier Worte ohne jeden Sinn", "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
NAME, PHONE, EMAIL = "Erika Mustermann", "+493023125001", "erika@example.org"


@pytest.fixture
def dispatcher(a_reader: Callable[[], Reader], services: Services) -> Reader:
    """A browser of Dachser's dispatcher; Dachser has order bagm62dvgp, Rhenus has lkqy62pfw4."""
    told = Story(services)
    told.order("bagm62dvgp")
    told.order("lkqy62pfw4", carrier="rhenus")
    made = a_reader()
    prove(services, made.sign_in(Office.CARRIER))
    return made


def log(services: Services) -> Iterator[Entry]:
    """What is on record of the default merchant, oldest first."""
    with services.store.read() as connection:
        for stretch in reversed(entries.stretches(connection, "default", None, None)):
            for one in entries.oldest(connection, stretch, entries.Sought(), 1000):
                yield Entry.parse(one.leaf)


def test_the_list_shows_ones_own_deliveries_and_no_contact(dispatcher: Reader) -> None:
    """Order, pieces and since when; another carrier's order is not there, and no page of it either."""
    text = dispatcher.get("/console/deliveries").text
    assert "bagm62dvgp" in text
    assert "lkqy62pfw4" not in text
    page = dispatcher.get("/console/deliveries/bagm62dvgp").text
    for secret in (NAME, PHONE, EMAIL):
        assert secret not in text + page
    for other in ("lkqy62pfw4", "nothing", "x" * 64):
        assert dispatcher.get(f"/console/deliveries/{other}").status_code == 404


def test_a_contact_is_shown_in_the_answer_to_a_release(
    dispatcher: Reader, services: Services
) -> None:
    """Name, number to call and address, each time on record as this person's asking, for this carrier."""
    path = "/console/deliveries/bagm62dvgp"
    for _ in range(2):
        dispatcher.get(path)
        answer = dispatcher.post(f"{path}/contact")
        assert answer.status_code == 200
        assert f'href="tel:{PHONE}"' in answer.text
        assert NAME in words(answer)
        assert EMAIL in words(answer)
        assert answer.headers["Cache-Control"] == "no-store"
    [account] = accounts.listing(services.store, "default")
    released = [it for it in log(services) if it.action == "contact.released"]
    assert [(it.actor.role, it.actor.id, it.carrier) for it in released] == [
        ("carrier", account.account_id, "dachser")
    ] * 2
    assert set(released[0].fields) == {"name", "phone", "email"}
    assert PHONE not in dispatcher.get(path).text


def test_a_link_alone_shows_no_contact(
    a_reader: Callable[[], Reader], services: Services, clock: Clock
) -> None:
    """Whoever has the mail sees what waits; the contact only after signing in with a factor of their own."""
    Story(services).order("bagm62dvgp")
    reader, path = a_reader(), "/console/deliveries/bagm62dvgp"
    account = reader.sign_in(Office.CARRIER)
    assert "Ein Anmeldelink allein zeigt keinen Kontakt" in reader.text(path)
    assert "Kontakt anzeigen" not in reader.text(path)
    answer = reader.post(f"{path}/contact")
    assert (answer.status_code, PHONE in answer.text) == (403, False)
    assert "contact.released" not in [it.action.value for it in log(services)]

    reader.get("/console/account")
    reader.post("/console/account/password", password=PASSWORD, repeated=PASSWORD)
    code = pyotp.TOTP(SEED)
    reader.post("/console/account/authenticator", seed=SEED, code=code.at(clock()))
    assert reader.get(path).text.count(f'action="{path}/contact"') == 0
    clock.advance(seconds=30)
    reader = a_reader()
    reader.get("/console/sign-in")
    form = {"name": account.name, "password": PASSWORD, "code": code.at(clock())}
    assert reader.post("/console/sign-in", **form).status_code == 303
    reader.get(path)
    assert PHONE in reader.post(f"{path}/contact").text


def test_only_what_is_registered_is_shown(
    a_reader: Callable[[], Reader], services: Services
) -> None:
    """Rhenus agrees its appointments by telephone alone."""
    Story(services).order("lkqy62pfw4", carrier="rhenus")
    account = accounts.create(services.store, "default", "rhenus", Office.CARRIER, "rhenus")
    reader = a_reader()
    reader.sign_in_proven(account)
    path = "/console/deliveries/lkqy62pfw4"
    reader.get(path)
    shown = words(reader.post(f"{path}/contact"))
    assert PHONE in shown
    assert EMAIL not in shown
    assert "E-Mail" not in shown


def test_a_refusal_says_why_and_is_on_record(dispatcher: Reader, services: Services) -> None:
    """Another carrier's order, and a registration that was withdrawn: the same policy as for clients."""
    path = "/console/deliveries/bagm62dvgp"
    dispatcher.get(path)
    assert dispatcher.post("/console/deliveries/lkqy62pfw4/contact").status_code == 404
    register.apply(services.store, "default", OPERATOR, [a_carrier("rhenus")])
    dispatcher.get(path)
    answer = dispatcher.post(f"{path}/contact")
    assert answer.status_code == 403
    assert "nicht gültig registriert" in words(answer)
    assert PHONE not in answer.text
    refused = [it.reasons for it in log(services) if it.action == "contact.refused"]
    assert refused[0] == ("recipient_not_responsible",)
    assert "recipient_not_registered" in refused[1]


def test_an_appointment_is_kept_in_the_readers_time(dispatcher: Reader, services: Services) -> None:
    """Ten o'clock in Berlin is nine in UTC; it stands in the list of its day, and can be changed."""
    path = "/console/deliveries/bagm62dvgp"
    dispatcher.get(path)
    form = {"day": "2026-11-23", "from": "14:00", "until": "16:30"}
    answer = dispatcher.post(f"{path}/appointment", **form)
    assert "Der Termin ist gespeichert" in words(dispatcher.follow(answer))
    found = appoint.one(
        services.store, services.settings.deadlines, "default", "dachser", "bagm62dvgp"
    )
    assert found is not None
    assert found.appointment is not None
    assert found.appointment.starts_at.isoformat() == "2026-11-23T13:00:00+00:00"
    today = dispatcher.text("/console/deliveries")
    assert "Heute zuzustellen" in today
    assert "23.11.2026, 14:00 bis 16:30" in today
    form["day"] = "2026-11-24"
    dispatcher.get(path)
    dispatcher.post(f"{path}/appointment", **form)
    assert "bagm62dvgp" not in dispatcher.text("/console/deliveries")
    assert "bagm62dvgp" in dispatcher.text("/console/deliveries?status=agreed")
    assert 'value="14:00"' in dispatcher.get(path).text


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"day": "", "from": "10:00", "until": "12:00"}, "Tag und Uhrzeiten"),
        ({"day": "2026-11-24", "from": "10", "until": "x"}, "Tag und Uhrzeiten"),
        ({"day": "2026-11-24", "from": "12:00", "until": "10:00"}, "Das Ende muss"),
        ({"day": "2026-11-22", "from": "10:00", "until": "12:00"}, "Das Ende muss"),
        ({"day": "2027-11-24", "from": "10:00", "until": "12:00"}, "90 Tage"),
    ],
)
def test_an_appointment_that_does_not_fit_is_explained(
    dispatcher: Reader, form: dict[str, str], says: str
) -> None:
    """Nothing is stored, and what was entered is still there."""
    path = "/console/deliveries/bagm62dvgp"
    dispatcher.get(path)
    answer = dispatcher.post(f"{path}/appointment", **form)
    assert answer.status_code == 422
    assert says in words(answer)
    assert f'value="{form["until"]}"' in answer.text


def test_what_is_delivered_leaves_the_list(
    dispatcher: Reader, services: Services, clock: Clock
) -> None:
    """Only after a tick; then the contact can be asked for a short time still, and no appointment set."""
    path = "/console/deliveries/bagm62dvgp"
    dispatcher.get(path)
    unsure = dispatcher.post(f"{path}/done")
    assert unsure.status_code == 422
    assert "Häkchen" in words(unsure)
    answer = dispatcher.post(f"{path}/done", sure="yes")
    assert "Die Zustellung ist vermerkt." in words(dispatcher.follow(answer))
    assert "bagm62dvgp" in dispatcher.text("/console/deliveries?status=delivered")
    assert "Termin speichern" not in dispatcher.text(path)
    form = {"day": "2026-11-24", "from": "10:00", "until": "12:00"}
    assert dispatcher.post(f"{path}/appointment", **form).status_code == 409
    clock.advance(days=4)
    [account] = accounts.listing(services.store, "default")
    dispatcher.sign_in_proven(account)
    dispatcher.get(path)
    refused = dispatcher.post(f"{path}/contact")
    assert refused.status_code == 403
    assert "Zeitfenster geschlossen" in words(refused)


def test_long_lists_are_read_page_by_page(dispatcher: Reader, services: Services) -> None:
    """Each delivery once, by following the link to the next page."""
    for number in range(25):
        Story(services).order(f"order{number:05d}")
    path, seen = "/console/deliveries?status=open", set[str]()
    for _ in range(3):
        text = dispatcher.get(path).text
        seen.update(re.findall(r"/console/deliveries/(\w+)", text))
        further = re.search(r'href="([^"]*cursor=[^"]*)"', text)
        if further is None:
            break
        path = further[1].replace("&amp;", "&")
    assert len(seen) == 26
    assert dispatcher.get("/console/deliveries?status=open&cursor=x").status_code == 422


def test_a_dispatcher_speaks_english_too(dispatcher: Reader) -> None:
    """The whole page follows the reader's choice."""
    dispatcher.get("/console/deliveries")
    dispatcher.post("/console/language", language="en", next="/console/deliveries/bagm62dvgp")
    text = dispatcher.text("/console/deliveries/bagm62dvgp")
    assert "Show the contact" in text
    assert "Kontakt anzeigen" not in text


def test_a_carriers_account_needs_a_registered_carrier(services: Services, clock: Clock) -> None:
    """And nobody else's may have one; a disabled one is let in no more."""
    for office, carrier_id in (
        (Office.CARRIER, None),
        (Office.REVIEWER, "dachser"),
        (Office.CARRIER, "nobody"),
    ):
        with pytest.raises(InvalidInput, match="carrier"):
            accounts.create(services.store, "default", "somebody", office, carrier_id)


def test_the_invitation_is_used_once(a_reader: Callable[[], Reader], services: Services) -> None:
    """The operator's link leads to the deliveries; a disabled account's pages are shut at once."""
    account = accounts.create(services.store, "default", "dispo", Office.CARRIER, "dachser")
    token = accounts.link(services.store, account)
    first, second = a_reader(), a_reader()
    first.get(f"/console/link/{token}")
    assert first.post(f"/console/link/{token}").headers["Location"] == "/console/deliveries"
    assert second.get(f"/console/link/{token}").status_code == 410
    accounts.disable(services.store, "default", "dispo")
    assert first.get("/console/deliveries").status_code == 303
    assert timedelta(hours=1) == accounts.LINK_LIFE
