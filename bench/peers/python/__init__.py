"""The peers that are written in Python, and the floor under all of them."""
