"""What happened, in words: the sentences that the plain and the terminal renderer share. No colours, no drawing."""

from __future__ import annotations

from typing import TypeAlias

from interpreter import events as e
from interpreter.renderers.sanitize import clean, clean_line

Notice: TypeAlias = (
    e.Warned
    | e.Retrying
    | e.ProtocolChanged
    | e.CodeRejected
    | e.CodeDetached
    | e.KernelRestarted
    | e.HistoryUndone
    | e.HistoryTrimmed
    | e.ModelChanged
    | e.SessionResumed
    | e.StateRebuilt
)
"""What happens beside the conversation; each is told in a sentence."""

PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp", "image/svg+xml", "application/pdf")
"""Values that are files of their own."""

_TURNS = {
    "done": "",
    "interrupted": "interrupted",
    "declined": "not run: it was declined",
    "step_limit": "stopped: too many steps",
    "budget": "stopped: the budget is used up",
    "loop": "stopped: the same code again and again",
    "failed": "the turn failed",
}


def seconds(time: float) -> str:
    """A duration, as short as it is clear."""
    if time < 60:
        return f"{time:.1f} s"
    minutes, rest = divmod(round(time), 60)
    return f"{minutes} min {rest:02} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"


def decided(event: e.CodeDecided) -> str:
    """What became of a proposal; empty where that needs no words: the user was asked and said yes."""
    note, cell = clean_line(event.note), clean_line(event.cell)
    match event.decision:
        case "run":
            return {"asked": "", "always": f"{cell} approved, as always", "auto": f"{cell} runs without asking"}[
                event.by
            ]
        case "edited":
            return f"{cell} edited; this runs:"
        case "declined":
            return f"{cell} declined: {note}" if note else f"{cell} declined"
        case "skipped":
            return f"{cell} not run: {note}" if note else f"{cell} not run"


def finished(event: e.CodeFinished) -> str:
    """How a cell ended, and how long it took."""
    if not event.ran:
        return f"{clean_line(event.cell)} not run"
    return f"{clean_line(event.cell)} {event.status}, {seconds(event.seconds)}"


def turn(event: e.TurnFinished) -> str:
    """Why a turn ended; empty when it simply was done."""
    told = clean_line(event.error) if event.error else _TURNS[event.reason]
    return f"error: {told}" if event.reason == "failed" else told


def usage(tokens_in: int, tokens_out: int, tokens_cached: int, cost: float | None, *, estimated: bool = False) -> str:
    """What requests took; `estimated`: the provider did not count all of it."""
    cached = f" ({tokens_cached:,} cached)" if tokens_cached else ""
    price = "" if cost is None else f", ${cost:.4f}" if cost < 0.1 else f", ${cost:.2f}"
    return f"{'about ' if estimated else ''}{tokens_in:,} tokens in{cached}, {tokens_out:,} out{price}"


def notice(event: Notice) -> str:
    """What happened beside the conversation, as one sentence or two."""
    match event:
        case e.Warned():
            return f"warning: {clean(event.text)}"
        case e.Retrying():
            reason = clean_line(event.reason).removesuffix(" Ask again.")  # the program does
            return f"{reason} Trying again in {seconds(event.wait)}."
        case e.ProtocolChanged():
            return f"The endpoint does not take {event.from_!r}; asking it with {event.to!r}."
        case e.CodeRejected():
            return f"A call of the model could not be read and was not run: {clean_line(event.reason)}"
        case e.CodeDetached():
            return f"{clean_line(event.cell)} runs on in the background, after {seconds(event.seconds)}"
        case e.KernelRestarted():
            return f"{clean_line(event.language)} was restarted ({clean_line(event.reason)}); its variables are gone."
        case e.HistoryUndone():
            turns = "One turn was" if event.turns == 1 else f"{event.turns} turns were"
            return f"{turns} taken back from the conversation; what the code did stays done."
        case e.HistoryTrimmed():
            return clean_line(event.reason)
        case e.ModelChanged():
            return f"{clean_line(event.model)} answers from now on."
        case e.SessionResumed():
            return _begun(event) if event.notebook else _resumed(event)
        case e.StateRebuilt():
            cells = "One cell was" if event.cells == 1 else f"{event.cells} cells were"
            stopped = clean_line(event.stopped) if event.stopped else ""
            rest = f"; {stopped} did not end well, so the rest was not." if stopped else "; the variables are back."
            return f"{cells} run again{rest}"


def _resumed(event: e.SessionResumed) -> str:
    lost = "; ".join(clean_line(what) for what in event.lost)
    again = f" Lost: {lost}. At the prompt, /rebuild runs its cells again." if lost else ""
    return f"Session {clean_line(event.session)} goes on.{again}"


def _begun(event: e.SessionResumed) -> str:
    again = " Its code has not run here: at the prompt, /rebuild runs its cells." if event.lost else ""
    return f"New session {clean_line(event.session)}, from {clean_line(event.notebook)}.{again}"


def kept(output: e.Output) -> str:
    """Where the whole of an output, or its picture, is; empty where there is no file."""
    picture = next((kind for kind in output.data if kind in PICTURES), None)
    if output.file is None:
        return ""
    return f"{f'{picture}:' if picture else 'the whole is in'} {clean_line(output.file)}"
