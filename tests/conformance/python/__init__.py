"""Programs from PyPI that need an environment of their own."""
