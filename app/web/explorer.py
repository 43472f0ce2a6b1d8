"""GraphiQL at /graphql for browsers. The page itself holds no data, so it needs no credential."""

from strawberry.http.ides import get_graphql_ide_html

from app.web.answers import Answer

# The page loads its scripts from elsewhere and has some of its own inline, so those stay allowed.
_POLICY = "frame-ancestors 'none'; base-uri 'none'; object-src 'none'; form-action 'none'"


def explorer_page() -> Answer:
    """The explorer's page."""
    return Answer(200, get_graphql_ide_html().encode(), "text/html", (("content-security-policy", _POLICY),))
