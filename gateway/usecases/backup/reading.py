"""Opens the two files of a backup; it must never pass on what was not decrypted to its last byte."""

import gzip
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BufferedIOBase
from pathlib import Path
from typing import IO, cast

from gateway.errors import GatewayError
from gateway.usecases.backup.apart import Bundle, NoBundle
from gateway.vault import age_files


class BackupRefused(GatewayError):
    """The backup is not taken for what it says it is, or must not take the place of what is known."""


def bundle_of(keyring: Path, identities: Sequence[Path]) -> Bundle:
    """The content of a backup of the keyring; BackupRefused where it is none."""
    try:
        return Bundle.decoded(age_files.decrypted(keyring, identities))
    except NoBundle as fault:
        raise BackupRefused(f"{keyring}: {fault}") from fault


@contextmanager
def opened(database: Path, identities: Sequence[Path], scratch: Path) -> Iterator[IO[bytes]]:
    """The lines of a backup of the database, believed: every byte has been decrypted.

    They stand in a file without a name meanwhile, in `scratch`; contacts are sealed in them.
    """
    with tempfile.TemporaryFile(dir=scratch) as whole:
        age_files.decrypt(database, cast("BufferedIOBase", whole), identities)
        whole.seek(0)
        try:
            with gzip.open(whole) as lines:
                yield cast("IO[bytes]", lines)
        except (gzip.BadGzipFile, zlib.error, EOFError) as fault:
            raise BackupRefused(f"{database}: this is no backup of a database") from fault
