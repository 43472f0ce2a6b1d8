"""A GraphQL gateway for customer billing data."""
