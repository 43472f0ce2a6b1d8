"""The benchmark: this service beside other GraphQL servers, on one database, with the same questions."""
