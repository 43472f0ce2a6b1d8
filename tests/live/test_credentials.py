"""Credentials of open streams are checked again, each once for all of its streams."""

import asyncio
from dataclasses import dataclass, field

import pytest

from app.live.credentials import CredentialRejected, Credentials
from app.live.ended import LiveCode
from tests.live.streams import stream_of
from tests.support.until import until


@dataclass(eq=False)
class Credential:
    """A credential whose next answers are given."""

    answers: list[bool | Exception] = field(default_factory=list[bool | Exception])
    checks: int = 0

    async def check(self) -> bool:
        self.checks += 1
        answer = self.answers.pop(0) if self.answers else True
        if isinstance(answer, Exception):
            raise answer
        return answer


async def test_a_credential_of_many_streams_is_checked_once() -> None:
    credential, credentials = Credential(), Credentials()
    streams = [stream_of() for _ in range(5)]
    for stream in streams:
        credentials.add(credential, stream)
    await credentials.check()
    await credentials.aclose()

    assert credential.checks == 1
    assert {stream.code for stream in streams} == {LiveCode.CLIENT_LEFT}


async def test_a_rejected_credential_ends_its_streams_and_no_others() -> None:
    credentials = Credentials()
    good, bad = stream_of(), stream_of()
    credentials.add(Credential(), good)
    credentials.add(Credential([CredentialRejected("TOKEN_EXPIRED", "Get a new one.")]), bad)
    await credentials.check()
    await credentials.aclose()

    assert (good.code, bad.code) == (LiveCode.CLIENT_LEFT, "TOKEN_EXPIRED")


@pytest.mark.parametrize(("seconds", "code"), [(29.0, LiveCode.CLIENT_LEFT), (31.0, LiveCode.UNAVAILABLE)])
async def test_streams_survive_that_a_credential_can_not_be_verified_for_a_while(
    monkeypatch: pytest.MonkeyPatch, seconds: float, code: str
) -> None:
    credentials, stream = Credentials(), stream_of()
    credentials.add(Credential([False, RuntimeError("unexpected"), False]), stream)
    loop = asyncio.get_running_loop()
    await credentials.check()
    await credentials.check()
    begun = loop.time()
    with monkeypatch.context() as patched:
        patched.setattr(loop, "time", lambda: begun + seconds)
        await credentials.check()
    await credentials.aclose()

    assert stream.code == code


async def test_credentials_are_checked_at_intervals_while_there_are_streams() -> None:
    credential, credentials, stream = Credential(), Credentials(seconds=0.01), stream_of()
    credentials.add(credential, stream)
    await until(lambda: credential.checks >= 3)
    credentials.remove(credential, stream)
    await asyncio.sleep(0.05)
    checks = credential.checks
    await asyncio.sleep(0.05)

    assert credential.checks == checks
    credentials.add(credential, stream)
    await until(lambda: credential.checks > checks)
    await credentials.aclose()
