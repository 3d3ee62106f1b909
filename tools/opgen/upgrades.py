"""How a call that was saved by an older version of an operator reads today.

An entry's ``upgrades:`` maps each old version to the step that leads to the next one, so a call is led through all the
steps between its version and the operator's.
"""

from .errors import OpgenError
from .model import Operator


def upgrade_call(op: Operator, version: int, arguments: dict[str, str]) -> dict[str, str]:
    """The arguments (parameter -> text) as the operator's current version takes them."""
    if version > op.version:
        raise OpgenError(f"{op.name} is at version {op.version}; a call of version {version} is from the future")
    for step in range(version, op.version):
        change = op.upgrades[step]
        renamed = {change.rename.get(name, name): text for name, text in arguments.items() if name not in change.drop}
        arguments = change.add | renamed
    if unknown := sorted(name for name in arguments if op.signature.param(name) is None):
        raise OpgenError(f"{op.name} has no parameter {unknown[0]!r}, and no upgrade leads there", op.file, op.line)
    return arguments
