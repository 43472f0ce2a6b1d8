"""Use cases, one per file. Each reads, decides, writes and records."""
