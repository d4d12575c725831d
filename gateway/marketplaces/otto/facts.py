"""What is held to be true about OTTO, read from its configuration file; nothing of it stands in code."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from marshmallow import fields

from gateway.errors import ConfigurationError
from gateway.marketplaces.facts import (
    DerivationFacts,
    ModeTable,
    PlaceholderTable,
    RelayTable,
    Strict,
    load_tables,
    shared,
)
from gateway.marketplaces.otto.api_facts import ApiFacts, ApiTable, misplaced
from gateway.model.order import OTTO, Bar


@dataclass(frozen=True, slots=True, kw_only=True)
class OttoFacts(DerivationFacts):
    """The facts of `config/marketplaces/otto.toml`; each key's meaning and source stand there."""

    api: ApiFacts

    @classmethod
    def load(cls, path: Path) -> Self:
        """The facts in the TOML file at `path`; ConfigurationError names the key that does not hold."""
        tables = load_tables(path, _File())
        try:
            return cls._of(tables)
        except ValueError as fault:
            raise ConfigurationError(f"{path}: {fault}") from None

    @classmethod
    def _of(cls, tables: dict[str, Any]) -> Self:
        if fault := misplaced(tables["api"]["paths"]):
            raise ValueError(fault)
        return cls(marketplace=OTTO, bar=Bar(), **shared(tables), api=ApiFacts.of(tables["api"]))


class _File(Strict):
    relay = fields.Nested(RelayTable, required=True)
    placeholder = fields.Nested(PlaceholderTable, required=True)
    delivery_types = fields.Nested(ModeTable, required=True)
    carriers = fields.Nested(ModeTable, required=True)
    api = fields.Nested(ApiTable, required=True)
    sku = fields.Dict(required=True)
