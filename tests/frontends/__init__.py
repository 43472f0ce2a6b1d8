"""The guide for frontends and its example, held to each other and to the schema, and driven in a browser."""
