"""The benchmark: this service and other GraphQL servers on one database, with the same queries."""
