"""One module per type of the schema."""
