"""Commands about what runs: variables, kernels and shells, and whether code is asked about."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import aclosing
from typing import TYPE_CHECKING, Annotated

from interpreter.errors import UsageError
from interpreter.renderers.words import seconds
from interpreter.runners.languages import PYTHON
from interpreter.runners.program import ProgramRunner
from interpreter.runners.shell import ShellRunner
from interpreter.seams import Inspectable, Runners, Variable
from interpreter.stop import Stop

if TYPE_CHECKING:
    from interpreter.repl.conversation import Conversation


def _languages(talk: Conversation) -> Iterable[str]:
    return talk.session.runners.languages


async def vars_(talk: Conversation, language: Annotated[str, _languages] = "") -> None:
    """List the variables with their types, sizes and shapes."""
    known = _language(talk, language)
    runner = talk.session.runners.get(known)
    if known != PYTHON.name or not isinstance(runner, Inspectable):
        raise UsageError(f"Only the variables of {PYTHON.name} can be listed.")
    await talk.warmed()  # a kernel that was kept is joined then
    if variables := await runner.variables():
        talk.say(_table(variables))
    elif runner.state == "busy":
        talk.say("Python tells of no variables now; it does so when its cell has ended.")
    else:
        talk.say("There are no variables.")


async def restart(talk: Conversation, language: Annotated[str, _languages] = "") -> None:
    """Start the kernel, or another language, anew."""
    await talk.session.restart(_language(talk, language), "as you asked")


async def rebuild(talk: Conversation) -> None:
    """Run the cells that worked again, to get lost variables back.

    Their effects on files and elsewhere happen again too. Nothing that they print is shown; where they ask for
    input they are given what you typed then. What you typed unseen was not kept: you are asked for it again.
    """
    from interpreter.recorders.resume import cells_to_rerun
    from interpreter.replay.execution import replay
    from interpreter.replay.plan import Planned

    runners = talk.session.runners
    cells = [
        Planned(id=cell.id, language=cell.language, code=cell.code, main=False, inputs=cell.inputs)
        for cell in cells_to_rerun(talk.session.history)
        if _lasts(runners, cell.language)
    ]
    if not cells:
        raise UsageError("No cell has worked yet: there is nothing to run again.")
    languages = {cell.language for cell in cells}
    if holder := next((there for there in talk.session.background if there.language in languages), None):
        busy = f"{holder.language} is busy with cell {holder.cell}, which runs in the background."
        raise UsageError(f"{busy} Wait until it has ended, or end it: /interrupt {holder.cell}")
    talk.say(f"Running again (Ctrl-C ends it): {' '.join(cell.id for cell in cells)}")
    done = 0
    try:
        replaying = replay(cells, runners, Stop(), timeout=talk.settings.cell_timeout, ask=talk.host.read_line)
        async with aclosing(replaying) as running:
            async for ran in running:
                if ran.status != "ok":
                    break
                done += 1
    finally:
        talk.session.rebuilt(done, cells[done].id if done < len(cells) else None)


async def ask(talk: Conversation) -> None:
    """Ask before each cell again, after `a` or -y."""
    talk.host.forget()
    talk.say("You are asked before code runs.")


async def jobs(talk: Conversation) -> None:
    """List the cells and shell jobs in the background.

    Ctrl-\\ sends the running cell there, and /interrupt ends it; `!kill %1` ends the shell's job 1.
    """
    lines = [f"{cell.cell}  {cell.language}  for {seconds(cell.seconds)}" for cell in talk.session.background]
    for language in talk.facts.ran:
        runner = talk.session.runners.get(language)
        if isinstance(runner, ShellRunner):
            lines += [f"%{job.id}  {job.state}  {job.command}" for job in runner.jobs()]
    talk.say("\n".join(lines) or "Nothing runs in the background.")


def _background(talk: Conversation) -> Iterable[str]:
    return [cell.cell for cell in talk.session.background]


async def interrupt(talk: Conversation, cell: Annotated[str, _background] = "") -> None:
    """Interrupt the last cell in the background, or CELL."""
    going = list(_background(talk))
    wanted = cell or (going[-1] if going else "")
    if not talk.session.interrupt_background(wanted):
        raise UsageError(f"No cell {wanted} runs in the background." if wanted else "Nothing runs in the background.")


def _lasts(runners: Runners, language: str) -> bool:
    """Whether anything of a cell in `language` is there after it."""
    known = runners.resolve(language)
    return known is None or not isinstance(runners.get(known), ProgramRunner)


def _language(talk: Conversation, name: str) -> str:
    runners = talk.session.runners
    language = runners.resolve(name) if name else runners.languages[0]
    if language is None:
        raise UsageError(f"{name} cannot run here. There are: {', '.join(runners.languages)}.")
    return language


def _table(variables: Iterable[Variable]) -> str:
    rows = [(known.name, known.type, _size(known.size), known.summary) for known in variables]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return "\n".join(
        f"{name:{widths[0]}}  {type:{widths[1]}}  {size:>{widths[2]}}  {summary}".rstrip()
        for name, type, size, summary in rows
    )


def _size(size: int | None) -> str:
    if size is None:
        return ""
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size = size / 1000  # type: ignore[assignment]
    return f"{size:.1f} GB"
