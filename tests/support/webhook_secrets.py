"""Secrets of endpoints."""

from base64 import b64encode

SECRET, EARLIER, OTHER = (f"whsec_{b64encode(letter * 24).decode()}" for letter in (b"s", b"e", b"o"))
