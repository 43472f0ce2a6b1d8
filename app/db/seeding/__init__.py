"""Demo data: rows generated from a seed number, without a database."""
