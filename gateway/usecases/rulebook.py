"""Which rules decide: those that were approved, whatever the installation's files say meanwhile.

Rules that do not match their digest, or that the proof does not hold of, decide nothing.
"""

import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from gateway.errors import Unavailable
from gateway.storage import rule_versions
from gateway.storage.store import Store
from policies.engine import Engine
from policies.errors import EngineFault, PolicyError
from policies.proof import Broken, Proof
from policies.texts import Texts

FRESH = timedelta(seconds=1)
"""How long a process goes on with what it knows: so long after an approval the last of them follows."""

Prove = Callable[[Engine], Proof | Broken]


class Rulebook:
    """The installed rules, and the approved ones; safe to use from several threads."""

    def __init__(self, store: Store, installed: Engine, prove: Prove) -> None:
        self.store = store
        self.installed = installed
        self._prove = prove
        self._asking = threading.Lock()
        self._asked_at: datetime | None = None
        self._version: str | None = None
        self._known: dict[str, Engine | str] = {}

    def deciding(self) -> Engine:
        """The rules that decide now. Unavailable where there are none: then nothing is released."""
        with self._asking:
            now = self.store.clock()
            if self._asked_at is None or not timedelta() <= now - self._asked_at < FRESH:
                with self.store.glance() as connection:
                    self._version = rule_versions.newest(connection)
                self._asked_at = now
            found = self._proven(self._version)
        if isinstance(found, str):
            raise Unavailable("policy", f"no rules decide, so nothing is released: {found}")
        return found

    def in_force(self) -> Engine | None:
        """As `deciding`; None where there are none."""
        try:
            return self.deciding()
        except Unavailable as fault:
            if fault.part != "policy":
                raise
            return None

    def look_again(self) -> None:
        """Forget what was known of the approval, because it changed."""
        with self._asking:
            self._asked_at = None

    def proof(self, rules: Engine) -> Proof | Broken:
        """The proof of rules, which is made where it is not remembered."""
        return self._prove(rules)

    def read(self, version: str | None) -> Engine | None:
        """A version that decides or decided, to be read and not to decide; None where it is not kept."""
        if version is None or version == self.installed.version:
            return self.installed if version else None
        with self.store.read() as connection:
            files = rule_versions.texts(connection, version)
        try:
            return None if files is None else loaded(version, files)
        except PolicyError:
            return None

    def _proven(self, version: str | None) -> Engine | str:
        """The rules, or why they do not decide."""
        if version is None:
            return "none were ever approved (gateway init)"
        if version == self.installed.version:
            return self.installed
        if version not in self._known:
            with self.store.read() as connection:
                files = rule_versions.texts(connection, version)
            self._known[version] = self._checked(version, files or {})
        return self._known[version]

    def _checked(self, version: str, files: Mapping[str, str]) -> Engine | str:
        try:
            rules = loaded(version, files)
            proof = self._prove(rules)
        except (PolicyError, EngineFault) as fault:
            return f"the approved ones do not load ({fault}); approve the installed ones"
        if isinstance(proof, Broken):
            return f"the approved ones break {proof.invariant.name}; approve the installed ones"
        return rules


def loaded(version: str, files: Mapping[str, str]) -> Engine:
    """Rules from their kept texts; PolicyError where they are not the ones that the version names."""
    texts = Texts.of(files)
    if texts.version != version:
        raise PolicyError(f"the kept texts are not those of {version}")
    return Engine(texts)
