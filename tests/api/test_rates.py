"""How much one client may ask, and that strangers cannot use up what is not theirs."""

from collections.abc import Callable

from gateway.api import rates
from tests.api.conftest import Api


def test_a_client_is_held_to_its_requests(an_api: Callable[..., Api]) -> None:
    """429 beyond the limit, with the seconds to wait; other clients are not concerned."""
    api = an_api(GATEWAY_LIMITS__REQUESTS_PER_MINUTE="2")
    first = api.get("/v1/policy", "reviewer")
    assert first.headers["RateLimit-Policy"] == '"minute";q=2;w=60'
    assert first.headers["RateLimit"].startswith('"minute";r=1;t=')
    assert "Retry-After" not in first.headers
    assert api.get("/v1/nothing", "reviewer").status_code == 404
    assert api.get("/v1/orders/x", "reviewer").status_code == 403
    refused = api.get("/v1/policy", "reviewer")
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert refused.headers["RateLimit"].startswith('"minute";r=0;t=')
    assert api.get("/v1/orders/x", "merchant").status_code == 404


def test_a_stranger_is_held_off_by_address_and_keeps_no_client_out(api: Api) -> None:
    """Failed authentications are counted; from the same address a good token still works."""
    for _ in range(rates.STRANGER_PER_MINUTE):
        assert api.get("/v1/policy").status_code == 401
    refused = api.get("/v1/policy", headers={"Authorization": "Bearer guess"})
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) >= 1
    assert api.get("/v1/policy", "reviewer").status_code == 200
    elsewhere = {"REMOTE_ADDR": "192.0.2.1"}
    assert api.get("/v1/policy", environ_base=elsewhere).status_code == 401


def test_probes_have_no_limit(an_api: Callable[..., Api]) -> None:
    """Whoever watches over the service is not told to wait."""
    api = an_api(GATEWAY_LIMITS__REQUESTS_PER_MINUTE="1")
    for _ in range(3):
        answer = api.get("/healthz")
        assert (answer.status_code, answer.headers.get("RateLimit")) == (200, None)


def test_a_minute_later_there_are_new_ones() -> None:
    """The window ends, whoever was refused in it."""
    seconds = [0.0]
    windows = rates.Rates(1, lambda: seconds[0])
    assert [windows.of_client("a").granted for _ in range(2)] == [True, False]
    seconds[0] = 60.0
    assert windows.of_client("a").granted
