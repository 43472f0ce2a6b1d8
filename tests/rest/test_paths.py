"""Paths as they are read from requests: percent-encoding, and what separates their parts."""

import pytest

from app.rest.routing import path_of


@pytest.mark.parametrize("raw", [b"/v1/%", b"/v1/%zz", b"/v1/a%2", b"/%%20/v1"])
def test_a_path_with_malformed_encoding_has_no_text(raw: bytes) -> None:
    assert path_of(raw) is None


def test_an_encoded_slash_separates_nothing() -> None:
    assert path_of(b"/v1%2fcustomers/%20a/%C3%A6%2F/%FF") == "/v1%2Fcustomers/ a/æ%2F/\ufffd"
