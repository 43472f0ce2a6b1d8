"""All settings of the service, with types, defaults and descriptions; docs/settings.md lists them.

The file is over 250 lines because it lists all settings.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, model_validator

from app.engine.document_limits import Limits
from app.engine.trusted import ManifestError, TrustedDocuments, read_manifest
from app.rest.documents import ID_PREFIX
from app.settings.checks import conflicts_of
from app.settings.errors import SettingsError
from app.settings.kinds import (
    ALLOWED_HEADERS,
    ConnectionUrl,
    File,
    HeaderNames,
    HostName,
    Origins,
    in_lower_case,
    in_upper_case,
)


class Settings(BaseModel):
    """The settings of a process. Each field is set by the environment variable of the same name in upper case."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    # PostgreSQL
    database_url: ConnectionUrl | None = Field(
        default=None,
        repr=False,
        description="The connection URL of PostgreSQL 15 or newer, for the service's role, which must neither own"
        " tables nor bypass policies. Its parameters are explained in database.md.",
    )
    owner_database_url: ConnectionUrl | None = Field(
        default=None,
        repr=False,
        description="The connection URL for the role that owns the tables, used by `migrate`, `company`, `api-key`"
        " and `seed`. Default: DATABASE_URL.",
    )
    database_password: str | None = Field(
        default=None, repr=False, description="The password for DATABASE_URL, not percent-encoded, if the URL has none."
    )
    owner_database_password: str | None = Field(
        default=None,
        repr=False,
        description="The password for OWNER_DATABASE_URL, not percent-encoded, if the URL has none.",
    )
    database_url_file: File | None = Field(
        default=None, description="A file that contains DATABASE_URL, such as a secret under /run/secrets."
    )
    owner_database_url_file: File | None = Field(default=None, description="A file that contains OWNER_DATABASE_URL.")
    database_password_file: File | None = Field(default=None, description="A file that contains DATABASE_PASSWORD.")
    owner_database_password_file: File | None = Field(
        default=None, description="A file that contains OWNER_DATABASE_PASSWORD."
    )
    database_pool_size: int = Field(
        default=10, ge=1, le=1000, description="Maximum number of connections for transactions per process."
    )
    database_pool_timeout_seconds: float = Field(
        default=5, gt=0, le=300, description="Maximum time that an operation waits for a connection, in seconds."
    )
    database_pooling: Annotated[Literal["session", "transaction"], BeforeValidator(in_lower_case)] = Field(
        default="session",
        description="Mode of a connection pooler between the service and PostgreSQL: `session` (also without a"
        " pooler) or `transaction`. Explained in database.md.",
    )
    statement_timeout_seconds: float = Field(
        default=10, gt=0, le=3600, description="Maximum time of one SQL statement, in seconds."
    )

    # HTTP
    host: HostName = Field(default="127.0.0.1", description="The address to listen on.")
    port: int = Field(default=8000, ge=0, le=65535, description="The port to listen on; 0 takes a free one.")
    cors_allowed_origins: Origins = Field(
        default=(),
        description="Origins whose pages may call the service, separated by commas:"
        " `https://app.example.com,https://b.example.com`. `*` alone allows every origin.",
    )
    cors_allowed_headers: HeaderNames = Field(
        default=ALLOWED_HEADERS,
        description="Request headers that pages of these origins may send, separated by commas; replaces the default.",
    )
    cors_max_age_seconds: int = Field(
        default=7_200,
        ge=0,
        le=86_400,
        description="How long browsers may cache the answer to a preflight request, in seconds. Browsers may apply"
        " lower limits.",
    )
    explorer: bool = Field(
        default=False,
        description="Serve GraphiQL at /graphql to browsers, the page of the REST endpoints at /v1/docs, and their files"
        " at /explorer; `dev` turns it on.",
    )
    rest: bool = Field(
        default=True,
        description="Serve the REST endpoints, below /v1. Their documents stay at /graphql without them.",
    )
    rest_list_seconds: float = Field(
        default=60,
        gt=0,
        le=3600,
        description="How long a client may take to read a whole list over REST, in seconds. The list's snapshot lasts as"
        " long, and delays the clean-up of rows that changed meanwhile.",
    )
    request_timeout_seconds: float = Field(
        default=30, gt=0, le=3600, description="Maximum time of one operation, in seconds."
    )
    max_connections: int | None = Field(
        default=None,
        ge=1,
        description="Maximum number of open connections per process. Default: what the limit of open files leaves"
        " room for, at most 10,000.",
    )
    max_unsent_bytes: int = Field(
        default=256_000_000,
        ge=1_000_000,
        description="Maximum number of bytes that a process buffers for clients: unread answers, requests sent before"
        " these were read, and incomplete requests. Beyond it, connections of the company with the most bytes are"
        " closed.",
    )
    send_timeout_seconds: float = Field(
        default=30,
        gt=0,
        le=3600,
        description="How long a client may read nothing of an answer before its connection is closed, in seconds.",
    )
    header_timeout_seconds: float = Field(
        default=10,
        gt=0,
        le=3600,
        description="Maximum time for a request's headers to arrive, in seconds, from when the client connects or"
        " from their first byte.",
    )
    body_timeout_seconds: float = Field(
        default=10,
        gt=0,
        le=3600,
        description="Maximum time for a request's body to arrive, in seconds, plus one second for each 20,000 bytes;"
        " REQUEST_TIMEOUT_SECONDS limits both. The same for a message of a WebSocket.",
    )
    http_whole_requests: bool = Field(
        default=True,
        description="Read ordinary GET, POST and PATCH requests that arrive in one piece without uvicorn's HTTP parser,"
        " which is faster; false: parse all.",
    )
    max_body_bytes: int = Field(
        default=1_000_000,
        ge=1_000,
        description="Maximum size of a request body, or of a message of a WebSocket, in bytes.",
    )

    # Credentials
    jwt_issuer: str | None = Field(default=None, description="The `iss` that a token must have.")
    jwt_audience: str | None = Field(default=None, description="The `aud` that a token must have.")
    jwt_jwks_url: str | None = Field(default=None, description="The URL of the issuer's keys (JWKS).")
    jwt_public_key_file: File | None = Field(
        default=None, description="A PEM file with one public key, instead of a JWKS URL."
    )
    jwt_company_claim: str = Field(
        default="company_id", min_length=1, description="The claim that names the company (a UUID)."
    )
    jwt_scope_claim: str = Field(
        default="scope",
        min_length=1,
        description="The claim that lists the scopes: a list, or one string separated by spaces.",
    )
    jwt_leeway_seconds: int = Field(
        default=30,
        ge=0,
        le=300,
        description="Maximum clock difference between the issuer and this service, in seconds.",
    )
    token_cache_size: int = Field(
        default=10_000,
        ge=0,
        description="Maximum number of verified credentials that are cached, by their hash; 0 turns the cache off.",
    )
    api_key_cache_seconds: float = Field(
        default=5,
        ge=0,
        le=300,
        description="How long a verified API key is cached, in seconds; a revoked key may work that much longer. A"
        " rejected key is cached as long, but at most 5 seconds.",
    )

    # Limits of a GraphQL operation
    max_document_bytes: int = Field(default=50_000, ge=100, description="Maximum length of a document, in bytes.")
    max_tokens: int = Field(default=5_000, ge=10, description="Maximum number of lexical tokens of a document.")
    max_depth: int = Field(default=15, ge=1, description="Maximum depth of nested fields.")
    max_aliases: int = Field(
        default=50, ge=0, description="Maximum number of aliases of an operation, with fragments expanded."
    )
    max_fields: int = Field(
        default=2_000, ge=1, description="Maximum number of fields of an operation, with fragments expanded."
    )
    max_requested_rows: int = Field(
        default=100_000,
        ge=1,
        description="Maximum number of rows that an operation may ask for: the page sizes of nested lists, multiplied.",
    )
    max_requested_values: int = Field(
        default=500_000,
        ge=1,
        description="Maximum number of values that an operation may ask for: its rows, and the fields of each.",
    )
    heavy_query_values: int = Field(
        default=100_000,
        ge=1,
        description="Number of requested values from which on a query counts as heavy; heavy queries share a third of"
        " the connections.",
    )
    max_mutations: int = Field(
        default=10, ge=1, description="Maximum number of mutations of one operation, with fragments expanded."
    )
    max_mutation_rows: int = Field(
        default=500, ge=1, description="Maximum number of rows that one operation writes, in all of its lists together."
    )
    max_input_items: int = Field(
        default=11_000,
        ge=1,
        description="Maximum number of items of all lists in the arguments of an operation, including representations."
        " A variable counts each time it is used.",
    )
    max_representations: int = Field(
        default=10_000,
        ge=1,
        description="Maximum number of representations of one `_entities`, including repeated ones; a gateway may"
        " repeat each many times. They count toward `MAX_INPUT_ITEMS`, whose default leaves room for 1,000 other"
        " items.",
    )
    document_cache_size: int = Field(
        default=1_000, ge=0, description="Maximum number of parsed and validated documents that are cached."
    )

    # Documents that are named instead of sent
    persisted_query_cache_size: int = Field(
        default=1_000,
        ge=0,
        description="Maximum number of texts that are cached for automatic persisted queries; 0 turns these off.",
    )
    trusted_documents_file: File | None = Field(
        default=None, description="The manifest of trusted documents, as `customer-gateway documents` writes it."
    )
    trusted_only: bool = Field(default=False, description="Run only the documents of TRUSTED_DOCUMENTS_FILE.")

    # Live subscriptions
    max_live_streams: int = Field(default=1_000, ge=1, description="Maximum number of open subscriptions per process.")
    max_live_streams_per_company: int = Field(
        default=500, ge=1, description="Maximum number of open subscriptions of one company per process."
    )
    live_queue: int = Field(
        default=100,
        ge=10,
        le=10_000,
        description="Maximum number of updates that wait for a client to read them, 10 to 10,000. Beyond it, the"
        " subscription ends with SLOW_CONSUMER.",
    )
    live_keepalive_seconds: float = Field(
        default=15,
        ge=1,
        le=3600,
        description="Interval at which an idle stream of server-sent events sends a comment, in seconds, so that"
        " proxies keep its connection open. A silent client of a WebSocket is pinged after up to twice that time.",
    )

    # Plans
    query_plans: bool = Field(
        default=True,
        description="Answer each query with one SQL statement if possible; false: always use graphql-core.",
    )
    plan_connections: int = Field(
        default=10,
        ge=1,
        le=1000,
        description="Maximum number of connections for plans per process, in addition to DATABASE_POOL_SIZE.",
    )
    plan_cache_size: int = Field(
        default=1_000,
        ge=1,
        description="Maximum number of cached SQL statements of plans, in addition to the last one of each plan; long"
        " ones reduce the number.",
    )
    compiled_statement_cache_size: int = Field(
        default=500, ge=0, description="Maximum number of compiled statements kept by SQLAlchemy."
    )
    prepared_statement_cache_size: int = Field(
        default=100, ge=0, description="Maximum number of prepared statements per connection."
    )
    show_execution: bool = Field(
        default=False, description="Say in each answer's `extensions` how it was executed; for debugging."
    )

    # Lists
    list_cache_seconds: float = Field(
        default=5,
        ge=0,
        le=5,
        description="How long the unfiltered customer list and the customer groups are cached, in seconds; 0 turns"
        " the cache off.",
    )
    list_cache_size: int = Field(default=1_000, ge=0, description="Maximum number of pages in the list cache.")

    # The feed and other work in the background
    background_work: bool = Field(
        default=True,
        description="Do the work that is in the background, such as giving events their positions and sending webhooks;"
        " false: leave it to `customer-gateway work`.",
    )
    feed_retention_days: int = Field(
        default=30,
        ge=1,
        le=3_650,
        description="Number of days after which events, and deliveries to webhook endpoints, are deleted. Followers that"
        " are further behind read anew.",
    )

    # Webhooks
    webhook_timeout_seconds: float = Field(
        default=10, gt=0, le=60, description="Maximum time that a webhook's receiver may take to answer, in seconds."
    )
    webhook_concurrency: int = Field(
        default=50,
        ge=1,
        le=1000,
        description="Maximum number of webhook endpoints that a process sends to at once. A company gets another one"
        " only while more are free than it has.",
    )
    webhook_max_result_bytes: int = Field(
        default=1_000_000,
        ge=1_000,
        le=20_000_000,
        description="Maximum size of the answer to a webhook endpoint's document, in bytes. An event whose answer is"
        " longer isn't sent.",
    )
    webhooks_allow_private: bool = Field(
        default=False,
        description="Send webhooks to private, loopback, link-local and other addresses that are not public, too; `dev`"
        " turns it on.",
    )
    webhooks_allow_http: bool = Field(
        default=False, description="Send webhooks to `http` URLs, too, unencrypted; `dev` turns it on."
    )

    # What operators see
    metrics: bool = Field(
        default=False, description="Serve metrics for Prometheus at /metrics, without authentication."
    )
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(in_upper_case)] = Field(
        default="INFO", description="Minimum severity of logged lines."
    )
    log_format: Annotated[Literal["json", "console"], BeforeValidator(in_lower_case)] = Field(
        default="json", description="`json` for one JSON object per line, or `console` for people."
    )

    @model_validator(mode="after")
    def _fits_together(self, info: ValidationInfo) -> "Settings":
        if not info.context:
            conflicts = [f"{conflict.variables[0].upper()}: {conflict.message}" for conflict in conflicts_of(self)]
            if conflicts:
                raise ValueError("\n".join(conflicts))
        return self

    @property
    def limits(self) -> Limits:
        """The limits of a document and its operations."""
        return Limits(
            max_document_bytes=self.max_document_bytes,
            max_tokens=self.max_tokens,
            max_depth=self.max_depth,
            max_aliases=self.max_aliases,
            max_fields=self.max_fields,
            max_requested_rows=self.max_requested_rows,
            max_requested_values=self.max_requested_values,
            max_mutations=self.max_mutations,
            max_mutation_rows=self.max_mutation_rows,
            max_input_items=self.max_input_items,
        )

    def trusted_documents(self) -> TrustedDocuments:
        """Return the documents of TRUSTED_DOCUMENTS_FILE, or none if it isn't set.

        Raise SettingsError with all problems.
        """
        path = self.trusted_documents_file
        if path is None:
            return TrustedDocuments({})
        try:
            return _without_reserved(read_manifest(path.read_text(encoding="utf-8")))
        except OSError as error:
            problems = [f"can't be read: {error.strerror}."]
        except ValueError:
            problems = ["is not UTF-8."]
        except ManifestError as error:
            problems = error.problems
        raise SettingsError("\n".join(f"TRUSTED_DOCUMENTS_FILE: {path}: {problem}" for problem in problems))

    @property
    def service_dsn(self) -> str:
        """DATABASE_URL. Raise SettingsError if it isn't set."""
        if self.database_url is None:
            msg = (
                "DATABASE_URL is not set: set it to the URL of a PostgreSQL 15 or newer, or run `customer-gateway"
                " dev`, which includes one"
            )
            raise SettingsError(msg)
        return self.database_url

    @property
    def owner_dsn(self) -> str:
        """OWNER_DATABASE_URL, or DATABASE_URL if it isn't set."""
        return self.owner_database_url or self.service_dsn


def _without_reserved(documents: TrustedDocuments) -> TrustedDocuments:
    """Return the documents of a manifest; raise ManifestError if one has an id as the service's own."""
    reserved = [document_id for document_id, _ in documents if document_id.startswith(ID_PREFIX)]
    if reserved:
        own = f"ids that begin with {ID_PREFIX} are those of the REST endpoints."
        raise ManifestError([f"{document_id}: {own}" for document_id in reserved])
    return documents
