"""The alphabet that names sort by: chosen by a database's first migration, and the same on every server."""
