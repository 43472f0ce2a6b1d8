"""Documents that are named: remembered within bounds, trusted as registered, rejected in words that clients know."""

from dataclasses import replace

import pytest
from graphql import FieldNode

from app.engine.documents import Document, Documents
from app.engine.execution import Engine
from app.engine.persisted import BYTES_PER_REMEMBERED_TEXT, NamedDocument, PersistedDocuments, Persistence
from app.engine.request_errors import RequestError, RequestErrorCode
from app.engine.trusted import TrustedDocuments, sha256_of
from tests.support.toy import LIMITS, SCHEMA, toy_engine

HELLO, SUBJECT = "{hello}", "{subject}"


def remembering(texts: int = 10) -> Engine:
    """An engine that remembers so many texts."""
    return toy_engine(persistence=Persistence(texts))


def trusting(documents: dict[str, str], *, only: bool = False, texts: int = 10) -> Engine:
    """An engine that trusts these documents."""
    return toy_engine(persistence=Persistence(texts, TrustedDocuments(documents), only))


def by_hash(text: str) -> NamedDocument:
    """A text as automatic persisted queries name it."""
    return NamedDocument(sha256_of(text), automatic=True)


def with_text(text: str) -> NamedDocument:
    """The same, the text sent with its hash."""
    return NamedDocument(sha256_of(text), text, automatic=True)


def names(document: Document) -> str:
    """The one field that a document asks for."""
    (field,) = document.select(None).node.selection_set.selections
    assert isinstance(field, FieldNode)
    return field.name.value


def refused(engine: Engine, document: str | NamedDocument) -> tuple[RequestErrorCode, str]:
    """The code and the words of a rejection."""
    with pytest.raises(RequestError) as caught:
        engine.prepare(document)
    assert len(caught.value.errors) == 1
    return caught.value.kind, caught.value.errors[0].message


# Automatic persisted queries


def test_a_hash_runs_once_its_text_was_sent_and_not_before() -> None:
    engine = remembering()

    assert refused(engine, by_hash(HELLO)) == (RequestErrorCode.PERSISTED_NOT_FOUND, "PersistedQueryNotFound")
    engine.prepare(with_text(HELLO))
    assert names(engine.prepare(by_hash(HELLO))) == "hello"


def test_a_text_that_is_sent_alone_is_not_remembered_by_its_hash() -> None:
    engine = remembering()
    engine.prepare(HELLO)

    assert refused(engine, by_hash(HELLO))[0] is RequestErrorCode.PERSISTED_NOT_FOUND


@pytest.mark.parametrize("text", ["{", "{unknown}", "{hello}#" + "x" * 50_000])
def test_a_text_that_is_rejected_is_not_remembered(text: str) -> None:
    engine = remembering()
    with pytest.raises(RequestError):
        engine.prepare(with_text(text))

    assert refused(engine, by_hash(text))[1] == "PersistedQueryNotFound"


def test_an_engine_that_remembers_nothing_says_so_and_runs_what_has_its_text() -> None:
    engine = remembering(0)

    assert names(engine.prepare(with_text(HELLO))) == "hello"
    assert refused(engine, by_hash(HELLO)) == (RequestErrorCode.PERSISTED_NOT_SUPPORTED, "PersistedQueryNotSupported")


def test_a_document_id_that_is_a_hash_is_found_with_and_without_its_prefix() -> None:
    engine = remembering()
    engine.prepare(with_text(HELLO))

    assert names(engine.prepare(NamedDocument(sha256_of(HELLO)))) == "hello"
    assert names(engine.prepare(NamedDocument(f"sha256:{sha256_of(HELLO)}"))) == "hello"


def test_an_unknown_document_id_is_rejected_with_what_to_do() -> None:
    code, message = refused(remembering(), NamedDocument("unknown"))

    assert code is RequestErrorCode.PERSISTED_NOT_FOUND
    assert "Send the document's text as `query`" in message


def test_the_text_that_was_used_longest_ago_is_forgotten_first() -> None:
    engine = remembering(2)
    engine.prepare(with_text(HELLO))
    engine.prepare(with_text(SUBJECT))
    engine.prepare(by_hash(HELLO))
    engine.prepare(with_text("{broken}"))

    assert names(engine.prepare(by_hash(HELLO))) == "hello"
    assert refused(engine, by_hash(SUBJECT))[0] is RequestErrorCode.PERSISTED_NOT_FOUND


class SameDocuments(Documents):
    """Takes every text for the same document, so that many of them take no time: only what is remembered of them
    matters."""

    def prepare(self, text: str) -> Document:
        return super().prepare(HELLO if "hello" in text else text)


