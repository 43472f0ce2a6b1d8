"""The explorer in a browser: Debian's Chromium, driven by Playwright, against the real service on the demo data."""
