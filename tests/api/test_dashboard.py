"""The Grafana dashboard asks for metrics that there are, and leaves none out."""

import json
import re

from prometheus_client.parser import text_string_to_metric_families

from gateway.usecases.services import Services
from tests.api.conftest import Api
from tests.end_to_end.live import ROOT

_DASHBOARD = ROOT / "config" / "observability" / "grafana.json"


def _asked_for() -> set[str]:
    panels = json.loads(_DASHBOARD.read_text())["panels"]
    queries = [target["expr"] for panel in panels for target in panel["targets"]]
    names = {name for query in queries for name in re.findall(r"\bgateway_[a-z_]+", query)}
    return {re.sub(r"_(total|bucket|sum|count)$", "", name) for name in names}


def test_the_dashboard_and_the_service_name_the_same(api: Api) -> None:
    """Every panel has its metric, every metric its panel."""
    api.get("/healthz")
    text = api.get("/metrics").get_data(as_text=True)
    there = {family.name for family in text_string_to_metric_families(text)}
    # When a counter began is told by single processes alone.
    ours = {it for it in there if it.startswith("gateway_") and not it.endswith("_created")}
    assert _asked_for() == ours


def test_what_waits_and_what_is_late_is_counted(api: Api) -> None:
    """The keys of the keyring, an empty queue, nothing overdue."""
    text = api.get("/metrics").get_data(as_text=True)
    values = {
        (sample.name, sample.labels.get("use", "")): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert values["gateway_backlog_known", ""] == 1
    assert values["gateway_deletions_overdue", ""] == 0
    assert values["gateway_messages_waiting", ""] == 0
    assert values["gateway_logs_failed", ""] == 0
    assert values["gateway_log_lag_entries", ""] > 0


def test_a_database_that_is_down_leaves_the_counters(api: Api, services: Services) -> None:
    """Whoever watches learns that, and still what was answered."""
    services.store.database.engine.dispose()
    path = services.settings.data / "gateway.db"
    path.rename(path.with_suffix(".gone"))
    path.mkdir()
    text = api.get("/metrics").get_data(as_text=True)
    assert "gateway_backlog_known 0.0" in text
    assert "gateway_requests_total" in text
