"""What profiles and mappings say of a GraphQL call: its document and its variables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated

import msgspec
from pydantic import BeforeValidator, Field, WithJsonSchema

from syncline.connectors.http.settings import fields
from syncline.connectors.http.settings.bodies import filled, texts_in
from syncline.connectors.http.settings.graphql_document import Document, parse_document
from syncline.connectors.settings import ConnectorSettings
from syncline.domain.mapping.paths import Path, Segment, split_at_each
from syncline.domain.naming import hint
from syncline.domain.record import JsonObject

IN_VARIABLES = "are not sent with a GraphQL query: say it in `variables`"


_DOCUMENT = WithJsonSchema({"type": "string", "format": "graphql"})
OptionalDocument = Annotated[Document | None, BeforeValidator(parse_document), _DOCUMENT]


class GraphqlBody(msgspec.Struct, frozen=True):
    """The body of a request."""

    query: str
    variables: dict[str, object]


class GraphqlCall(ConnectorSettings):
    """What a GraphQL endpoint is sent; without `query`, the call is one of plain HTTP."""

    query: OptionalDocument = None
    variables: JsonObject = Field({})

    def graphql_problems(
        self, *known: str, kind: str = "", given: Iterable[str] = ()
    ) -> Iterator[tuple[str, str]]:
        """Yield what does not go together.

        Args:
            known: placeholders that the variables may hold.
            kind: of the operation, where only one will do.
            given: variables that paging fills.
        """
        if self.query is None:
            if self.variables:
                yield "variables", "are sent with a GraphQL `query`, which is missing"
            return
        if kind and self.query.kind != kind:
            yield "query", f"must be a {kind}, not a {self.query.kind}"
        declared, sent = self.query.variables, {*self.variables, *given}
        for name in sorted(sent - declared.keys()):
            like = hint(name, list(declared))
            yield f"variables.{name}", f"is not declared by the query (${name}: …){like}"
        for name in sorted(n for n, needed in declared.items() if needed and n not in sent):
            yield f"variables.{name}", "is required: the query declares it with `!`"
        for name, value in self.variables.items():
            try:
                fields.check_placeholders(texts_in(value), known)
            except ValueError as error:
                yield f"variables.{name}", str(error)

    def graphql_body(
        self, values: Mapping[str, str], alone: Mapping[str, object], without: str = ""
    ) -> GraphqlBody:
        """Return what is sent: variables in which `without` stands are left out."""
        text = self.query.text if self.query else ""
        kept = {
            name: filled(value, values, alone)
            for name, value in self.variables.items()
            if not without or without not in texts_in(value)
        }
        return GraphqlBody(text, kept)

    def holds(self, placeholder: str) -> bool:
        """Tell whether a placeholder stands in the variables."""
        return placeholder in texts_in(self.variables)


def page_info(records: Path, name: str) -> Path:
    """Return the path of a field of `pageInfo`, which stands beside `nodes` or `edges`."""
    array = (split_at_each(records) or (records, ()))[0]
    return (*array[:-1], Segment("pageInfo"), Segment(name))
