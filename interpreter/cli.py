"""The command line: flags and the first word become settings and a way to run. Holds no feature of its own."""

from __future__ import annotations

import argparse
import difflib
import errno
import os
import re
import sys
import textwrap
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import NoReturn, Protocol, cast

from interpreter import __version__, secrets
from interpreter.commands.context import Context
from interpreter.errors import InterpreterError, UsageError
from interpreter.keys import with_kept
from interpreter.options import Option, Value
from interpreter.places import places
from interpreter.settings import LATEST, options
from interpreter.sources import resolve

COMMANDS: tuple[str, ...] = ("sessions", "export", "replay", "run", "attach", "doctor")
"""First words that are commands; each is a module of `interpreter.commands`."""

_USAGE = "interpreter [OPTION ...] [PROMPT]"
_ABOUT = """\
Ask in plain words; a language model writes code, you approve it, and it runs on this machine.

  interpreter                                   a conversation in the terminal
  interpreter "how many lines has data.csv?"    one question
  cat data.csv | interpreter -y "what is the mean of x?"
"""
_EXITS = """\
exit codes: 0 done; 1 failed; 2 wrong usage; 3 the last code that ran failed; 4 code was not approved;
5 a limit stopped it; 130 interrupted"""
_WIDEST = 80
"""Columns for what the help says of the commands."""
_LIKE_AN_ID = re.compile(r"\d{3,}(-\d*){0,2}")
_ALIKE = 0.8
"""From here on a word is taken for a command's name that was mistyped."""


class Command(Protocol):
    """A module of `interpreter.commands`."""

    HELP: str
    HEEDS: Mapping[str, str]
    """The settings whose flags its help tells, with what they do there; empty: what they always do.

    It takes every flag, so that none is an error.
    """

    def arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the command's own arguments."""

    def run(self, given: argparse.Namespace, context: Context) -> int:
        """Do it; the exit code."""


class Parser(argparse.ArgumentParser):
    """argparse whose complaints are errors of ours: one line, with the nearest flag that exists."""

    def error(self, message: str) -> NoReturn:
        """Raise `UsageError` with `message` and what to do."""
        words = message[:1].upper() + message[1:]
        unknown = message.removeprefix("unrecognized arguments: ").split()
        if message.startswith("unrecognized") and unknown and unknown[0].startswith("-"):
            raise UsageError(f"There is no flag {unknown[0]}.{self._nearest(unknown[0])} See {self.prog} --help.")
        if message.startswith("unrecognized") and any(action.dest == "prompt" for action in self._actions):
            raise UsageError(f"One prompt at a time: put it in quotes ({unknown[0] if unknown else ''} is left over).")
        if message.startswith("unrecognized"):
            raise UsageError(f"{unknown[0]} is one word too many. See {self.prog} --help.")
        raise UsageError(f"{words}. See {self.prog} --help.")

    def _nearest(self, unknown: str) -> str:
        flags = [flag for action in self._actions for flag in action.option_strings if flag.startswith("--")]
        near = difflib.get_close_matches(unknown, flags, n=1)
        return f" Did you mean {near[0]}?" if near else ""


class _Program(Parser):
    """The parser of the program itself, whose help lists the commands."""

    def format_help(self) -> str:
        """The help, with what each command is for: only here are they all imported."""
        width = max(map(len, COMMANDS))
        lines = [f"  {name:{width}}  {_imported(name).HELP}" for name in COMMANDS]
        told = [textwrap.fill(line, _WIDEST, subsequent_indent=" " * (width + 4)) for line in lines]
        self.epilog = "\n".join(["commands (interpreter COMMAND --help tells more):", *told, "", _EXITS])
        return super().format_help()


