"""Pure business rules: no SQL, no GraphQL, no clock, no I/O."""
