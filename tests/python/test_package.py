"""The package itself: where it can be imported, what that does, and the names it has."""

import os

import pytest

import segue
from segue import _interpreter, _segue


@pytest.mark.parametrize("version, implementation", [((3, 10), "CPython"), ((3, 14), "CPython"), ((3, 12), "PyPy")])
def test_other_interpreters_are_refused(version, implementation):
    with pytest.raises(ImportError, match=rf"supports CPython 3.11, 3.12, 3.13; this is {implementation} 3.{version[1]}"):
        _interpreter.require_supported_interpreter(version, implementation)


def test_the_public_names_are_there_and_typed():
    assert all(hasattr(segue, name) for name in segue.__all__)
    package = os.path.dirname(segue.__file__)
    assert os.path.exists(os.path.join(package, "py.typed")) and os.path.exists(os.path.join(package, "_segue.pyi"))


def test_importing_segue_installs_nothing():
    assert not _segue._testing.evaluator_installed()
