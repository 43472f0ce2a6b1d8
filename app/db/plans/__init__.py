"""Plans: a tree of what an operation shows, and the one statement that answers it with JSON."""
