"""Addresses of servers: as people have them, and what nobody may see of them."""

from __future__ import annotations

import pytest

from interpreter.errors import UsageError
from interpreter.runners.address import Address, address, secrets_in


@pytest.mark.parametrize(
    ("given", "environment", "expected"),
    [
        ("http://host:8888/lab?token=abc", {}, Address(url="http://host:8888", token="abc")),
        ("host:8888", {"JUPYTER_TOKEN": "j"}, Address(url="http://host:8888", token="j")),
        (
            "https://hub/user/ada/",
            {"JUPYTER_TOKEN": "j", "INTERPRETER_GATEWAY_TOKEN": "g"},
            Address(url="https://hub/user/ada", token="g"),
        ),
        ("http://host:8888", {}, Address(url="http://host:8888")),
        ("ada:p%40ss@host:8888/lab", {}, Address(url="http://host:8888", login="ada:p@ss")),
    ],
    ids=["as in a browser", "bare", "hub", "open", "login"],
)
def test_an_address_is_taken_as_people_have_it(given: str, environment: dict[str, str], expected: Address) -> None:
    assert address(given, environment) == expected


def test_an_address_that_is_none_is_refused_without_repeating_a_token() -> None:
    with pytest.raises(UsageError, match=r"^--gateway takes the http or https address of .*, not 'ftp://host'\.$"):
        address("ftp://ada:secret@host?token=secret", {})


@pytest.mark.parametrize(
    "given", ["http://ada:secret@[::1?token=secret", "http://ada:secret@h℀st", "ada:secret@host:port"]
)
def test_an_address_without_a_host_that_can_be_read_is_refused_without_repeating_it(given: str) -> None:
    with pytest.raises(UsageError) as raised:
        address(given, {})
    assert str(raised.value) == (
        "--gateway takes the http or https address of a Jupyter server; the host or port of this one cannot be read."
    )
    assert raised.value.__suppress_context__


def test_everything_in_an_address_that_nobody_may_see_is_known() -> None:
    url = "http://ada:p%40ss-word@host/lab?token=abc"
    assert secrets_in(url) == ("abc", "p%40ss-word", "p@ss-word", "YWRhOnBAc3Mtd29yZA==")
    assert secrets_in("http://a-token-as-a-name@host") == ("a-token-as-a-name", "YS10b2tlbi1hcy1hLW5hbWU6")
    assert secrets_in("http://host") == secrets_in("http://[") == secrets_in(None) == ()
