"""Lets `python -m app` stand for the `customer-gateway` command."""

from app.cli import main

# Worker processes import this module again, under another name.
if __name__ == "__main__":
    main()
