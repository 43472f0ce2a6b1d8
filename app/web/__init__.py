"""HTTP: requests, credentials and answers; knows nothing of customers."""
