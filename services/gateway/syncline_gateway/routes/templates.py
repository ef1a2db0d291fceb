"""`templates`: ready instances to begin with."""

from __future__ import annotations

import msgspec

from syncline.domain.errors import InvalidInputError, NotFoundError
from syncline.resources.template import README, TemplateDocument, template, templates
from syncline_gateway.access.caller import Runner
from syncline_gateway.requests.parameters import Page
from syncline_gateway.requests.resource import Resource

router = Resource(tags=["templates"])


class TemplateView(msgspec.Struct, frozen=True, rename="camel"):
    """A template; its title says what it moves from where to where."""

    name: str
    title: str


class TemplateDetail(msgspec.Struct, frozen=True, rename="camel"):
    """What a template holds.

    Attributes:
        documents: what is stored, in an order in which it can be: profiles, mappings, the instance.
            Of profiles their settings are examples, and secrets are left out.
        files: texts of what else a person needs, by file name.
    """

    name: str
    title: str
    documents: list[TemplateDocument]
    files: dict[str, str]


@router.get("/templates")
async def list_templates(_caller: Runner) -> Page[TemplateView]:
    """List the templates; there are few, so always all of them."""
    return Page([TemplateView(one.name, one.title) for one in templates()], None)


@router.get("/templates/{name}")
async def get_template(name: str, _caller: Runner) -> TemplateDetail:
    """Return the documents of a template, which a person changes and stores."""
    try:
        found = template(name)
    except InvalidInputError as error:
        raise NotFoundError(error.problems[0].message) from error
    others = {
        file: text
        for file, text in found.files.items()
        if file != README and not file.endswith(".yaml")
    }
    return TemplateDetail(found.name, found.title, found.documents(), others)
