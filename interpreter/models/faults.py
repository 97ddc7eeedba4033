"""What a failed request means: one table from a provider's error to a fault and to words for the user. Pure.

Error texts and classes differ by provider and release, so a row looks at the class name, the HTTP status and the
provider's words (message and body together). The first row that fits decides. No provider library is imported here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from interpreter.errors import ModelError, ModelFault


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """If every condition that is given fits, this is the fault. `words` may name `{model}`, `{base}` and `{why}`."""

    fault: ModelFault
    words: str
    classes: str = ""
    statuses: tuple[int, ...] = ()
    says: str = ""


_ROLE = (
    r"permitted|roles? must|role'?\"? ?(?:is )?(?:not|in)\b|unexpected role|not one of \['system|"
    r"Invalid value: '(?:function|tool)'|literal_error|alternat"
)
_CALLS = r"\b(?:tools?|tool_choice|tool calling|tool use|function calling|functions?|function_call)\b"

TABLE: tuple[Row, ...] = (
    Row(
        fault="dropped",
        classes="MidStreamFallbackError|RemoteProtocolError|ReadError",
        words="The connection to {model} ended in the middle of a reply. Ask again.",
    ),
    Row(
        fault="context",
        classes="ContextWindowExceededError",
        words="The conversation is longer than {model} can take. Start anew, or undo some turns.",
    ),
    Row(
        fault="context",
        statuses=(413,),
        words="The conversation is longer than {model} can take. Start anew, or undo some turns.",
    ),
    Row(
        fault="policy",
        classes="ContentPolicyViolationError",
        words="The provider's content filter refused the request: {why}",
    ),
    Row(
        fault="auth",
        classes="AuthenticationError|PermissionDeniedError",
        words="The key for {model} was refused. Check --api-key or the provider's environment variable.",
    ),
    Row(
        fault="auth",
        statuses=(401, 403),
        words="The key for {model} was refused. Check --api-key or the provider's environment variable.",
    ),
    Row(
        fault="auth",
        says=r"Missing credentials|Missing \w+ API key|api_key client option must be set",
        words="There is no key for {model}. Give --api-key or set the provider's environment variable.",
    ),
    Row(
        fault="quota",
        says=r"insufficient_quota|exceeded your current quota|billing|credit balance",
        words="The account behind the key for {model} has no credit left. Top it up or choose another model.",
    ),
    Row(
        fault="rate",
        classes="RateLimitError",
        words="{model} is asked too often. Wait a little and ask again.",
    ),
    Row(
        fault="rate",
        statuses=(429,),
        words="{model} is asked too often. Wait a little and ask again.",
    ),
    Row(
        fault="timeout",
        classes="Timeout|APITimeoutError|ReadTimeout|ConnectTimeout",
        words="{model} did not answer in time. Ask again, or check {base}.",
    ),
    Row(
        fault="provider",
        says=r"LLM Provider NOT provided|Unmapped LLM provider|LiteLLMUnknownProvider",
        words="No provider is known for the model {model}. Name it as PROVIDER/NAME, or give --api-base.",
    ),
    Row(
        fault="model",
        classes="NotFoundError",
        words="{base} knows no model {model}. Check --model and --api-base.",
    ),
    Row(
        fault="protocol",
        classes="UnsupportedParamsError",
        words="{model} does not take function calls in this form. Try --protocol text.",
    ),
    Row(
        fault="protocol",
        statuses=(400, 422),
        says=_ROLE,
        words="{model} refused a role or the order of messages. Try --protocol text.",
    ),
    Row(
        fault="protocol",
        statuses=(400, 422),
        says=_CALLS,
        words="{model} refused the function definition. Try --protocol text.",
    ),
    Row(fault="request", statuses=(400, 422), words="{model} refused the request: {why}"),
    Row(
        fault="connect",
        says=r"Connection error|Connection refused|ConnectError|APIConnectionError|Name or service not known|"
        r"nodename nor servname|Temporary failure in name resolution|All connection attempts failed",
        words="Nobody answers at {base}. Check --api-base, and that the server runs.",
    ),
    Row(
        fault="overload",
        classes="ServiceUnavailableError",
        statuses=(503, 529),
        words="{model} is overloaded. Wait a little and ask again.",
    ),
    Row(fault="server", words="{base} failed to answer: {why}"),
)


def classify(error: BaseException, *, model: str, base: str | None) -> ModelError:
    """The fault that `error`, or what lies behind it, stands for."""
    chain = tuple(_chain(error))
    names = " ".join(type(link).__name__ for link in chain)
    said = _said(error)
    status = getattr(error, "status_code", None)
    for row in TABLE:
        if row.classes and not re.search(rf"\b(?:{row.classes})\b", names):
            continue
        if row.statuses and status not in row.statuses:
            continue
        if row.says and not re.search(row.says, f"{said} {names}", re.IGNORECASE):
            continue
        words = row.words.format(model=model, base=base or "the provider", why=_brief(said))
        return ModelError(words, fault=row.fault, detail=said, retry_after=_retry_after(error))
    raise AssertionError("the last row of the table fits everything")


def _chain(error: BaseException) -> Iterator[BaseException]:
    link: BaseException | None = error
    for _ in range(8):
        if link is None:
            return
        yield link
        link = link.__cause__ or link.__context__


def _said(error: BaseException) -> str:
    response = getattr(error, "response", None)
    body = getattr(error, "body", None) or getattr(response, "text", None)
    return f"{error} {body}" if body else str(error)


def _brief(said: str) -> str:
    """The provider's own sentence out of its error, on one line."""
    message = re.search(r"""['"]message['"]: ?(?P<quote>['"])(?P<text>.+?)(?P=quote)""", said)
    text = message.group("text") if message else re.sub(r"^litellm\.\w+: (?:\w+Exception - )?", "", said)
    line = " ".join(text.split())
    return line if len(line) <= 300 else f"{line[:300]}…"


def _retry_after(error: BaseException) -> float | None:
    response = getattr(error, "response", None)
    headers = getattr(error, "litellm_response_headers", None) or getattr(response, "headers", None) or {}
    try:
        return float(headers.get("retry-after") or "none")
    except ValueError:
        return None
