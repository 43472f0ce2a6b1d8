"""A ledger of writes: whatever happens to the service and its database, every write that was acknowledged is there
once.

`LEDGER_SECONDS` says how long; ten minutes are a soak. Clients create and change customers all the while, some
repeating under an idempotency key what got no answer, while processes are killed, stopped and cut off.
"""

import asyncio
import logging
import os
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest

from tests.pressure.ledger import Ledger, Told
from tests.pressure.writing import Writer, served_company
from tests.support.records import Records

pytestmark = pytest.mark.slow

SECONDS = float(os.environ.get("LEDGER_SECONDS", "120"))
CLIENTS = 6


async def test_every_acknowledged_write_is_there_once_and_no_refused_one_is() -> None:
    ledger, over = Ledger(), asyncio.Event()
    with TemporaryDirectory(prefix="customer-gateway-") as folder:
        async with served_company(Path(folder)) as (built, engine, company_id, headers):
            group_id = await Records(engine, company_id).group()
            async with httpx.AsyncClient(
                base_url=f"http://127.0.0.1:{built.port}", headers=headers, timeout=40
            ) as client:
                writers = [Writer(number, client, group_id, ledger) for number in range(CLIENTS)]
                writing = [asyncio.create_task(writer.run(over)) for writer in writers]
                try:
                    happened = await built.inject_faults(SECONDS)
                finally:
                    over.set()
                    await asyncio.gather(*writing)
            await ledger.assert_true(engine, company_id)
            log = built.log.read_text()

    told = f"{happened} faults; {ledger.told()}"
    logging.getLogger(__name__).info("%s", told)
    assert happened >= SECONDS / 20, told
    assert [*ledger.creations.values()].count(Told.STORED) > SECONDS, told
    assert not [answer for answer in ledger.answers if "INTERNAL" in answer], told
    assert "Traceback" not in log, told