def remembered(texts: list[str], most: int) -> list[str]:
    """Which of these texts are remembered, each sent twice with its hash."""
    persisted = PersistedDocuments(SameDocuments(SCHEMA, LIMITS, 1), Persistence(most))
    for text in texts:
        persisted.find(with_text(text))
        persisted.find(with_text(text))
    known = list[str]()
    for text in texts:
        try:
            persisted.find(by_hash(text))
        except RequestError:
            continue
        known.append(text)
    return known


def test_of_ten_thousand_hashes_the_last_ones_are_left() -> None:
    texts = [f"{{a{place}: hello}}" for place in range(10_000)]

    assert remembered(texts, 20) == texts[-20:]


def test_of_many_long_texts_fewer_are_left() -> None:
    # Each has two bytes per letter.
    texts = [f"{{a{place}: hello}}#" + "å" * BYTES_PER_REMEMBERED_TEXT for place in range(100)]

    assert remembered(texts, 20) == texts[-9:]


def test_a_text_too_long_to_be_remembered_still_works() -> None:
    engine = remembering(1)
    text = "{hello}#" + "x" * BYTES_PER_REMEMBERED_TEXT

    assert names(engine.prepare(with_text(text))) == "hello"
    assert refused(engine, by_hash(text))[1] == "PersistedQueryNotFound"


# Trusted documents


@pytest.mark.parametrize("document_id", ["custom", sha256_of(HELLO), f"sha256:{sha256_of(HELLO)}"])
def test_a_trusted_document_is_found_by_its_id_and_by_its_hash(document_id: str) -> None:
    for only in (False, True):
        engine = trusting({"custom": HELLO}, only=only)
        assert names(engine.prepare(NamedDocument(document_id))) == "hello"
        assert names(engine.prepare(NamedDocument(document_id, automatic=True))) == "hello"


@pytest.mark.parametrize(
    "document", [SUBJECT, by_hash(SUBJECT), with_text(SUBJECT), NamedDocument("other"), HELLO + " ", "{"]
)
def test_where_only_trusted_documents_run_others_are_rejected_with_what_to_do(document: str | NamedDocument) -> None:
    code, message = refused(trusting({"custom": HELLO}, only=True), document)

    assert code is RequestErrorCode.NOT_TRUSTED
    assert "`customer-gateway documents`" in message


def test_where_only_trusted_documents_run_their_texts_run_too() -> None:
    engine = trusting({"custom": HELLO}, only=True)

    assert names(engine.prepare(HELLO)) == "hello"
    assert names(engine.prepare(with_text(HELLO))) == "hello"


def test_beside_trusted_documents_others_run_unless_they_may_not() -> None:
    engine = trusting({"custom": HELLO})

    assert names(engine.prepare(SUBJECT)) == "subject"
    assert names(engine.prepare(with_text(SUBJECT))) == "subject"
    assert names(engine.prepare(by_hash(SUBJECT))) == "subject"


def test_trusted_documents_push_no_text_out() -> None:
    engine = trusting({"custom": HELLO}, texts=1)
    engine.prepare(with_text(SUBJECT))
    engine.prepare(with_text(HELLO))

    assert names(engine.prepare(by_hash(SUBJECT))) == "subject"


def test_a_text_that_is_sent_runs_whatever_its_hash_is_registered_for() -> None:
    engine = trusting({sha256_of(SUBJECT): HELLO})

    assert names(engine.prepare(with_text(SUBJECT))) == "subject"


def test_a_trusted_document_that_does_not_fit_answers_its_errors() -> None:
    code, message = refused(trusting({"old": "{gone}"}, only=True), NamedDocument("old"))

    assert code is RequestErrorCode.VALIDATION
    assert "Cannot query field 'gone' on type 'Query'." in message


def test_the_check_finds_what_can_never_run_and_nothing_else() -> None:
    documents = {
        "fine": "query($n: String) {hello(name: $n)} ",
        "two": "query a {hello} query b {subject}",
        "bounded": "query($first: Int!) {things(first: $first) {nodes {parts(first: 100) {id}}}}",
        "old": "{gone}",
        "greedy": "{things(first: 1000) {nodes {parts(first: 100) {id}}}}",
        "live": "subscription {ticks}",
        "twice": "subscription {ticks more: ticks}",
        "broken": "{",
    }
    engine = toy_engine(
        replace(LIMITS, max_requested_rows=6_000), persistence=Persistence(0, TrustedDocuments(documents))
    )

    assert {document_id: error and error.kind for document_id, error in engine.check_trusted()} == {
        "fine": None,
        "two": None,
        "bounded": None,
        "old": RequestErrorCode.VALIDATION,
        "greedy": RequestErrorCode.TOO_COMPLEX,
        "live": None,
        "twice": RequestErrorCode.VALIDATION,
        "broken": RequestErrorCode.SYNTAX,
    }
