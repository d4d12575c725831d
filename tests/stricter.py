"""Rules that differ from the installed ones by one more refusal: what an upgrade brings along."""

from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path

import pytest

from gateway.usecases.rulebook import Rulebook
from gateway.usecases.services import Services
from policies.engine import Engine
from policies.proof import Broken, Proof, prove_once

RULE = """
@id("no-mailer-recalls")
@reason("purpose_not_permitted")
@text("A mailer sends no recalls.")
@text_de("Ein Mailversand verschickt keine Rückrufe.")
@source("for tests")
forbid (principal is Mailer, action == Action::"recall", resource is RelayAddress);
"""


@dataclass(frozen=True)
class Stricter:
    """The rules, and where their proof is remembered, so that it is made once for all tests."""

    rules: Engine
    memory: Path

    def upgraded(self, services: Services) -> Services:
        """The same gateway in an installation that brings these rules along."""
        data = services.settings.data

        def proven(rules: Engine) -> Proof | Broken:
            ours = rules.version == self.rules.version
            return prove_once(rules, self.memory if ours else data / "policy-proof.json")

        return replace(services, rulebook=Rulebook(services.store, self.rules, proven))

    def remember(self, data: Path) -> None:
        """Spare a gateway of the earlier installation the proof."""
        short = self.rules.version.removeprefix("sha256:")[:12]
        (data / f"policy-proof-{short}.json").write_bytes(self.memory.read_bytes())


@pytest.fixture(scope="session")
def stricter(tmp_path_factory: pytest.TempPathFactory) -> Stricter:
    """Them, proven."""
    directory = tmp_path_factory.mktemp("stricter")
    for source in files("policies").iterdir():
        if source.name.endswith((".cedar", ".cedarschema")):
            text = source.read_text("utf-8")
            extra = RULE if source.name == "purposes.cedar" else ""
            (directory / source.name).write_text(text + extra, "utf-8")
    rules = Engine.load(directory)
    memory = directory / "policy-proof.json"
    assert isinstance(prove_once(rules, memory), Proof)
    return Stricter(rules, memory)
