"""The one exception of the generator: an entry that is wrong, with the place it stands at."""

from dataclasses import dataclass


@dataclass
class OpgenError(Exception):
    """A bad entry. ``str()`` is ``file:line: message``."""

    message: str
    file: str = "<ops>"
    line: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"
