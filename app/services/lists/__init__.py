"""Upserts of lists of rows, for every kind of object."""
