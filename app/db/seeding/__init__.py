"""Demo data: made from a seed number without a database, row by row as the tables take them."""
