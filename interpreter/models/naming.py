"""From what the user typed (model, base, key, provider) to what is called. Pure but for the keys in the environment.

A key that belongs to one provider is never sent to another's base: a bare name with a base gets only the key given
with it, else a dummy; naming the provider together with a base sends that provider's key there.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

NO_KEY = "sk-none"
"""Sent where no key is known: local servers take anything, and the client library insists on one."""

_ANYSCALE = "https://api.endpoints.anyscale.com/v1"
_OPENAI_TYPE = ("openai", "custom_openai", "hosted_vllm", "lm_studio", "llamafile")


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """What is called. None leaves the choice to the client library (the provider's usual base and variable)."""

    model: str
    provider: str | None = None
    api_base: str | None = None
    api_key: str | None = field(default=None, repr=False)


def endpoint(
    model: str,
    *,
    api_base: str | None,
    api_key: str | None,
    provider: str | None,
    providers: Collection[str],
    environment: Mapping[str, str],
) -> Endpoint:
    """The endpoint meant by the user's words; `providers` are those the client library knows."""
    prefix, _, rest = model.partition("/")
    if prefix == "anyscale" and rest and provider is None:
        key = api_key or environment.get("ANYSCALE_API_KEY")
        return Endpoint(model=rest, provider="openai", api_base=api_base or _ANYSCALE, api_key=key or NO_KEY)
    if api_base is None:
        return Endpoint(model=model, provider=provider, api_key=api_key)
    named = provider or (prefix if rest and prefix in providers else None)
    if named is None:
        base = _with_version(api_base)
        return Endpoint(model=model, provider="openai", api_base=base, api_key=api_key or NO_KEY)
    key = api_key or environment.get(f"{named.upper()}_API_KEY") or NO_KEY
    base = _with_version(api_base) if named in _OPENAI_TYPE else api_base
    return Endpoint(model=model, provider=provider, api_base=base, api_key=key)


def _with_version(base: str) -> str:
    """`base`, with the `/v1` that servers of OpenAI's type expect where the user gave only the host."""
    return base.rstrip("/") + "/v1" if urlsplit(base).path in ("", "/") else base
