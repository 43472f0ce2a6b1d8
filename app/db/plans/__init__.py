"""Plans: a tree of what an operation selects, compiled to one statement that returns its JSON."""
