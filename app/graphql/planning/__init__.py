"""From an operation to a plan, and from the arguments of its fields to what is asked of the database."""
