"""Programs of other people, run against the service that really listens."""
