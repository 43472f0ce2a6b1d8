"""The servers that this service is measured beside."""
