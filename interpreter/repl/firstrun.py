"""The first conversation without a model: what runs here, a key, or the embedded model. Asks once and remembers."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING

from interpreter.choosing import BY_KEY, Remote, local, size
from interpreter.errors import ModelError, UsageError
from interpreter.renderers.sanitize import clean_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from interpreter.choosing import Choice, Unchosen
    from interpreter.commands.context import Context
    from interpreter.models.found import Server
    from interpreter.repl.teletype import Teletype

_MOST = 8  # models of local servers that are listed, each under one key

_PREFIXES: Mapping[str, str] = {
    "sk-ant-": "ANTHROPIC_API_KEY",
    "AIza": "GEMINI_API_KEY",
    "gsk_": "GROQ_API_KEY",
    "xai-": "XAI_API_KEY",
    "sk-proj-": "OPENAI_API_KEY",
}
"""How some providers' keys begin; of the others the provider is asked."""


async def first_run(context: Context, teletype: Teletype, unchosen: Unchosen) -> Choice:
    """The model that the user picks. Raises `UsageError` with the ways on if they pick none."""
    offers = [(server, model) for server in unchosen.found for model in server.models][:_MOST]
    with teletype.held():
        await teletype.settled()
        teletype.write(_menu(offers))
        while True:
            key = (await teletype.key()).lower()
            if key.isdigit() and 0 < int(key) <= len(offers):
                return _remembered(context, teletype, *offers[int(key) - 1])
            if key == "k":
                teletype.write("a key\n")
                return await _keyed(context, teletype)
            if key == "l":
                teletype.write("the embedded model\n")
                return local(True, context.places)
            if key in ("q", "\x03", "\x04", "\x1b", ""):
                teletype.write("not now\n")
                raise UsageError(unchosen.words)


def _menu(offers: list[tuple[Server, str]]) -> str:
    from interpreter.models.catalogue import DEFAULT, named

    weights = named(DEFAULT)
    lines = ["No model is chosen yet. What should answer?"]
    for number, (server, model) in enumerate(offers, 1):
        lines.append(f"  {number}  {clean_line(model)}, at {clean_line(server.server)} on this machine")
    lines.append("  k  a provider's key: OpenAI, Anthropic, Gemini, Mistral, DeepSeek or another")
    lines.append(f"  l  a small model on this machine, fetched once ({size(weights.size)}, {weights.licence})")
    lines.append("  q  not now; a server elsewhere: interpreter --model NAME --api-base URL")
    return "\n".join(lines) + "\nPress a key: "


def _remembered(context: Context, teletype: Teletype, server: Server, model: str) -> Remote:
    """The model of a local server, written at the top of the configuration for the next time."""
    teletype.write(f"{clean_line(model)}\n")
    file = context.places.settings
    try:
        before = file.read_text(encoding="utf-8") if file.exists() else ""
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"model = {_toml(model)}\napi_base = {_toml(server.api_base)}\n{before}", encoding="utf-8")
        teletype.write(f"Remembered in {clean_line(str(file))}.\n")
    except (OSError, UnicodeDecodeError) as error:
        teletype.write(f"It could not be remembered in {clean_line(str(file))}: {clean_line(str(error))}\n")
    return Remote(model=model, base=server.api_base)


def _toml(text: str) -> str:
    """A basic string of TOML, whose escapes are those of JSON."""
    import json

    return json.dumps(text)


async def _keyed(context: Context, teletype: Teletype) -> Remote:
    """A key that is typed, tested, and kept; typed again while the provider refuses it."""
    while True:
        key = (await teletype.line("The key (it is not shown): ", secret=True) or "").strip()
        if not key:
            raise UsageError("No key was given. Start again, or set the provider's variable.")
        variable = await _provider(teletype, key)
        choice = Remote(model=BY_KEY[variable], why=variable)
        teletype.write(f"Testing it with one tiny request to {choice.model} ...\n")
        try:
            await _test(context, choice.model, key)
        except ModelError as error:
            teletype.write(f"{clean_line(str(error))}\n")
            if error.fault == "auth":
                continue
            teletype.write("The key itself may be right, so it is kept.\n")
        _keep(context, teletype, variable, key)
        return choice


async def _provider(teletype: Teletype, key: str) -> str:
    """The variable for `key`, by how it begins, else as the user says."""
    for prefix, variable in _PREFIXES.items():
        if key.startswith(prefix):
            return variable
    names = [name for name in BY_KEY if name != "GOOGLE_API_KEY"]
    listed = "".join(f"  {number}  {name.removesuffix('_API_KEY')}\n" for number, name in enumerate(names, 1))
    teletype.write(f"Whose key is it?\n{listed}Press a key: ")
    while True:
        pressed = await teletype.key()
        if pressed.isdigit() and 0 < int(pressed) <= len(names):
            teletype.write(f"{names[int(pressed) - 1].removesuffix('_API_KEY')}\n")
            return names[int(pressed) - 1]
        if pressed in ("\x03", "\x04", "\x1b", ""):
            raise UsageError("No key was kept. Start again, or set the provider's variable.")


async def _test(context: Context, model: str, key: str) -> None:
    """One tiny request. Raises `ModelError` if it fails."""
    from interpreter.models.litellm import LitellmModel
    from interpreter.protocols.exchange import Request
    from interpreter.stop import Stop

    tested = LitellmModel(model, api_key=key, timeout=30.0, environment=context.environment, log=context.places.log)
    request = Request(messages=({"role": "user", "content": "Answer with the word ready."},))
    async with aclosing(tested.stream(request, Stop())) as chunks:
        async for _ in chunks:
            return


def _keep(context: Context, teletype: Teletype, variable: str, key: str) -> None:
    from interpreter.keys import Keys, SystemRing

    where = Keys(file=context.places.keys, ring=SystemRing()).keep(variable, key)
    teletype.write(f"Kept in {clean_line(where)}.\n")
