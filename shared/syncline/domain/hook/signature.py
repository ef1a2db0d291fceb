"""How a sender shows that what a hook receives is its own: schemes and their settings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from syncline.domain.document_fields import CONFIG
from syncline.domain.errors import Problem

HEADER_NAME = r"^[A-Za-z0-9][A-Za-z0-9-]{0,99}$"


class HookScheme(StrEnum):
    """Who signs how."""

    SHOPIFY = "shopify"
    WOOCOMMERCE = "woocommerce"
    WIX = "wix"
    STANDARD = "standard"
    HMAC = "hmac"


HeaderName = Annotated[str | None, Field(pattern=HEADER_NAME)]


@dataclass(frozen=True, kw_only=True)
class HookSignature:
    """How a delivery is signed. The secret is stored apart from it, and never shown again."""

    __pydantic_config__ = CONFIG

    scheme: Annotated[
        HookScheme,
        Field(
            description="`shopify`, `woocommerce`, `wix`, `standard` (Standard Webhooks), or "
            "`hmac`: HMAC-SHA256 of the body in a header."
        ),
    ]
    header: Annotated[HeaderName, Field(description="`hmac`: the header of the signature.")] = None
    encoding: Annotated[
        Literal["hex", "base64"], Field(description="`hmac`: how the signature is written.")
    ] = "hex"
    prefix: Annotated[
        str,
        Field(max_length=50, description="`hmac`: what stands before it, such as `sha256=`."),
    ] = ""
    id_header: Annotated[
        HeaderName,
        Field(description="`hmac`: the header of the delivery's ID, by which repeats are known."),
    ] = None
    public_key: Annotated[
        str | None, Field(max_length=5000, description="`wix`: the app's public key, as PEM.")
    ] = None

    @property
    def needs_secret(self) -> bool:
        """Whether sender and hook share a secret."""
        return self.scheme is not HookScheme.WIX


_OF_HMAC = ("header", "prefix", "id_header")


def signature_problems(signature: HookSignature) -> Iterator[Problem]:
    """Yield what is missing for a scheme, and what another scheme would need."""
    if signature.scheme is HookScheme.HMAC:
        if signature.header is None:
            yield Problem("$.header", "is required for `hmac`: the header of the signature")
    elif any(getattr(signature, name) for name in _OF_HMAC) or signature.encoding != "hex":
        words = f"header, encoding, prefix and ID are given by `{signature.scheme}` itself"
        yield Problem("$.scheme", words)
    is_wix = signature.scheme is HookScheme.WIX
    if is_wix and signature.public_key is None:
        yield Problem("$.publicKey", "is required for `wix`: the public key of your app")
    if signature.public_key is not None and not is_wix:
        yield Problem("$.publicKey", "is for `wix` alone; others sign with a secret")
