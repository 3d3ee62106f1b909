"""Benchmarks: `python -m benchmarks` measures array programs against NumPy and the peers; the scripts beside this file measure one cost each."""

import os
import sys

# The scripts are run by their paths and import one another by plain names; so do the parts of them that the suite uses.
_FOLDER = os.path.dirname(os.path.abspath(__file__))
if _FOLDER not in sys.path:
    sys.path.append(_FOLDER)
