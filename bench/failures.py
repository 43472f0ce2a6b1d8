"""The error that ends a run of the benchmark with a message."""


class BenchError(Exception):
    """The run can't produce meaningful figures. The message says why."""
