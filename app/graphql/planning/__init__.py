"""Plan queries, and convert the arguments of their fields to those of SQL statements."""
