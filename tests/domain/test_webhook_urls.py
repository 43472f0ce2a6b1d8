"""Which URLs a webhook endpoint may have."""

from typing import cast

import pytest

from app.domain.errors import ErrorCode, LimitProblem, Problem
from app.domain.webhook_urls import read_url, url_problems

PATH = ("url",)


def messages(value: object) -> list[str]:
    """The messages of everything that is wrong with a URL's form."""
    found = read_url(value, PATH)
    problems = cast("list[object]", found) if isinstance(found, list) else [found]
    return [problem.message for problem in problems if isinstance(problem, Problem)]


@pytest.mark.parametrize(
    "url",
    [
        "https://receiver.example",
        "https://receiver.example/events?source=billing&x=%20",
        "https://receiver.example:8443/",
        "https://RECEIVER.example./",
        "https://xn--rcver-wra.example/",
        "https://_internal.receiver.example/",
        "https://1.example/",
        "https://93.184.216.34/events",
        "https://[2606:2800:220:1::1]:443/",
        # Whether they are allowed depends on the settings.
        "http://receiver.example/",
        "https://localhost/",
        "https://127.0.0.1:8000/",
        "https://[::1]/",
    ],
)
def test_a_url_of_valid_form_is_kept_as_it_is(url: str) -> None:
    assert read_url(f" {url}\n", PATH) == url


@pytest.mark.parametrize(
    "url",
    [
        "receiver.example/events",
        "https:///events",
        "https://",
        "https://receiver.example:0/",
        "https://receiver.example:65536/",
        "https://receiver.example:port/",
        "https://a b.example/",
        "https://receiver.example/a b",
        "https://receiver.example\\@other.example/",
        "https://récepteur.example/",
        "https://receiver..example/",
        "https://-receiver.example/",
        f"https://{'a' * 64}.example/",
        f"https://{'a.' * 130}example/",
        # Resolvers read these as IPv4 addresses.
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f.0.0.1/",
        "https://0x7f000001/",
        "https://0177.0.0.1/",
        "https://1.2.3.256/",
        "https://[::1%25eth0]/",
        "https://[fe80::1%eth0]/",
        "https://[127.0.0.1]/",
        "https://[::1/",
    ],
)
def test_a_malformed_url_is_rejected(url: str) -> None:
    assert messages(url) == ["must be a URL in ASCII such as https://receiver.example.com/events."]


def test_everything_that_is_wrong_with_a_url_is_told() -> None:
    assert messages("ftp://somebody:secret@receiver.example/#top") == [
        "must begin with https://.",
        "must not contain a user name or password: receivers check the signature.",
        "must not contain a fragment, the part from #: it would not be sent.",
    ]
    assert messages("https://@receiver.example/#") == messages("ftp://somebody@receiver.example/#x")[1:]


def test_a_url_is_text_of_limited_length() -> None:
    longest = "https://receiver.example/".ljust(2_048, "x")
    assert read_url(longest, PATH) == longest
    too_long = read_url(f"{longest}x", PATH)
    assert isinstance(too_long, LimitProblem)
    assert (too_long.code, too_long.limit, too_long.actual) == (ErrorCode.FIELD_TOO_LONG, 2_048, 2_049)
    assert messages(7) == ["must be text, not 7: write it in quotation marks."]
    assert read_url(" ", PATH) is None


HTTPS, PUBLIC = "must begin with https://: ", "must lead to a public address, "


@pytest.mark.parametrize(
    ("url", "begins"),
    [
        ("https://receiver.example/", []),
        ("https://93.184.216.34/", []),
        ("http://receiver.example/", [HTTPS]),
        ("HTTPS://receiver.example/", []),
        ("http://10.0.0.1/", [HTTPS, PUBLIC]),
        ("https://127.0.0.1/", [PUBLIC]),
        ("https://0.0.0.0/", [PUBLIC]),
        ("https://169.254.169.254/latest/meta-data", [PUBLIC]),
        ("https://100.64.0.1/", [PUBLIC]),
        ("https://[::1]/", [PUBLIC]),
        ("https://[::ffff:127.0.0.1]/", [PUBLIC]),
        ("https://[64:ff9b::7f00:1]/", [PUBLIC]),
        ("https://[fd00::1]/", [PUBLIC]),
        ("https://localhost/", [PUBLIC]),
        ("https://LocalHost./", [PUBLIC]),
        ("https://receiver.localhost/", [PUBLIC]),
        ("https://localhost.example/", []),
    ],
)
def test_only_encrypted_requests_to_public_addresses_are_allowed(url: str, begins: list[str]) -> None:
    assert read_url(url, PATH) == url
    found = url_problems(url, allows_http=False, allows_private=False)
    assert [problem.code for problem in found] == [ErrorCode.WEBHOOK_URL_NOT_ALLOWED] * len(begins)
    assert all(problem.message.startswith(begin) for problem, begin in zip(found, begins, strict=True))
    assert url_problems(url, allows_http=True, allows_private=True) == []


def test_each_setting_lifts_its_own_rule() -> None:
    url = "http://localhost:8000/"
    http = url_problems(url, allows_http=False, allows_private=True)
    private = url_problems(url, allows_http=True, allows_private=False)
    assert [problem.message.startswith(HTTPS) for problem in http] == [True]
    assert [problem.message.startswith(PUBLIC) for problem in private] == [True]
