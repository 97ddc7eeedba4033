"""The environment of the code that runs: what is kept from it."""

from __future__ import annotations

from interpreter.choosing import BY_KEY
from interpreter.runners.environment import for_code
from interpreter.secrets import known

KEYS = (
    *BY_KEY,
    "AIMLAPI_KEY",
    "ANTHROPIC_AUTH_TOKEN",
    "AWS_BEARER_TOKEN_BEDROCK",
    "AWS_SECRET_ACCESS_KEY",
    "AZURE_CLIENT_SECRET",
    "CLARIFAI_PAT",
    "DATABRICKS_TOKEN",
    "FIREWORKS_AI_TOKEN",
    "FRIENDLI_TOKEN",
    "GIGACHAT_CREDENTIALS",
    "HF_TOKEN",
    "HUGGING_FACE_HUB_TOKEN",
    "INTERPRETER_API_KEY",
    "JUPYTER_TOKEN",
    "SNOWFLAKE_JWT",
    "TOGETHER_AI_TOKEN",
    "WATSONX_APIKEY",
)
"""Variables in which the model library, or this program, looks for what shows who one is."""


def test_no_variable_that_holds_a_key_reaches_the_code_and_all_others_do() -> None:
    others = {"PATH": "/bin", "LANG": "C.UTF-8", "KEYBOARD": "de", "TOKENIZERS_PARALLELISM": "false", "API_BASE": "x"}
    seen = for_code({**others, **dict.fromkeys(KEYS, "value-1")})
    assert [name for name in KEYS if name in seen] == []
    assert others.items() <= seen.items()


def test_the_value_of_every_such_variable_is_masked_where_it_turns_up() -> None:
    values = {name: f"value-of-{name}" for name in KEYS}
    assert known(values).masked(" ".join(values.values())) == " ".join("[masked]" for _ in values)
