"""Witnesses and holders are read from the settings; what could not work stops the start."""

from pathlib import Path

import pytest

from gateway import settings
from gateway.app import assemble
from gateway.audit.note import Algorithm, Signer
from gateway.errors import ConfigurationError

VKEY = Signer("witness.example/w1", Algorithm.COSIGNATURE_V1, b"w" * 32).verifier.vkey()
LOG_VKEY = Signer("log.example", Algorithm.ED25519, b"w" * 32).verifier.vkey()
W1 = "[witnesses.known.w1]\nurl = '{url}'\nvkey = '{vkey}'\n"


def load(tmp_path: Path, text: str) -> settings.Settings:
    file = tmp_path / "gateway.toml"
    file.write_text(text)
    return settings.load({"GATEWAY_CONFIG": str(file), "GATEWAY_DATA": str(tmp_path / "data")})


def test_witnesses_and_holders_are_read(tmp_path: Path) -> None:
    """Each under its own name, and none where none is named."""
    assert load(tmp_path, "").witnessing.known == ()
    text = W1.format(url="https://witness.example/", vkey=VKEY)
    loaded = load(tmp_path, f"{text}[holders]\ndirectory = '/mnt/held'\n")
    assert assemble(loaded).quorum.verifiers[0].vkey() == VKEY
    assert loaded.holding.directory == Path("/mnt/held")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (W1.format(url="http://witness.example/", vkey=VKEY), "known.w1.url: https://"),
        (W1.format(url="", vkey=VKEY), "known.w1.url"),
        ("[witnesses.known.'W 1']\nurl='https://w'\nvkey='x'\n", "witnesses.known.W 1: "),
        ("[witnesses]\nquorum = 2\n" + W1.format(url="https://w", vkey=VKEY), "witnesses.quorum"),
        ("[holders]\nwebhook = 'http://holder.example/'\n", "holders.webhook: https://"),
        ("[holders]\nmailbox = 'auditor@example.org'\n", "mail.host: holders.mailbox needs it"),
        ('[holders]\nmailbox = "a@example.org\\nBcc: b@example.org"\n', "holders.mailbox: one"),
        ("[mail]\nhost = 'mail.example'\nsecurity = 'none'\n", "mail.security: none only to"),
        ("[mail]\nuser = 'gateway'\n", "mail.user, mail.password_file: both or neither"),
    ],
)
def test_what_does_not_hold_is_named(tmp_path: Path, text: str, why: str) -> None:
    """Table and key, and what it must be."""
    with pytest.raises(ConfigurationError, match=why):
        load(tmp_path, text)


@pytest.mark.parametrize("vkey", ["witness.example", LOG_VKEY])
def test_a_witness_has_a_witness_s_key(tmp_path: Path, vkey: str) -> None:
    """Not a log's, and not anything else."""
    loaded = load(tmp_path, W1.format(url="https://w", vkey=vkey))
    with pytest.raises(ConfigurationError, match=r"witnesses\.known\.w1\.vkey"):
        _ = assemble(loaded).quorum
