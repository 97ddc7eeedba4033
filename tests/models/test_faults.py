"""Providers' own error texts, as they were seen, and what each is taken for. Texts that litellm's classes hide."""

from __future__ import annotations

import pytest

from interpreter.errors import Feature, ModelFault
from interpreter.models.faults import classify

VLLM_CONTEXT = (
    "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens (4000 in the messages, "
    "1000 in the completion). Please reduce the length of the messages or completion."
)
LLAMACPP = "request (9000 tokens) exceeds the available context size (8192 tokens), try increasing it"
GROQ = "Request too large for model `x` on tokens per minute (TPM): Limit 6000, Requested 9000, please reduce it"
ANTHROPIC = "input length and `max_tokens` exceed context limit: 188240 + 21333 > 200000, decrease input length"


class Said(Exception):
    """An error as client libraries raise them."""

    def __init__(self, status: int | None, words: str, body: object = None) -> None:
        super().__init__(words)
        self.status_code = status
        self.body = body


@pytest.mark.parametrize(
    ("status", "words", "fault", "refused"),
    [
        (400, "[{'loc': ['role'], 'msg': \"unexpected value; permitted: 'system', 'assistant'\"}]", "protocol", "role"),
        (
            400,
            "'tool' is not one of ['system', 'assistant', 'user', 'function'] - 'messages.2.role'",
            "protocol",
            "role",
        ),
        (400, "Invalid value: 'tool'. Supported values are: 'system', 'assistant', 'user'.", "protocol", "role"),
        (422, "Input should be 'system', 'user' or 'assistant' type=literal_error", "protocol", "role"),
        (400, "Unexpected role 'tool' after role 'assistant'", "protocol", "role"),
        (500, "Conversation roles must alternate user/assistant/user/assistant/...", "protocol", "alternate"),
        (400, "After the optional system message, roles should be alternating", "protocol", "alternate"),
        (400, "Developer instruction is not enabled for models/gemma-3-27b-it", "protocol", "system"),
        (500, "Jinja Exception: System role not supported", "protocol", "system"),
        (400, "Unrecognized request argument supplied: functions", "protocol", "calls"),
        (400, "Unrecognized request argument supplied: tools", "protocol", "calls"),
        (400, '"auto" tool choice requires --enable-auto-tool-choice', "protocol", "calls"),
        (400, "registry.ollama.ai/library/gemma:2b does not support tools", "protocol", "calls"),
        (404, "No endpoints found that support tool use.", "protocol", "calls"),
        (500, "tools param requires --jinja flag", "protocol", "calls"),
        (400, "`tool_calls` is not supported for this model", "protocol", "calls"),
        (400, "Unknown parameter: 'stream_options'.", "protocol", "usage"),
        (422, "body.stream_options: Extra inputs are not permitted", "protocol", "usage"),
        (400, "Unsupported value: 'stream' does not support true with this model.", "protocol", "stream"),
        (400, "Streaming is not supported for this model", "protocol", "stream"),
        (400, "Unsupported parameter: 'temperature' is not supported with this model.", "protocol", "parameter"),
        (400, "Unrecognized request argument supplied: max_completion_tokens", "protocol", "parameter"),
        (400, "Tool call id was call_abc but must be a-z, A-Z, 0-9, with a length of 9.", "protocol", "ids"),
        (400, "Invalid content type. image_url is only supported by certain models.", "protocol", "pictures"),
        (400, VLLM_CONTEXT, "context", None),
        (400, LLAMACPP, "context", None),
        (400, ANTHROPIC, "context", None),
        (413, "Request too large", "context", None),
        (429, GROQ, "context", None),
        (429, "Rate limit reached: Limit 30000, Used 29000, Requested 5000.", "rate", None),
        (400, "Your credit balance is too low to access the Anthropic API.", "quota", None),
        (429, "You exceeded your current quota, please check your plan and billing details.", "quota", None),
        (402, "Payment Required", "quota", None),
        (401, "Incorrect API key provided", "auth", None),
        (403, "Forbidden", "auth", None),
        (400, "API key not valid. Please pass a valid API key.", "auth", None),
        (429, "Rate limit reached for requests", "rate", None),
        (404, "The model `x` does not exist", "model", "name"),
        (400, "Invalid model: x", "model", "name"),
        (529, "Overloaded", "overload", None),
        (503, "Service Unavailable", "overload", None),
        (500, "Internal server error", "server", None),
        (502, "Bad Gateway", "server", None),
        (None, "LLM Provider NOT provided. Pass in the LLM provider you are trying to call.", "provider", None),
        (500, "[Errno 111] Connection refused", "connect", None),
        (500, "OpenAIException - Connection error.", "connect", None),
        (400, "Something else entirely", "request", None),
    ],
)
def test_what_providers_say_is_understood(
    status: int | None, words: str, fault: ModelFault, refused: Feature | None
) -> None:
    for error in (Said(status, words), Said(status, "Error code", body={"error": {"message": words}})):
        found = classify(error, model="m", base=None)
        assert (found.fault, found.refused) == (fault, refused)


@pytest.mark.parametrize(
    ("words", "window"), [(VLLM_CONTEXT, 4096), (LLAMACPP, 8192), (ANTHROPIC, 200000), (GROQ, 6000), ("?", None)]
)
def test_the_window_is_read_where_it_is_told(words: str, window: int | None) -> None:
    assert classify(Said(413, words), model="m", base=None).window == window


@pytest.mark.parametrize(
    ("words", "wait"),
    [
        ("Rate limit reached. Please try again in 7.5s. Visit", 7.5),
        ('{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "31s"}', 31.0),
        ("Please try again in 6m0s.", None),
        ("Rate limit reached.", None),
    ],
)
def test_the_wait_is_read_where_it_is_told(words: str, wait: float | None) -> None:
    assert classify(Said(429, words), model="m", base=None).retry_after == wait


def test_the_refused_option_is_named() -> None:
    words = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
    assert classify(Said(400, words), model="m", base=None).parameter == "max_tokens"


def test_a_provider_without_an_address_is_called_so() -> None:
    found = [classify(Said(status, "Connection error."), model="m", base=None) for status in (404, 500)]
    assert [str(error) for error in found] == [
        "The provider knows no model m. Check --model and --api-base.",
        "The provider of m cannot be reached. Check the network and its proxy, or give --api-base.",
    ]


def test_a_traceback_in_an_error_is_not_shown() -> None:
    words = "litellm.APIError: it broke\nTraceback (most recent call last):\n  File ..."
    assert str(classify(Said(500, words), model="m", base="http://h")) == "http://h failed to answer: it broke"