def run(argv: Sequence[str]) -> int:
    """Run the program; the exit code. The outer edge: an error of ours is one line, a defect of ours one more."""
    try:
        return _flushed(_run(argv, os.environ))
    except InterpreterError as error:
        _complain(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return 141
    except SystemExit as shown:  # --help and --version
        return int(shown.code or 0)
    except Exception as defect:  # noqa: BLE001 - the outer edge
        if isinstance(defect, OSError) and defect.errno == errno.ENOSPC:
            _complain("A disk is full: what was to be written could not be.")
            return 1
        _complain(f"This is a defect of the program ({type(defect).__name__}). {_kept(defect, argv)}")
        return 1


def _flushed(code: int) -> int:
    """`code`, once stdout has taken everything: what it does not take is told like any other trouble."""
    sys.stdout.flush()
    return code


def _complain(words: str) -> None:
    from interpreter.renderers.sanitize import clean

    sys.stderr.write(f"interpreter: {clean(secrets.known(os.environ).masked(words))}\n")


def _kept(defect: Exception, argv: Sequence[str]) -> str:
    """Where the traceback is, for whoever reports it; it is not shown, since it may hold what the user typed."""
    home = places(os.environ)
    file = home.cache / "crash.txt"
    told = secrets.known(with_kept(os.environ, home.keys), *_given(argv)).masked(
        "".join(traceback.format_exception(defect))
    )
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.unlink(missing_ok=True)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as kept:
            kept.write(told)
    except OSError:
        return "Its traceback could not be kept."
    return f"Its traceback is in {file}; please report it with what you did."


def _given(argv: Sequence[str]) -> list[str]:
    """The secrets on the command line, and in an address that stands in the environment."""
    from interpreter.runners.address import secrets_in

    def after(flag: str) -> list[str]:
        pairs = zip(["", *argv], argv, strict=False)
        return [word.removeprefix(f"{flag}=") for before, word in pairs if flag in (before, word.partition("=")[0])]

    urls = (*after("--gateway"), os.environ.get("INTERPRETER_GATEWAY"))
    return [*after("--api-key"), *(secret for url in urls for secret in secrets_in(url))]


def _run(argv: Sequence[str], environment: Mapping[str, str]) -> int:
    before, word, after = split(argv)
    if word in COMMANDS:
        return _command(word, (*before, *after), environment)
    given = _parser().parse_args(joined(argv, environment))
    context = _context(given, environment)
    prompt: str | None = given.prompt
    if prompt == "help" and "--" not in argv:
        raise UsageError("See interpreter --help, or in a conversation /help. To ask the model: interpreter -- help")
    if prompt is not None and "--" not in argv and (near := difflib.get_close_matches(prompt, COMMANDS, 1, _ALIKE)):
        raise UsageError(
            f"There is no command {prompt}. Did you mean {near[0]}? To ask the model: interpreter -- {prompt}"
        )
    if prompt is not None and _names_notebook(prompt):
        context, prompt = replace(context, settings=replace(context.settings, notebook=prompt)), None
    if prompt is None and context.interactive and not context.settings.json:
        from interpreter.repl.loop import converse

        return converse(context)
    from interpreter.oneshot import once

    return once(None if prompt is None else _decoded(prompt), context)


def _names_notebook(prompt: str) -> bool:
    """Whether `prompt` is a notebook to begin with. Raises `UsageError` if it can be nothing else and is not there."""
    if not prompt.endswith(".ipynb"):
        return False
    there = Path(prompt).is_file()
    if not there and len(prompt.split()) == 1:
        raise UsageError(f"There is no notebook {prompt}. Check the path.")
    return there


def _decoded(word: str) -> str:
    """`word` as text: what the locale could not read on the command line is taken for UTF-8."""
    try:
        word.encode()
    except UnicodeEncodeError:
        return os.fsencode(word).decode(errors="replace")
    return word


def _command(name: str, argv: Sequence[str], environment: Mapping[str, str]) -> int:
    command = _imported(name)
    parser = Parser(prog=f"interpreter {name}", description=command.HELP, conflict_handler="resolve")
    declare(parser, told=command.HEEDS)
    command.arguments(parser)
    given = parser.parse_args(joined(argv, environment))
    return command.run(given, _context(given, environment))


def _imported(name: str) -> Command:
    return cast("Command", import_module(f"interpreter.commands.{name}"))


def _context(given: argparse.Namespace, environment: Mapping[str, str]) -> Context:
    try:
        Path.cwd()
    except FileNotFoundError as error:
        raise UsageError("The working folder was deleted. Go to one that exists.") from error
    home = places(environment)
    flags: dict[str, Value | None] = {known.name: getattr(given, known.name, None) for known in options()}
    settings = resolve(flags=flags, environment=environment, file=home.settings)
    return Context(
        settings=settings,
        places=home,
        environment=environment,
        out=sys.stdout,
        err=sys.stderr,
        interactive=sys.stdin is not None and sys.stdin.isatty() and sys.stdout.isatty(),
    )


def _parser() -> Parser:
    parser = _Program(
        prog="interpreter",
        usage=_USAGE,
        description=_ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("prompt", nargs="?", metavar="PROMPT", help="what to do; without it, a conversation")
    declare(parser)
    parser.add_argument("--version", action="version", version=f"local-interpreter {__version__}")
    return parser


def declare(parser: argparse.ArgumentParser, *, told: Mapping[str, str] | None = None) -> None:
    """Declare every setting that has a flag, those of `told` (or all) in the help too; what was not given is None.

    `told` holds the words of the help; the setting's own stand where they are empty.
    """
    for known in options():
        if not known.flags:
            continue
        words = argparse.SUPPRESS
        if told is None or known.name in told:
            words = ((told or {}).get(known.name) or known.help).replace("%", "%%")
        if known.kind == "switch":
            parser.add_argument(*known.flags, dest=known.name, action="store_const", const=True, help=words)
        elif known.choices:
            choices = "|".join(known.choices)
            parser.add_argument(*known.flags, dest=known.name, metavar=choices, help=words)
        else:
            shown = known.metavar if _takes_value(known) else f"[{known.metavar}]"
            parser.add_argument(*known.flags, dest=known.name, metavar=shown, help=words)


def _takes_value(known: Option) -> bool:
    return known.kind not in ("switch", "weights", "session")


def split(argv: Sequence[str]) -> tuple[tuple[str, ...], str | None, tuple[str, ...]]:
    """What stands before the first word, the word, and what follows; no word where `--` or nothing is first."""
    valued = {flag for known in options() if _takes_value(known) for flag in known.flags}
    position = 0
    while position < len(argv):
        piece = argv[position]
        if piece == "--":
            break
        if not piece.startswith("-") or piece == "-":
            return tuple(argv[:position]), piece, tuple(argv[position + 1 :])
        position += 2 if piece in valued else 1
    return tuple(argv), None, ()


def joined(argv: Sequence[str], environment: Mapping[str, str]) -> list[str]:
    """`argv` in which a flag that needs no value is joined with the one it means.

    `--local` takes the next word only if it is a file of weights, `--resume` only if it names a session. Raises
    `UsageError` where that word can only be meant as a session and is none.
    """
    optional = {flag: known for known in options() if known.kind in ("weights", "session") for flag in known.flags}
    result: list[str] = []
    rest = list(argv)
    while rest:
        piece = rest.pop(0)
        if piece == "--":
            return [*result, piece, *rest]
        if piece in optional:
            takes, without = bool(rest) and rest[0].endswith(".gguf"), "true"
            if optional[piece].kind == "session":
                takes, without = bool(rest) and _names_session(rest[0], environment), LATEST
                if rest and not takes and _LIKE_AN_ID.fullmatch(rest[0]):
                    raise UsageError(f"There is no session {rest[0]!r}. `interpreter sessions` lists them.")
            piece = f"{piece}={rest.pop(0) if takes else without}"
        result.append(piece)
    return result


def _names_session(word: str, environment: Mapping[str, str]) -> bool:
    from interpreter.recorders.store import Store

    return bool(Store(places(environment).sessions).matching(word))
