"""The service under failures and floods. Every load is bounded and goes to this machine alone; slow tests run with
`--slow`."""
