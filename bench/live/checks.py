"""Checks before measuring: subscriptions need a valid credential, and show a company's changes to nobody else."""

from bench.failures import BenchError
from bench.live.contestants import Contestant
from bench.live.ledger import Refused
from bench.live.writing import Writer
from bench.tokens import Issuer


async def check_refusals(contestant: Contestant, issuer: Issuer, writer: Writer) -> None:
    """Raise BenchError if a subscription with an invalid token, or without the scope, isn't refused."""
    company_id = contestant.company_id
    tokens = {
        "no token": None,
        **issuer.invalid(company_id),
        "a token without the scope": issuer.without_scope(company_id),
    }
    for problem, token in tokens.items():
        async with contestant.audience(token) as audience:
            try:
                await audience.grow(1)
                await writer.write(audience.ledger, is_counted=False)
                await audience.quiet()
            except Refused:
                continue
        msg = f"A subscription with {problem} isn't refused."
        raise BenchError(msg)
