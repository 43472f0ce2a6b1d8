"""Webhooks: events are sent to the URLs of endpoints, signed, in order and at least once."""
