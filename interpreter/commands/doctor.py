"""`interpreter doctor`: what a session would use here and what is wrong, checked with one tiny request if asked."""

from __future__ import annotations

import argparse
import asyncio
import json
from contextlib import aclosing
from pathlib import Path

from interpreter.commands.context import Context
from interpreter.commands.heeded import RUNNING
from interpreter.diagnosis import Finding, diagnosis
from interpreter.errors import InterpreterError
from interpreter.renderers.sanitize import clean, clean_line

HELP = "Show what model, endpoint, protocol, kernel and shell would be used here, and what is wrong with them."
HEEDS = {
    **dict.fromkeys(("profile", "model", "protocol", "api_base", "api_key", "custom_llm_provider", "local"), ""),
    "json": "Write the findings as JSON.",
    **dict.fromkeys(("python", "kernel"), ""),
    "gateway": RUNNING["gateway"],
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what only this command takes."""
    parser.add_argument("--ask", action="store_true", help="send the model one tiny request and show what comes back")
    parser.add_argument("--forget", action="store_true", help="forget what was learnt of every endpoint")


def run(given: argparse.Namespace, context: Context) -> int:
    """Print the diagnosis; 1 if anything in it is wrong."""
    if given.forget:
        from interpreter.models.capabilities import Capabilities

        count = Capabilities(context.places.capabilities).forget()
        context.err.write(f"Forgot {count} endpoint{'' if count == 1 else 's'}.\n")
    findings = asyncio.run(_findings(context, ask=given.ask))
    if context.settings.json:
        told = [{"topic": one.topic, "words": one.words, "well": one.well} for one in findings]
        context.out.write(json.dumps(told, indent=2) + "\n")
    else:
        context.out.writelines(f"{line}\n" for one in findings for line in _lines(one))
    return 0 if all(one.well for one in findings) else 1


def _lines(finding: Finding) -> list[str]:
    first, *rest = finding.words.splitlines() or [""]
    mark = "" if finding.well else "wrong: "
    return [f"{finding.topic:<14}{mark}{clean_line(first)}", *(f"{'':<14}{clean(line)}" for line in rest)]


async def _findings(context: Context, *, ask: bool) -> list[Finding]:
    found = [finding async for finding in diagnosis(context)]
    if ask and all(finding.well for finding in found if finding.topic in ("model", "endpoint")):
        found.append(await _asked(context))
    return found


async def _asked(context: Context) -> Finding:
    """What one request brings: the smallest that a model answers."""
    from interpreter.answering import answerer
    from interpreter.choosing import choose
    from interpreter.prompt import Surroundings
    from interpreter.protocols.exchange import Request
    from interpreter.stop import Stop

    where = Surroundings(folder=str(Path.cwd()), languages=("python",), aliases={})
    said, tokens = "", ""
    try:
        choice = await choose(context.settings, context.places, context.keyed)
        answering = answerer(choice, context.settings, context.places, context.keyed, where)
        try:
            request = Request(messages=({"role": "user", "content": "Answer with the word ready."},))
            async with aclosing(answering.model.stream(request, Stop())) as chunks:
                async for chunk in chunks:
                    said += chunk.text
                    if chunk.usage is not None and not chunk.usage.estimated:
                        tokens = f" ({chunk.usage.tokens_in} tokens in, {chunk.usage.tokens_out} out)"
        finally:
            await answering.close()
    except InterpreterError as error:
        return Finding(topic="request", words=str(error), well=False)
    return Finding(topic="request", words=f"answered: {' '.join(said.split())[:80]}{tokens}")
