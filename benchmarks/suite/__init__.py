"""The suite behind `python -m benchmarks`: contenders, measuring in child processes, and what is made of the results."""
