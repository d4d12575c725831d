"""Where tests have their files: databases are made, synchronised and removed again by the thousand."""

import shutil
from pathlib import Path

_MEMORY = Path("/dev/shm")
_ROOM = 4 * 2**30


def quick_disk() -> Path | None:
    """A folder in memory, where there is room for them."""
    roomy = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ROOM
    return _MEMORY if roomy else None
