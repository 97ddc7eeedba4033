"""One turn on real parts but the model: a scripted reply, a real Jupyter kernel, the answer printed."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from contextlib import aclosing
from pathlib import Path

from interpreter import events as e
from interpreter.hosts import AutoRun
from interpreter.places import places
from interpreter.protocols.brief import Brief
from interpreter.protocols.ladder import FixedProtocol
from interpreter.runners.environment import workplace
from interpreter.runners.languages import LocalRunners
from interpreter.session import Session
from interpreter.testing import MemoryKeeper, ScriptedModel, tool_call, words


async def main() -> None:
    """Ask, run, answer."""
    place = workplace(folder=str(Path.cwd()), environment=os.environ, cache=places(os.environ).cache)
    runners = LocalRunners(place=place, interactive=False)
    call = tool_call(json.dumps({"language": "python", "code": "17 * 23"}))
    session = Session(
        model=ScriptedModel(call, words("17 * 23 is 391.")),
        ladder=FixedProtocol("tools", Brief(system="Answer by running code.", languages=runners.languages)),
        runners=runners,
        host=AutoRun(),
        keeper=MemoryKeeper(),
    )
    try:
        async with aclosing(session.run("What is 17 * 23?")) as events:
            async for event in events:
                if isinstance(event, e.Output | e.Text):
                    sys.stdout.write(f"{event}\n")
    finally:
        await session.close()


if __name__ == "__main__":
    asyncio.run(main())
