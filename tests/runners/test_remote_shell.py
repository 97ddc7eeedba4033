"""Shell cells behind a server: a bash for each, which goes on from the last, and whose code is its own."""

from __future__ import annotations

import asyncio
from pathlib import Path

from interpreter.runners.address import Address
from interpreter.runners.gateway import Gateway
from interpreter.runners.remote_languages import RemoteRunners
from interpreter.seams import Ended, Produced
from tests.runners.bench import happenings_of, status, text
from tests.runners.servers import TOKEN, jupyter_server


def test_a_shell_behind_a_server_goes_on_from_its_last_cell_and_lets_no_command_read_its_code(tmp_path: Path) -> None:
    async def story(url: str) -> None:
        gateway = Gateway(Address(url=url, token=TOKEN))
        runners = RemoteRunners(gateway=gateway, specs=await gateway.kernelspecs(), interactive=False, output_limit=200)
        shell = runners.get("shell")
        try:
            read = await happenings_of(shell, 'cat\nread line || echo "it\'s the end"\necho after')
            assert (text(read), status(read)) == ("it's the end\nafter\n", "ok")
            await happenings_of(shell, "mkdir -p 'a b' && cd 'a b'\nexport X=1 Y=\"it's\"\nf() { echo f$1; }\nfalse")
            left = await happenings_of(shell, 'sh -c \'echo "$X $Y"\'; f 2; basename "$PWD"; nope')
            assert text(left, "stdout") == "1 it's\nf2\na b\n"
            assert text(left, "stderr") == "bash: line 1: nope: command not found\n"
            assert await happenings_of(shell, "sleep 100 & job=$!; echo begun") == [
                Produced(kind="stdout", data={"text/plain": "begun\n"}),
                Ended(status="ok"),
            ]
            assert status(await happenings_of(shell, "kill $job")) == "ok"
            ended = await happenings_of(shell, "echo begun; sleep 60; echo no", stop_at="begun")
            assert Produced(kind="error", data={"text/plain": "The shell was ended by SIGINT."}) in ended
            assert status(ended) == "interrupted"
        finally:
            await runners.close()

    with jupyter_server(tmp_path / "server") as url:
        asyncio.run(asyncio.wait_for(story(url), 120))
