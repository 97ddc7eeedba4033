"""Shell cells behind a server: a bash for each, whose code is its own."""

from __future__ import annotations

import asyncio
from pathlib import Path

from interpreter.runners.gateway import Address, Gateway
from interpreter.runners.remote_languages import RemoteRunners
from interpreter.seams import Produced
from tests.runners.bench import happenings_of, status, text
from tests.runners.servers import TOKEN, jupyter_server


def test_a_command_that_reads_takes_no_code_and_an_interrupt_is_told_in_plain_words(tmp_path: Path) -> None:
    async def story(url: str) -> None:
        gateway = Gateway(Address(url=url, token=TOKEN))
        runners = RemoteRunners(gateway=gateway, specs=await gateway.kernelspecs(), interactive=False, output_limit=200)
        shell = runners.get("shell")
        try:
            read = await happenings_of(shell, 'cat\nread line || echo "it\'s the end"\necho after')
            assert (text(read), status(read)) == ("it's the end\nafter\n", "ok")
            ended = await happenings_of(shell, "echo begun; sleep 60; echo no", stop_at="begun")
            assert Produced(kind="error", data={"text/plain": "The shell was ended by SIGINT."}) in ended
            assert status(ended) == "interrupted"
        finally:
            await runners.close()

    with jupyter_server(tmp_path / "server") as url:
        asyncio.run(asyncio.wait_for(story(url), 120))
