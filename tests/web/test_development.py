"""The signing key of a development machine."""

import stat
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from app.domain.identity import Principal, Scope
from app.settings import Settings, SettingsError
from app.web.development import AUDIENCE, ISSUER, DevelopmentKeys
from app.web.tokens import TokenVerifier


def verifier(keys: DevelopmentKeys) -> TokenVerifier:
    """A service that trusts these keys."""
    tokens = TokenVerifier.from_settings(
        Settings(jwt_issuer=ISSUER, jwt_audience=AUDIENCE, jwt_public_key_file=keys.public_key_file)
    )
    assert tokens is not None
    return tokens


async def test_a_minted_token_is_accepted_by_a_service_with_the_public_key(tmp_path: Path) -> None:
    keys = DevelopmentKeys(tmp_path / "made" / "here")
    company = uuid4()
    before = datetime.now(UTC).replace(microsecond=0)
    principal = await verifier(keys).verify(keys.mint(company, set(Scope), "ada", timedelta(hours=1)))
    assert principal.expires_at is not None
    assert before <= principal.expires_at - timedelta(hours=1) <= datetime.now(UTC)
    assert principal == Principal(company, "ada", frozenset(Scope), principal.expires_at)


async def test_the_key_is_made_once_and_then_reused(tmp_path: Path) -> None:
    token = DevelopmentKeys(tmp_path).mint(uuid4(), [], "ada", timedelta(hours=1))
    assert (await verifier(DevelopmentKeys(tmp_path)).verify(token)).subject == "ada"


async def test_processes_that_start_at_once_share_one_key(tmp_path: Path) -> None:
    made: list[DevelopmentKeys] = []
    barrier = threading.Barrier(8)

    def start() -> None:
        barrier.wait()
        made.append(DevelopmentKeys(tmp_path))

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tokens = verifier(made[0])
    for keys in made:
        assert (await tokens.verify(keys.mint(uuid4(), [], "ada", timedelta(hours=1)))).subject == "ada"
    assert len(made) == 8


def test_the_private_key_is_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    DevelopmentKeys(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    files = list(folder.iterdir())
    assert len(files) == 2, "no temporary file stays behind"
    for path in files:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_a_public_key_that_does_not_belong_to_the_private_one_is_replaced(tmp_path: Path) -> None:
    keys = DevelopmentKeys(tmp_path / "one")
    keys.public_key_file.write_bytes(DevelopmentKeys(tmp_path / "two").public_key_file.read_bytes())
    keys = DevelopmentKeys(tmp_path / "one")
    assert await verifier(keys).verify(keys.mint(uuid4(), [], "ada", timedelta(hours=1)))


def test_a_file_that_is_no_key_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "signing-key.pem").write_text("not a key")
    with pytest.raises(
        SettingsError, match="delete the file, and start `customer-gateway dev`, which creates a new one"
    ):
        DevelopmentKeys(tmp_path)
