"""`gateway console`: accounts come and go, and a link lets their owner in."""

import json
from urllib.parse import urlsplit

from gateway.app import create_app
from gateway.storage.openid_bindings import Person
from gateway.usecases.people import signin
from gateway.usecases.people.signin import SignedIn, Vouched
from gateway.usecases.services import Services
from tests.cli.conftest import Gateway


def opens(services: Services, link: str) -> bool:
    """Whether the link lets somebody in."""
    client = create_app(services).test_client()
    address = urlsplit(link)
    assert address.netloc == "localhost:8080"
    return client.get(address.path, base_url="http://localhost:8080").status_code == 200


def test_an_account_is_made_with_a_link(gateway: Gateway, services: Services) -> None:
    """The link opens the console; a later one takes its place."""
    made = gateway("console", "create", "--name", "dpo@example.org", "--role", "reviewer", "--json")
    assert made.exit_code == 0, made.output
    first = json.loads(made.stdout)["link"]
    assert opens(services, first)
    second = gateway("console", "link", "--account", "DPO@example.org").stdout.strip()
    assert opens(services, second)
    assert not opens(services, first)


def test_a_disabled_account_gets_no_link(gateway: Gateway) -> None:
    """It stays in the list, because the log names it."""
    gateway("console", "create", "--name", "ada", "--role", "operator")
    assert gateway("console", "disable", "ada").exit_code == 0
    assert gateway("console", "link", "--account", "ada").exit_code == 1
    [listed] = json.loads(gateway("console", "list", "--json").stdout)["accounts"]
    assert listed["name"] == "ada"
    assert listed["disabled_at"] is not None


def test_an_account_is_let_go_of_by_the_company_account(
    gateway: Gateway, services: Services
) -> None:
    """The list tells which are bound; what is not bound cannot be let go of."""
    gateway("console", "create", "--name", "ada", "--role", "operator")
    vouched = Vouched(Person("https://login.example", "4711"), "ada")
    assert isinstance(signin.by_openid(services.store, vouched), SignedIn)
    for bound, unbound in ((True, 0), (False, 1)):
        [listed] = json.loads(gateway("console", "list", "--json").stdout)["accounts"]
        assert listed["is_bound"] is bound
        assert gateway("console", "unbind", "ada").exit_code == unbound


def test_what_does_not_fit_is_said(gateway: Gateway) -> None:
    """A role that does not exist is wrong usage; a name that is taken is refused."""
    assert gateway("console", "create", "--name", "a", "--role", "king").exit_code == 2
    gateway("console", "create", "--name", "a", "--role", "reviewer")
    again = gateway("console", "create", "--name", "a", "--role", "reviewer")
    assert again.exit_code == 1
    assert "there is an account a already" in again.output


def test_the_demo_prints_links_that_open(fresh: Gateway, environment: dict[str, str]) -> None:
    """One for each role, under the port that was named; fresh ones each time."""
    first, second = (
        json.loads(fresh("demo", "--json", "--port", "9090").stdout)["console"] for _ in range(2)
    )
    assert set(first) == {"reviewer", "operator", "carrier"}
    assert first["reviewer"].startswith("http://localhost:9090/console/link/")
    assert first != second
