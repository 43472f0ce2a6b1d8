"""The connection URL: what its parts become, what is rejected, and that no password is shown."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.db.dsn import Dsn, DsnError, Host, parse, with_password, with_role
from app.db.dsn_parameters import SSL_MODES

_TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=20)
_HOST_NAME = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,10}(\.[a-z0-9]{1,8})?", fullmatch=True)
_HOST = st.one_of(_HOST_NAME, st.just("::1"), st.just("/var/run/postgresql"), st.just("/sockets/project:region:name"))


def problems(text: str) -> list[str]:
    with pytest.raises(DsnError) as caught:
        parse(text)
    return caught.value.problems


def parsed_or_rejected(text: str) -> Dsn | list[str]:
    try:
        return parse(text)
    except DsnError as error:
        return error.problems


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ("postgresql://u@h:5433/db", (Host("h", 5433),)),
        ("postgresql://u@h/db", (Host("h"),)),
        ("postgres://u@h/db", (Host("h"),)),
        ("postgresql+asyncpg://u@h/db", (Host("h"),)),
        (" postgresql://u@h/db\n", (Host("h"),)),
        ("postgresql://u@/db", ()),
        ("postgresql:///db?user=u", ()),
        ("postgresql://u@host1:5432,host2:5433/db", (Host("host1", 5432), Host("host2", 5433))),
        ("postgresql://u@host1,host2/db", (Host("host1"), Host("host2"))),
        ("postgresql://u@/db?host=a,b&port=1,2", (Host("a", 1), Host("b", 2))),
        ("postgresql://u@/db?host=a,b&port=1", (Host("a", 1), Host("b", 1))),
        ("postgresql://u@a,b/db?port=1,2", (Host("a", 1), Host("b", 2))),
        ("postgresql://u@[::1]:5433/db", (Host("::1", 5433),)),
        ("postgresql://u@[2001:db8::1],h/db", (Host("2001:db8::1"), Host("h"))),
        ("postgresql://u@/db?host=/var/run/postgresql", (Host("/var/run/postgresql"),)),
        ("postgresql://u@%2Fvar%2Frun%2Fpostgresql/db", (Host("/var/run/postgresql"),)),
        ("postgresql://u@%2Fvar%2Frun:5433/db", (Host("/var/run", 5433),)),
        ("postgresql://u@localhost/db?host=/cloudsql/p:r:i", (Host("/cloudsql/p:r:i"),)),
    ],
)
def test_hosts_are_read_as_libpq_reads_them(text: str, hosts: tuple[Host, ...]) -> None:
    parsed = parse(text)

    assert (parsed.user, parsed.database, parsed.hosts) == ("u", "db", hosts)


def test_user_password_and_database_are_decoded() -> None:
    parsed = parse("postgresql://b%C3%B8%40x:p%40%2F%3A%25@h/d%2Fb")

    assert (parsed.user, parsed.password, parsed.database) == ("bø@x", "p@/:%", "d/b")


def test_a_parameter_replaces_what_stands_before_the_question_mark() -> None:
    parsed = parse("postgresql://a:b@c/d?user=u&password=p%2Bq&dbname=e&host=h&port=7")

    assert parsed == Dsn("e", (Host("h", 7),), "u", "p+q")


def test_a_plus_sign_stays_one() -> None:
    assert parse("postgresql://u:a+b@h/db?application_name=a+b").parameters == {"application_name": "a+b"}


def test_an_empty_password_is_none() -> None:
    assert parse("postgresql://u:@h/db").password is None


def test_a_password_may_hold_an_at_sign_that_is_not_encoded() -> None:
    assert parse("postgresql://u:p@ss@h/db") == Dsn("db", (Host("h"),), "u", "p@ss")


@pytest.mark.parametrize("mode", SSL_MODES)
def test_every_sslmode_of_libpq_is_known(mode: str) -> None:
    assert parse(f"postgresql://u@h/db?sslmode={mode}").parameters == {"sslmode": mode}


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("sslmode=verify", "sslmode must be one of disable, allow, prefer, require, verify-ca, verify-full"),
        ("sslmode=", "sslmode must be one of"),
        ("ssl=true", 'the parameter "ssl" is unknown: write sslmode=require instead'),
        ("ssl_mode=require", 'the parameter "ssl_mode" is unknown: write sslmode instead'),
        ("pgbouncer=true", 'the parameter "pgbouncer" is unknown: remove it'),
        ("channel_binding=require", "channel_binding=require is not possible"),
        ("channel_binding=always", "channel_binding must be one of disable, prefer"),
        ("gssencmode=require", "gssencmode=require is not possible"),
        ("target_session_attrs=master", "target_session_attrs must be one of any, read-write"),
        ("connect_timeout=soon", "connect_timeout must be a whole number of seconds"),
        ("connect_timeout=-1", "connect_timeout must be a whole number of seconds"),
        ("connect_timeout=99999", "connect_timeout must be a whole number of seconds"),
        ("connect_timeout=" + "9" * 5_000, "connect_timeout must be a whole number of seconds"),
        ("sslmode=require&sslrootcert=system", "sslrootcert=system needs sslmode=verify-full"),
        ("sslrootcert=", "sslrootcert is empty"),
        ("sslkey=/k", "sslkey needs sslcert"),
        ("sslnegotiation=direct", "sslnegotiation=direct needs sslmode=require"),
        ("sslmode=require&sslmode=disable", "sslmode is given twice"),
        ("host=a&host=b", "host is given twice"),
        ("host=a,,b", "host has an empty name"),
        ("host=a,b&port=1,2,3", "as many as there are hosts"),
        ("port=0", "port must be a number from 1 to 65535"),
        ("port=x", "port must be a number from 1 to 65535"),
        ("host=a%20b", "host must be a host name"),
        ("host=" + "a" * 64, "host must be a host name"),
        ("user=a%2Cb", "user must not contain a comma or an equals sign"),
        ("options=%ff", "options is not percent-encoded UTF-8"),
        ("options=%zz", "options is not percent-encoded UTF-8"),
        ("options=%00", "options is not percent-encoded UTF-8"),
        ("sslmode", "must look like name=value"),
    ],
)
def test_a_parameter_that_can_not_be_honored_is_named_with_what_to_do(query: str, words: str) -> None:
    (problem,) = problems(f"postgresql://u:hidden@h/db?{query}")

    assert words in problem
    assert "\n" not in problem


@pytest.mark.parametrize(
    "text",
    ["", "h/db", "mysql://u:hidden@h/db", "postgresql:/u:hidden@h/db", "postgresql://u:hidden@h", "host=h dbname=db"],
)
def test_what_is_no_url_of_postgresql_is_rejected_with_its_shape(text: str) -> None:
    assert "must look like postgresql://user:password@host:5432/database" in problems(text)[0]


def test_quotation_marks_around_the_url_are_named() -> None:
    assert "remove the quotation marks" in problems('"postgresql://u@h/db"')[0]


def test_all_problems_come_at_once() -> None:
    assert len(problems("postgresql://u@[::1/db?sslmode=x&connect_timeout=y&sslkey=z&what=1")) == 5


@pytest.mark.parametrize("odd", [*string.punctuation, " ", "é", "%zz", "%41"])
@pytest.mark.parametrize("where", ["", "/db", "/db?sslmode=require", "/db?sslmode=wrong", ":x/db"])
def test_no_part_of_a_password_that_was_not_encoded_is_ever_shown(odd: str, where: str) -> None:
    parsed = parsed_or_rejected(f"postgresql://user:hid{odd}den=1@host{where}")

    assert "hid" not in repr(parsed)
    assert "den" not in repr(parsed)
    if isinstance(parsed, Dsn):
        assert parsed.hosts == (Host("host"),)


@given(
    st.builds(
        Dsn,
        database=_TEXT,
        hosts=st.lists(st.builds(Host, _HOST, st.none() | st.integers(1, 65_535)), max_size=3).map(tuple),
        user=st.none() | _TEXT.filter(lambda name: not set(name) & set(",=")),
        password=st.none() | _TEXT,
        parameters=st.fixed_dictionaries({}, optional={"options": _TEXT, "sslrootcert": _TEXT.filter("system".__ne__)}),
    )
)
def test_what_is_written_is_read_back(dsn: Dsn) -> None:
    assert parse(dsn.render()) == dsn


@given(st.text(max_size=60) | st.text(":/?#[]@!$&'()*+,;=%abc01", max_size=40).map("postgresql://{}".format))
def test_whatever_is_given_is_parsed_or_rejected(text: str) -> None:
    parsed = parsed_or_rejected(text)

    assert parsed.database if isinstance(parsed, Dsn) else parsed


def test_a_derived_url_keeps_hosts_and_parameters() -> None:
    dsn = "postgresql://a:b@h1:1,h2:2/db?sslmode=require&options=-c%20jit%3Doff"

    assert parse(with_role(dsn, "u", "p@")) == Dsn(
        "db", (Host("h1", 1), Host("h2", 2)), "u", "p@", {"sslmode": "require", "options": "-c jit=off"}
    )
    assert parse(with_password("postgresql://a@h/db", "x:y")) == parse("postgresql://a:x%3Ay@h/db")


def test_a_second_password_is_rejected() -> None:
    with pytest.raises(DsnError, match="already holds a password"):
        with_password("postgresql://a:b@h/db", "c")
