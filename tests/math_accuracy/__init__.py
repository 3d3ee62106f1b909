"""How far the native backend's math functions are from the exact results (`python -m tests.math_accuracy`)."""
