"""One module per mutation: its payload and its resolver."""
