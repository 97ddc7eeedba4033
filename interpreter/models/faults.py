"""What a failed request means: one table from a provider's error to a fault and to words for the user. Pure.

Error texts and classes differ by provider and release, so a row looks at the class names, the HTTP status and the
provider's words (message and body together). The first row that fits decides. What follows from a fault (retry, ask in
another way, make room, tell) is in `errors.REMEDIES`. No provider library is imported here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from interpreter.errors import Feature, ModelError, ModelFault
from interpreter.secrets import Secrets


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """If every condition that is given fits, this is the fault. `words` may name `{model}`, `{base}` and `{why}`.

    `refused` is what the program can do without. A group named `name` in `says` is the refused parameter.
    """

    fault: ModelFault
    words: str
    classes: str = ""
    statuses: tuple[int, ...] = ()
    says: str = ""
    refused: Feature | None = None


_REFUSALS = (400, 404, 405, 415, 422, 500, 501)
"""The statuses with which endpoints refuse a part of a request, by their very different habits."""

_ROOM = "The conversation is longer than {model} can take. Start anew, or undo some turns."
_KEY = "The key for {model} was refused. Check --api-key or the provider's environment variable."
_OFTEN = "{model} is asked too often. Wait a little and ask again."
_BUSY = "{model} is overloaded. Wait a little and ask again."
_SLOW = "{model} did not answer in time. Ask again, or check {base}."
_UNKNOWN = "{base} knows no model {model}. Check --model and --api-base."
_NOBODY = "Nobody answers at {base}. Check --api-base, and that the server runs."
_NO_NETWORK = "The provider of {model} cannot be reached. Check the network and its proxy, or give --api-base."
"""Instead of `_NOBODY` where no address was given."""
_SOMEONE = "the provider"
_FORM = "{model} does not take function calls in this form. Try --protocol text."


def _refusal(refused: Feature, says: str, words: str, statuses: tuple[int, ...] = _REFUSALS) -> Row:
    return Row(fault="protocol", refused=refused, says=says, words=words, statuses=statuses)


TABLE: tuple[Row, ...] = (
    Row(  # the client library, on its way to the other interface that OpenAI's newer models want for calls
        fault="protocol",
        refused="calls",
        says=r"No module named 'mcp'",
        words="{model} can be asked so only through a package that is missing here: pip install 'litellm[mcp]'.",
    ),
    Row(
        fault="connect",
        says=r"CERTIFICATE_VERIFY_FAILED|certificate verify failed",
        words="The certificate of {base} is not trusted here. Name the file of your network's own in SSL_CERT_FILE.",
    ),
    Row(
        fault="connect",
        says=r"\bConnectError\b|Connection refused|Name or service not known|nodename nor servname|"
        r"Temporary failure in name resolution|All connection attempts failed",
        words=_NOBODY,
    ),
    Row(fault="timeout", classes="MidStreamFallbackError", says=r"timed? ?out", words=_SLOW),
    Row(fault="overload", classes="MidStreamFallbackError", says="overloaded", words=_BUSY),
    Row(
        fault="dropped",
        classes="MidStreamFallbackError|RemoteProtocolError|ReadError",
        words="The connection to {model} ended in the middle of a reply. Ask again.",
    ),
    Row(fault="context", classes="ContextWindowExceededError", words=_ROOM),
    Row(fault="context", statuses=(413,), words=_ROOM),
    Row(fault="context", statuses=(429,), says=r"Request too large|Limit:? \d+, Requested", words=_ROOM),
    Row(
        fault="context",
        statuses=(400, 422, 500),
        says=r"maximum context length|context_length_exceeded|exceeds? the (?:available )?context|context window|"
        r"prompt is too long|exceed context limit|input token count.{0,40}exceed|too many (?:input )?tokens",
        words=_ROOM,
    ),
    Row(
        fault="policy",
        classes="ContentPolicyViolationError",
        words="The provider's content filter refused the request: {why}",
    ),
    Row(
        fault="quota",
        says=r"insufficient_quota|exceeded your current quota|billing|credit balance|insufficient (?:balance|credits)",
        words="The account behind the key for {model} has no credit left. Top it up or choose another model.",
    ),
    Row(fault="quota", statuses=(402,), words="The provider wants to be paid for {model}: {why}"),
    Row(fault="auth", classes="AuthenticationError|PermissionDeniedError", words=_KEY),
    Row(fault="auth", statuses=(401, 403), words=_KEY),
    Row(fault="auth", statuses=(400,), says=r"API[_ ]key not valid|API_KEY_INVALID|invalid api key", words=_KEY),
    Row(
        fault="auth",
        says=r"Missing credentials|Missing \w+ API key|api_key client option must be set",
        words="There is no key for {model}. Give --api-key or set the provider's environment variable.",
    ),
    Row(
        fault="auth",
        says=r"'ascii' codec can't encode",  # a header
        words="The key for {model} holds characters that no key has. Check --api-key for what was pasted with it.",
    ),
    Row(fault="rate", classes="RateLimitError", words=_OFTEN),
    Row(fault="rate", statuses=(429,), words=_OFTEN),
    Row(fault="timeout", classes="Timeout|APITimeoutError|ReadTimeout|ConnectTimeout", words=_SLOW),
    Row(
        fault="provider",
        says=r"LLM Provider NOT provided|Unmapped LLM provider|LiteLLMUnknownProvider",
        words="No provider is known for the model {model}. Name it as PROVIDER/NAME, or give --api-base.",
    ),
    _refusal("usage", r"stream_options|include_usage", "{model} does not count tokens of a stream, and says so: {why}"),
    _refusal(
        "stream",
        r"\bstream(?:ing)?\b.{0,60}(?:not|n't|un)[ -]?(?:be )?(?:support|allow|permit|enabled|available)|"
        r"does not support stream|set stream to false",
        "{model} does not stream: {why}",
    ),
    _refusal("alternate", r"alternat", "{model} wants roles to alternate, and refused the order of messages."),
    _refusal(
        "ids", r"tool.?call.?id.{0,80}(?:length of 9|a-z, A-Z, 0-9)|invalid.{0,20}tool.?call.?id", _FORM, (400, 422)
    ),
    _refusal(
        "system",
        r"system[' \"]* ?(?:role|message|instruction|prompt)s?\b.{0,40}(?:not|n't|un)[ -]?(?:be )?"
        r"(?:support|allow|enabl)|Developer instruction is not enabled|[\"']given[\"']: ?[\"']system[\"']|"
        r"Invalid value: 'system'",
        "{model} takes no system text, and refused the request: {why}",
    ),
    _refusal(
        "role",
        r"permitted.{0,60}(?:assistant|user)|roles? must|invalid role|unexpected role|unknown role|unsupported role|"
        r"role'?\"? ?(?:is )?(?:not|in)\b|not one of \['system|Invalid value: '(?:function|tool)'|literal_error",
        "{model} refused a role or the order of messages. Try --protocol text.",
    ),
    Row(
        fault="protocol",
        refused="parameter",
        classes="UnsupportedParamsError",
        says=r"parameters?: \[?'(?!tools|tool_choice|functions|function_call)(?P<name>\w+)'",
        words="{model} refused an option: {why}",
    ),
    Row(fault="protocol", refused="calls", classes="UnsupportedParamsError", words=_FORM),
    _refusal(
        "parameter",
        r"(?:unsupported|unrecognized|unknown|invalid|unexpected)[\w ]{0,24}(?:parameter|argument|field|property|name)"
        r"[\w ]{0,12}:? ?[`'\"]?(?!tools|tool_choice|functions|function_call|messages|model)"
        r"(?P<name>temperature|top_p|top_k|max_tokens|max_completion_tokens|seed|stop|user|presence_penalty|"
        r"frequency_penalty|reasoning_effort|parallel_tool_calls)\b",
        "{model} refused an option: {why}",
        (400, 422),
    ),
    _refusal(
        "pictures", r"image_url|image input|does not support images?|multimodal|vision", "{model} takes no pictures."
    ),
    _refusal(
        "calls",
        r"\b(?:tools?|tool_choice|functions?|function_call)\b.{0,60}(?:not|n't|un)[ -]?(?:support|allow|permit|recogni|"
        r"enabl)|(?:support|recogni[sz]ed|unexpected|unknown).{0,60}\b(?:tools?|tool_choice|tool use|function|"
        r"functions|function_call|function calling)\b|tool choice requires|param requires --jinja",
        _FORM,
    ),
    _refusal("calls", r"\b(?:tools?|tool_choice|functions?|function_call|tool_calls)\b", _FORM, (400, 422)),
    Row(fault="model", refused="name", classes="NotFoundError", words=_UNKNOWN),
    Row(fault="model", refused="name", statuses=(404,), words=_UNKNOWN),
    Row(
        fault="model",
        refused="name",
        statuses=(400, 422),
        says=r"model.{0,80}(?:does not exist|not found|unknown|not available)|(?:unknown|invalid) model|no such model",
        words=_UNKNOWN,
    ),
    Row(fault="request", statuses=(400, 405, 415, 422), words="{model} refused the request: {why}"),
    Row(fault="connect", says=r"Connection error|APIConnectionError", words=_NOBODY),
    Row(fault="overload", classes="ServiceUnavailableError", words=_BUSY),
    Row(fault="overload", statuses=(503, 529), words=_BUSY),
    Row(fault="overload", says="overloaded", words=_BUSY),
    Row(fault="server", words="{base} failed to answer: {why}"),
)

_WINDOW = re.compile(
    r"maximum context length (?:is |of )?(\d+)|> ?(\d+)(?: maximum)?|context (?:size|window|length)\D{0,20}(\d+)|"
    r"maximum number of tokens allowed ?\(?(\d+)|Limit:? (\d+), Requested",
    re.IGNORECASE,
)


_TOLD = 4000
"""Letters at the head and the tail of an error that are looked at: some repeat the whole request."""

_WAIT = re.compile(r"retryDelay['\": ]+(\d+(?:\.\d+)?)s|try again in (\d+(?:\.\d+)?) ?s", re.IGNORECASE)


def classify(error: BaseException, *, model: str, base: str | None, secrets: Secrets | None = None) -> ModelError:
    """The fault that `error`, or what lies behind it, stands for; no secret is repeated in it."""
    names = " ".join(type(link).__name__ for link in _chain(error))
    deep = " ".join(str(link)[:200] for link in _chain(error) if isinstance(link, OSError))
    said = secrets.masked(_said(error)) if secrets else _said(error)
    status = getattr(error, "status_code", None)
    for row in TABLE:
        if row.classes and not re.search(rf"\b(?:{row.classes})\b", names):
            continue
        if row.statuses and status not in row.statuses:
            continue
        found = re.search(row.says, f"{said} {names} {deep}", re.IGNORECASE | re.DOTALL) if row.says else None
        if row.says and found is None:
            continue
        words = _NO_NETWORK if row.words == _NOBODY and not base else row.words
        return ModelError(
            _sentence(words.format(model=model, base=base or _SOMEONE, why=_brief(said))),
            fault=row.fault,
            detail=said,
            retry_after=_retry_after(error, said),
            refused=row.refused,
            parameter=(found.groupdict().get("name") or "") if found else "",
            window=_window(said) if row.fault == "context" else None,
        )
    raise AssertionError("the last row of the table fits everything")


def _sentence(words: str) -> str:
    return f"The{words.removeprefix('the')}" if words.startswith(_SOMEONE) else words


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
    said = f"{error} {body}" if body else str(error)
    return said if len(said) <= 2 * _TOLD else f"{said[:_TOLD]} … {said[-_TOLD:]}"


def _brief(said: str) -> str:
    """The provider's own sentence out of its error, on one line, without characters that a terminal would obey."""
    message = re.search(r"""['"]message['"]: ?(?P<quote>['"])(?P<text>.+?)(?P=quote)""", said)
    text = message.group("text") if message else re.sub(r"^(?:litellm\.)?(?:\w+Error: )+(?:\w+Exception - )?", "", said)
    text = re.split(r"Traceback \(most recent|This looks like a bug in LiteLLM", text)[0] or "an error of the client"
    line = "".join(letter for letter in " ".join(text.split()) if letter.isprintable())
    return line if len(line) <= 300 else f"{line[:300]}…"


def _window(said: str) -> int | None:
    """How many tokens the endpoint said it takes."""
    found = _WINDOW.search(said)
    return next((int(number) for number in found.groups() if number), None) if found else None


def _retry_after(error: BaseException, said: str) -> float | None:
    """Seconds, from the header of whichever error in the chain has it, else from the provider's words."""
    for link in _chain(error):
        response = getattr(link, "response", None)
        for headers in (getattr(link, "litellm_response_headers", None), getattr(response, "headers", None)):
            with suppress(ValueError):
                return float((headers or {}).get("retry-after") or "none")
    told = _WAIT.search(said)
    return float(next(number for number in told.groups() if number)) if told else None
