"""The alphabet by which names sort: chosen by a database's first migration, the same on every server."""
