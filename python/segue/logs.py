"""`SEGUE_LOGS` and its function: which of the engine's log channels print."""

from __future__ import annotations

import os

from segue import _segue


def set_logs(spec: str) -> None:
    """Turns log channels on: names separated by commas, as in SEGUE_LOGS; "" turns all off, "help" lists them.

    ValueError lists the known channels when one is unknown.
    """
    if not isinstance(spec, str):
        raise TypeError(f"set_logs takes a str of channel names, not {type(spec).__name__}")
    _segue._log_configure(spec)


if os.environ.get("SEGUE_LOGS"):
    set_logs(os.environ["SEGUE_LOGS"])
