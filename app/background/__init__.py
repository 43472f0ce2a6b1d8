"""Work that runs beside requests: positions of events, and their clean-up."""
