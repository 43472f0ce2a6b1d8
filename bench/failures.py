"""What ends a run of the benchmark, with a message and no traceback."""


class BenchError(Exception):
    """Nothing that is measured from here on would mean anything; the message says why."""
