"""All SQL of the service, and nothing else."""
