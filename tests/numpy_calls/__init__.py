"""Sample calls of every public callable of NumPy, and how each of them runs under Segue.

`calls/<family>.txt` has the samples, a line each: how it runs, the callable's name without "numpy.", the call. `samples.py` reads
them, `survey.py` runs one, `python -m tests.numpy_calls` prints what all of them come to. docs/numpy.md is made of the files
(tools/numpy_docs.py); tests/python/test_numpy_calls.py holds them to what really happens.
"""
