"""What really goes over the wire: keys, names, proxies, settings; how a stop closes it, and what gets into the log."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import shutil
import stat
import subprocess
import sys
from contextlib import aclosing
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from interpreter import events as e
from interpreter.models.litellm import LitellmModel
from interpreter.protocols.exchange import Chunk, Request, TokenCount
from interpreter.protocols.sizes import LETTERS, letters
from interpreter.stop import Stop, Stopped
from tests.providers.answers import Broken, Raw, Refuse, Rules, Say, code, say
from tests.providers.driving import drive
from tests.providers.openai_wire import chunk
from tests.providers.server import Endpoint, serve

HELLO = Request(messages=({"role": "user", "content": "Hello."},))
KEYS = {"OPENAI_API_KEY": "key-of-openai", "GROQ_API_KEY": "key-of-groq", "ANTHROPIC_API_KEY": "key-of-anthropic"}


@pytest.mark.parametrize(
    ("model", "provider", "given", "sent"),
    [
        ("scripted", None, None, "sk-none"),
        ("scripted", None, "given-key", "given-key"),
        ("gpt-4o", None, None, "sk-none"),
        ("openai/scripted", None, None, "key-of-openai"),
        ("scripted", "openai", None, "key-of-openai"),
        ("groq/scripted", None, None, "key-of-groq"),
        ("groq/scripted", None, "given-key", "given-key"),
        ("deepseek/scripted", None, None, "sk-none"),
        ("together_ai/scripted", None, None, "sk-none"),
        ("hosted_vllm/scripted", None, None, "sk-none"),
        ("lm_studio/scripted", None, None, "sk-none"),
        ("meta-llama/scripted", None, None, "sk-none"),
        ("anyscale/scripted", None, None, "sk-none"),
    ],
)
def test_the_key_of_one_provider_is_never_sent_to_the_base_of_another(
    model: str, provider: str | None, given: str | None, sent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    with serve(say("Hello.")) as endpoint:
        drive(model, base=endpoint.base(), provider=provider, key=given, environment=KEYS)
    assert [request.key for request in endpoint.requests] == [sent]


def test_a_provider_without_its_key_is_not_even_asked() -> None:
    driven = drive("groq/llama-3.3-70b-versatile", key=None)
    words = "There is no key for groq/llama-3.3-70b-versatile. Set GROQ_API_KEY, or give --api-key."
    assert driven.finished.error == words


@pytest.mark.parametrize("suffix", ["", "/", "/v1", "/v1/", "/v1/chat/completions"])
def test_a_base_is_understood_with_and_without_its_version(suffix: str) -> None:
    with serve(say("Hello.")) as endpoint:
        driven = drive("scripted", base=endpoint.url + suffix)
    assert driven.answer == "Hello."
    assert endpoint.requests[0].path == "/v1/chat/completions"


def test_a_base_is_understood_without_its_scheme() -> None:
    with serve(say("Hello.")) as endpoint:
        assert drive("scripted", base=endpoint.url.removeprefix("http://")).answer == "Hello."


@pytest.mark.parametrize("suffix", ["", "/v1", "/v1/messages"])
def test_anthropics_base_is_understood_as_other_clients_want_it(suffix: str) -> None:
    with serve(say("Hello.")) as endpoint:
        assert drive("anthropic/claude-sonnet-4-5", base=endpoint.url + suffix).answer == "Hello."


def test_a_name_that_begins_like_a_provider_is_sent_whole_where_only_that_is_known(tmp_path: Path) -> None:
    with serve(say("Hello."), say("Again."), rules=Rules(model="openai/gpt-oss-20b")) as endpoint:
        memory = tmp_path / "capabilities.json"
        assert drive("openai/gpt-oss-20b", base=endpoint.base(), memory=memory).answer == "Hello."
        assert drive("openai/gpt-oss-20b", base=endpoint.base(), memory=memory).answer == "Again."
    assert endpoint.statuses == [404, 200, 200]


def test_settings_of_the_model_are_sent_with_every_request() -> None:
    options = {"temperature": 0.2, "max_tokens": 100}
    with serve(code("print(42)"), say("It is 42.")) as endpoint:
        drive("scripted", base=endpoint.base(), options=options)
    assert [{name: body[name] for name in options} for body in endpoint.bodies] == [options, options]


def test_the_beginning_of_the_conversation_is_the_same_bytes_at_every_request() -> None:
    with serve(code("print(1)"), code("print(2)", id="b"), say("Done."), say("Again.")) as endpoint:
        drive("scripted", "Go.", "And now?", base=endpoint.base())
    messages: list[Any] = [body["messages"] for body in endpoint.bodies]
    for earlier, later in pairwise(messages):
        assert later[: len(earlier)] == earlier
    assert len({str(body["tools"]) for body in endpoint.bodies}) == 1


def test_the_variables_of_a_provider_count_and_its_table_tells_window_and_price(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with serve(say("Hello.")) as endpoint:
        monkeypatch.setenv("OPENAI_API_BASE", endpoint.base())
        driven = drive("gpt-4o", base=None, key=None, environment=KEYS)
    assert (driven.answer, endpoint.requests[0].key) == ("Hello.", "key-of-openai")
    assert [event.cost for event in driven.events if isinstance(event, e.UsageReported)] == [pytest.approx(1e-4)]
    assert driven.model.window == 128_000


def test_a_password_in_a_base_is_not_shown() -> None:
    with serve() as endpoint:
        base = endpoint.base().replace("http://", "http://ada:secret@")
    assert drive("scripted", base=base).finished.error == (
        f"Nobody answers at {endpoint.base()}. Check --api-base, and that the server runs."
    )


def test_a_dotenv_file_of_the_working_folder_is_not_obeyed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("GROQ_API_KEY=stolen\nOPENAI_API_BASE=http://127.0.0.1:9\n")
    monkeypatch.chdir(tmp_path)
    assert (
        drive("groq/x", key=None).finished.error == "There is no key for groq/x. Set GROQ_API_KEY, or give --api-key."
    )


def test_a_proxy_of_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(say("Hello.")) as endpoint:
        monkeypatch.setenv("HTTP_PROXY", endpoint.url)
        monkeypatch.delenv("NO_PROXY", raising=False)
        driven = drive("scripted", base="http://models.example/v1")
    assert (driven.answer, endpoint.requests[0].path) == ("Hello.", "http://models.example/v1/chat/completions")


def test_an_endpoint_that_finds_it_too_long_gets_less_and_the_turn_goes_on() -> None:
    long = f"print({'7' * 4000})"
    with serve(code(long), say("One."), code(long, id="b"), say("Two."), rules=Rules(window=14000)) as endpoint:
        driven = drive("scripted", "Go.", "Again?", base=endpoint.base())
    assert (driven.finished.error, driven.answer, driven.ran) == (None, "Two.", [long, long])
    assert endpoint.statuses == [200, 200, 200, 400, 200]
    trims = [(event.dropped, event.shortened) for event in driven.events if isinstance(event, e.HistoryTrimmed)]
    assert trims == [(1, 1)]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate that nobody trusts, with its key, in one file."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("makes its certificate with openssl")
    folder = tmp_path_factory.mktemp("tls")
    made = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    named = ["-addext", "subjectAltName=DNS:localhost", "-keyout", "key.pem", "-out", "cert.pem"]
    subprocess.run([*made, *named], cwd=folder, check=True, capture_output=True, timeout=60)
    both = folder / "both.pem"
    both.write_text((folder / "cert.pem").read_text() + (folder / "key.pem").read_text())
    return both


def test_a_certificate_that_nobody_trusts_is_named_with_the_way_out(certificate: Path) -> None:
    with serve(say("Hello."), certificate=certificate) as endpoint:
        driven = drive("scripted", base=endpoint.base())
    words = "is not trusted here. Name the file of your network's own in SSL_CERT_FILE."
    assert driven.finished.error == f"The certificate of {endpoint.base()} {words}"


PROGRAM = """
import sys
from tests.providers.driving import drive
print(drive("scripted", base=sys.argv[1]).answer)
"""


def test_the_certificates_of_a_companys_network_are_trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with serve(say("Hello."), certificate=certificate) as endpoint:
        assert drive("scripted", base=endpoint.base()).answer == "Hello."


def test_another_usual_variable_for_certificates_counts_too_and_nothing_is_printed(certificate: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "SSL_CERT_FILE"}
    environment["REQUESTS_CA_BUNDLE"] = str(certificate)
    with serve(say("Hello."), certificate=certificate) as endpoint:
        command = [sys.executable, "-c", PROGRAM, endpoint.base()]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert (done.stdout, done.stderr) == ("Hello.\n", "")


# ---- stops and time-outs


async def _stopped(endpoint: Endpoint, model: LitellmModel, *, at_once: bool) -> None:
    """Ask, and stop when something came or, with `at_once`, as soon as the request is there."""
    stop = Stop()
    if at_once:
        asked = asyncio.get_running_loop().run_in_executor(None, endpoint.asked.wait, 20)
        asked.add_done_callback(lambda _: stop.set())
    async with aclosing(model.stream(HELLO, stop)) as chunks:
        async for _ in chunks:
            stop.set()


@pytest.mark.parametrize(("pieces", "at_once"), [(0, True), (4, True), (4, False)])
@pytest.mark.parametrize("model", ["scripted", "anthropic/claude-sonnet-4-5", "gemini/gemini-2.5-flash"])
def test_a_stop_closes_the_socket_at_once(model: str, pieces: int, *, at_once: bool) -> None:
    with serve(Broken(say=say("Never ends."), pieces=pieces, stall=True)) as endpoint:
        base = endpoint.base(model.partition("/")[0])
        model_there = LitellmModel(model, api_base=base, api_key="key-for-tests")
        with pytest.raises(Stopped):
            asyncio.run(_stopped(endpoint, model_there, at_once=at_once))
        assert endpoint.abandoned.wait(20)


@pytest.mark.parametrize("pieces", [0, 3])
def test_a_provider_that_falls_silent_is_asked_again_and_then_given_up(pieces: int) -> None:
    stalled = Broken(say=code("print(42)"), pieces=pieces, stall=True)
    with serve(stalled, stalled) as endpoint:
        driven = drive("scripted", base=endpoint.base(), timeout=0.3)
    words = f"scripted did not answer in time. Ask again, or check {endpoint.base()}."
    assert (driven.finished.error, driven.ran, len(endpoint.requests)) == (words, [], 2)
    assert [event.wait for event in driven.events if isinstance(event, e.Retrying)] == [1.0]


def test_a_reply_that_is_stopped_before_its_first_word_counts_what_was_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    came: list[Chunk] = []

    async def stopped(model: LitellmModel) -> None:
        stop = Stop()
        async with aclosing(model.stream(HELLO, stop)) as chunks:
            async for chunk in chunks:
                came.append(chunk)
                stop.set()

    with serve(Broken(say=say("Never ends."), pieces=1, stall=True)) as endpoint:  # the first piece is an empty one
        monkeypatch.setenv("OPENAI_API_BASE", endpoint.base())
        with pytest.raises(Stopped):
            asyncio.run(stopped(LitellmModel("gpt-4o", environment=KEYS)))
    sent = letters(HELLO) // LETTERS
    assert came == [
        Chunk(),
        Chunk(usage=TokenCount(tokens_in=sent, tokens_out=0, cost=sent * 2.5e-6, estimated=True)),
    ]


# ---- what is kept and shown


def test_what_goes_wrong_is_kept_in_the_log_without_keys(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "logs" / "model.log"
    body = {"error": {"message": "Incorrect API key provided: key-for-tests"}}
    with serve(Refuse(status=401, body=body), Refuse(status=500, body={"error": {"message": "boom"}})) as endpoint:
        drive("scripted", base=endpoint.base(), log=log)
    logging.getLogger("LiteLLM").warning("a line with %s", "key-for-tests")
    kept = log.read_text(encoding="utf-8")
    assert kept.endswith("WARNING a line with [masked]\n")
    assert "Incorrect API key provided: [masked]" in kept
    assert "key-for-tests" not in kept
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    assert capfd.readouterr() == ("", "")


def test_a_provider_that_nobody_knows_is_named_and_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    driven = drive("nobody/model-of-mine", key=None)
    words = "No provider is known for the model nobody/model-of-mine. Name it as PROVIDER/NAME, or give --api-base."
    assert (driven.finished.error, capfd.readouterr()) == (words, ("", ""))


def test_a_key_that_a_provider_repeats_is_not_shown() -> None:
    body = {"error": {"message": "no such account for key-for-tests"}}
    with serve(Refuse(status=400, body=body), Refuse(status=400, body=body)) as endpoint:
        driven = drive("scripted", base=endpoint.base())
    assert driven.finished.error == "scripted refused the request: no such account for [masked]"


def test_what_a_provider_writes_into_its_errors_cannot_move_the_cursor() -> None:
    body = {"error": {"message": "bad\x1b[2J\nthing"}}
    with serve(Refuse(status=400, body=body), Refuse(status=400, body=body)) as endpoint:
        driven = drive("scripted", base=endpoint.base())
    assert driven.finished.error is not None
    assert driven.finished.error.startswith("scripted refused the request: bad")
    assert driven.finished.error.isprintable()


def test_the_cost_of_a_request_counts_what_was_cached() -> None:
    with serve(Say(text="Hello.", usage=(1000, 10, 800))) as endpoint:
        driven = drive("anthropic/claude-sonnet-4-5", base=endpoint.base("anthropic"))
    usage = next(event for event in driven.events if isinstance(event, e.UsageReported))
    assert usage.cost == pytest.approx(200 * 3e-6 + 800 * 0.3e-6 + 10 * 15e-6)


def test_a_server_of_ones_own_has_no_price_whatever_its_model_is_called() -> None:
    with serve(say("Hello.")) as endpoint:
        driven = drive("gpt-4o", base=endpoint.base())
    assert [event.cost for event in driven.events if isinstance(event, e.UsageReported)] == [None]


def test_a_reply_that_broke_off_is_counted_by_what_went_out_and_came(monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(Broken(say=say("Half of the answer is all that comes.")), say("Hello.")) as endpoint:
        monkeypatch.setenv("OPENAI_API_BASE", endpoint.base())
        driven = drive("gpt-4o", base=None, key=None, environment=KEYS)
    ours, theirs = (event for event in driven.events if isinstance(event, e.UsageReported))
    came = [event.text for event in driven.events if isinstance(event, e.TextDelta)][:-1]
    assert (ours.estimated, theirs.estimated) == (True, False)
    assert ours.tokens_out == len("".join(came)) // 4 > 0
    assert 100 < ours.tokens_in < len(json.dumps(endpoint.bodies[0])) // 4
    assert ours.cost == pytest.approx(ours.tokens_in * 2.5e-6 + ours.tokens_out * 1e-5)


def test_the_original_form_is_exact_on_the_wire() -> None:
    with serve(code("print(42)", text="Let me see."), say("It is 42."), rules=Rules(tools=False)) as endpoint:
        drive("scripted", base=endpoint.base())
    sent = endpoint.bodies[-1]
    functions: Any = sent["functions"]
    assert [function["name"] for function in functions] == ["execute_code"]
    assert "tools" not in sent
    assert sent["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "What is it?"},
        {
            "role": "assistant",
            "content": "Let me see.",
            "function_call": {"name": "execute_code", "arguments": '{"language": "python", "code": "print(42)"}'},
        },
        {"role": "function", "name": "execute_code", "content": "print(42)"},
    ]


def test_bytes_that_were_no_text_reach_the_model_as_question_marks() -> None:
    with serve(code("print('\udce9')"), say("It is é.")) as endpoint:
        turn = drive("scripted", "What is gr\udcfcn?", base=endpoint.base())
    assert (turn.finished.reason, turn.answer) == ("done", "It is é.")
    sent: Any = endpoint.bodies[-1]["messages"]
    assert [message["content"] for message in sent[-3:]] == ["What is gr?n?", "", "print('?')"]


def test_a_key_with_characters_that_no_key_has_is_said_to_be_so() -> None:
    with serve() as endpoint:
        turn = drive("scripted", "Hello.", base=endpoint.base(), key="schlüssel-☃")
    assert turn.finished == e.TurnFinished(
        reason="failed",
        error="The key for scripted holds characters that no key has. Check --api-key for what was pasted with it.",
    )


@pytest.mark.skipif(find_spec("mcp") is not None, reason="with that package the library's other way is open")
def test_a_model_whose_calls_the_library_sends_another_way_is_asked_in_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")  # where nobody answers: nothing leaves this machine
    turn = drive("openai/gpt-5.6", "Hello.")
    changed = [(event.from_, event.to) for event in turn.events if isinstance(event, e.ProtocolChanged)]
    assert changed == [("tools", "text")]
    assert turn.finished.error == (
        "The provider of openai/gpt-5.6 cannot be reached. Check the network and its proxy, or give --api-base."
    )


def test_a_reply_that_says_the_same_very_often_comes_whole() -> None:
    begun = chunk({"role": "assistant", "content": ""})
    row = Raw(events=(begun, *[chunk({"content": "-----"})] * 300, chunk({}, finish="stop")))
    with serve(row) as endpoint:
        driven = drive("scripted", base=endpoint.base())
    assert [event.text for event in driven.events if isinstance(event, e.Text)] == ["-----" * 300]
    assert len(endpoint.requests) == 1
