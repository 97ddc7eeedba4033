"""How soon the embedded model begins to answer the first question: with its instructions read before, and without.

    python benchmarks/embedded.py WEIGHTS.gguf

Both are new processes of the same weights; the question is one that needs code, asked from the current folder.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from interpreter.answering import answerer
from interpreter.choosing import Embedded
from interpreter.history import History, Prompt
from interpreter.places import places
from interpreter.prompt import Surroundings
from interpreter.settings import Settings
from interpreter.stop import Stop


async def measured(weights: Path, home: str, *, read_before: bool) -> str:
    """The seconds until the first token, and until the whole answer."""
    where = Surroundings(folder=str(Path.cwd()), languages=("python", "shell"), aliases={})
    choice = Embedded(weights=weights, name=weights.stem)
    there = answerer(choice, Settings(), places({"INTERPRETER_HOME": home}), os.environ, where)
    try:
        begun = time.perf_counter()
        if read_before:
            await there.warm()
        prepared = time.perf_counter() - begun
        request = there.ladder.current().request(History(entries=(Prompt(text="How many files are in this folder?"),)))
        begun, first = time.perf_counter(), 0.0
        async for chunk in there.model.stream(request, Stop()):
            first = first or (time.perf_counter() - begun if chunk.text else 0.0)
        whole = time.perf_counter() - begun
        return f"{prepared:5.1f} s before the question, first token after {first:5.2f} s, whole after {whole:5.2f} s"
    finally:
        await there.close()


def main() -> None:
    """Print both."""
    if len(sys.argv) != 2:
        sys.exit((__doc__ or "").splitlines()[2].strip())
    weights = Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as home:
        for words, read_before in (("at once", False), ("read before", True)):
            told = asyncio.run(measured(weights, home, read_before=read_before))
            sys.stdout.write(f"{words:12}{told}\n")


if __name__ == "__main__":
    main()
