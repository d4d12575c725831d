"""`gateway merchants`: a new one is there at once, apart from the others."""

from collections.abc import Callable
from typing import Any

from tests.cli.conftest import Gateway


def test_a_new_merchant_has_its_own_everything(gateway: Gateway, told: Callable[..., Any]) -> None:
    """Listed, with a log that knows the policy, and without carriers or clients."""
    result = gateway("merchants", "create", "moebel-meier", "--name", "Möbel Meier GmbH")
    assert result.exit_code == 0
    assert "gateway carriers apply --merchant moebel-meier" in result.stdout
    names = {it["merchant"]: it["name"] for it in told("merchants", "list")["merchants"]}
    assert names["moebel-meier"] == "Möbel Meier GmbH"
    assert told("carriers", "list", "--merchant", "moebel-meier") == {"carriers": []}
    assert told("clients", "list", "--merchant", "moebel-meier") == {"clients": []}
    log = gateway("audit", "export", "--merchant", "moebel-meier").stdout
    assert '"policy.changed"' in log
