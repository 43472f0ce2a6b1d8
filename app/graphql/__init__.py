"""The public contract: the schema, its types and what each field needs."""
