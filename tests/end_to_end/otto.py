"""Settings and credentials by which a gateway's own processes find OTTO's imitation."""

from contextlib import closing
from pathlib import Path

from gateway.marketplaces.otto.local import CLIENT_ID, CLIENT_SECRET
from gateway.resources import default_config
from gateway.usecases.incoming.connections import connections
from tests.world import NOON, World


def leading_to(url: str, directory: Path, orders_per_page: int = 128) -> dict[str, str]:
    """Settings for the environment; their files are made in `directory`."""
    shipped = (default_config() / "marketplaces" / "otto.toml").read_text()
    changed = shipped.replace("http://127.0.0.1:8085", url)
    changed = changed.replace("orders_per_page = 128", f"orders_per_page = {orders_per_page}")
    (directory / "marketplaces").mkdir(parents=True)
    (directory / "marketplaces" / "otto.toml").write_text(changed)
    (directory / "gateway.toml").touch()
    return {"GATEWAY_CONFIG": str(directory / "gateway.toml")}


def keep_credentials(data: Path) -> None:
    """As `gateway orders sync --set-credentials` does."""
    with closing(World(data)) as world:
        secret = {"host": "local", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
        connections(world.services).file.keep("otto:default", secret, NOON)
