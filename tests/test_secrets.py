"""Known secret values and their masking."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from interpreter.secrets import Secrets, known


def test_values_of_variables_named_like_keys_and_given_keys_are_masked() -> None:
    environment = {
        "OPENAI_API_KEY": "sk-one-1",
        "HF_TOKEN": "hf_two22",
        "AWS_SECRET_ACCESS_KEY": "three/333",
        "client_secret": "four-four",
        "HOME": "/home/me",
        "KEYBOARD": "qwerty-layout",
        "APP_KEY": "production",  # a word, not a secret
        "TOKEN": "short-1",
    }
    secrets = known(environment, "given-key", None)
    words = "sk-one-1 hf_two22 three/333 four-four given-key /home/me qwerty-layout production short-1"
    assert secrets.masked(words) == f"{'[masked] ' * 5}/home/me qwerty-layout production short-1"


def test_a_value_that_begins_like_another_is_masked_whole() -> None:
    assert Secrets(["sk-12345", "sk-12345-longer"]).masked("sk-12345-longer sk-12345") == "[masked] [masked]"


@pytest.mark.parametrize(("text", "undecided"), [("", 0), ("a sk", 2), ("sk-12345", 0), ("sk-1234", 7), ("sks", 1)])
def test_the_end_of_a_text_that_may_become_a_secret_is_undecided(text: str, undecided: int) -> None:
    assert Secrets(["sk-12345"]).undecided(text) == undecided


def cases() -> Iterator[tuple[Secrets, str]]:
    """Texts of values that begin with each other, begin again inside themselves, and end where others begin."""
    values = ("abcabcab", "abcabcabXYZW", "XYZWabca", "bcabXYZWab")
    chance = random.Random(3)
    for _ in range(400):
        known_ones = Secrets(chance.sample(values, 3))
        yield known_ones, "".join(chance.choice([*values, "abc", "XYZ", " "]) for _ in range(6))


def test_what_is_decided_can_be_masked_by_itself_however_the_text_is_cut() -> None:
    chance = random.Random(4)
    for secrets, text in cases():
        masked, waiting = "", ""
        for piece in re.findall(f".{{{chance.randint(1, 9)}}}|.+", text):
            waiting += piece
            decided = len(waiting) - secrets.undecided(waiting)
            masked, waiting = masked + secrets.masked(waiting[:decided]), waiting[decided:]
        assert masked + secrets.masked(waiting) == secrets.masked(text)


def test_a_value_is_also_known_as_it_stands_in_json_and_in_an_address() -> None:
    secret = 'pa"ss/wörd+='
    seen = [secret, json.dumps(secret), json.dumps(secret, ensure_ascii=False), f"?token={quote(secret, safe='')}"]
    assert [Secrets([secret]).masked(text) for text in seen] == [
        "[masked]",
        '"[masked]"',
        '"[masked]"',
        "?token=[masked]",
    ]


def test_json_stays_json_whatever_is_masked_in_it() -> None:
    value = {"n": 12345678, "list": ["\n2345-key", 123456780], "12345678": None}
    masked = {"n": "[masked]", "list": ["\n2345-key", 123456780], "[masked]": None}
    assert Secrets(["12345678", "n2345-key"]).within(value) == masked
