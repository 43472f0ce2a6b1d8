"""Runs GraphQL operations: documents, limits, execution; knows nothing of customers."""
