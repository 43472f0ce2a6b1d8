"""The REST endpoints: a table of documents that the engine runs, and the forms of their requests and answers."""
