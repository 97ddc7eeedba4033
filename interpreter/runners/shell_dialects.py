"""How each kind of shell is started, and what makes it tell where a cell begins and how it ended. Data.

A cell is a file that the shell reads, so nothing but one short line is ever typed. The end is written by the prompt,
which comes even after Ctrl-C, to a pipe (status, folder, jobs) and as a mark into the terminal (order of output).
What would spoil the next cells is put right in between: `set -e`, `set -x`, a prompt from somebody's start-up file.
Plain `sh` writes its prompt in a subshell, which knows no jobs: those it lists before, in a file.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from interpreter.errors import RunnerError

_CELL = r"""
unset HISTFILE
__interpreter_status=0 __interpreter_token=ready
__interpreter_begin() {{
    __interpreter_token=$1
    printf '\033]133;C;%s\007' "$1" >/dev/tty
    return "$__interpreter_status"
}}
__interpreter_after() {{ __interpreter_prompt; return "$__interpreter_status"; }}
__interpreter_end() {{
    __interpreter_status=$?
    {{
        printf '\0\1%s\0%d\0%s\0' "$__interpreter_token" "$__interpreter_status" "$PWD"
        __interpreter_jobs
        printf '\0'
    }} >|{pipe}
    printf '\033]133;D;%s\007' "$__interpreter_token" >/dev/tty
}}
__interpreter_jobs() {{ jobs -l; }}
"""
_BASH = rf"""{_CELL}
__interpreter_prompt() {{{{
    set +v
    PS0= PS1= PS2=
    unset PROMPT_COMMAND; PROMPT_COMMAND='{{{{ __interpreter_end; }}}} 2>/dev/null'
}}}}
set +o history; history -c
"""
_ZSH = rf"""{_CELL}
__interpreter_options() {{{{ unsetopt err_return verbose prompt_sp prompt_cr bang_hist check_jobs; }}}}
__interpreter_prompt() {{{{
    __interpreter_options
    PS1= PS2= RPS1= precmd_functions=() preexec_functions=()
    preexec() {{{{ :; }}}}
    precmd() {{{{ {{{{ __interpreter_end; __interpreter_options; }}}} 2>/dev/null; }}}}
}}}}
setopt interactive_comments
"""
_SH = rf"""{_CELL}
__interpreter_jobs() {{{{ cat {{pipe}}.jobs; }}}}
__interpreter_prompt() {{{{ set +v; jobs -l >|{{pipe}}.jobs; PS1='$(__interpreter_end 2>/dev/null)' PS2=; }}}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One kind of shell: how it is started without any start-up file, and what it reads first.

    `untrap` takes back the traps that would run for our own commands too; a function could not.
    """

    name: str
    arguments: tuple[str, ...]
    preparation: str
    untrap: str = ":"

    def prepare(self, pipe: str) -> str:
        """The text of the first file; `pipe` is where ends are written, quoted."""
        return f"{self.preparation.format(pipe=pipe)}__interpreter_prompt\n"

    def line(self, token: str, file: str, *, empty: bool) -> str:
        """What is typed to run the cell in `file`, quoted; `empty`: its input is at its end."""
        source = f". {file} </dev/null" if empty else f". {file}"
        begin = f"{{ set +ex; {self.untrap}; }} 2>/dev/null; __interpreter_begin {token}"
        after = f"{{ __interpreter_status=$?; {self.untrap}; __interpreter_after; }} 2>/dev/null"
        return f"{begin}; {source}; {after}\n"

    def nothing(self, token: str) -> str:
        """What is typed to hear, as the end of no cell, that the shell is at its prompt."""
        return f"__interpreter_token={token}\n"


DIALECTS = (
    Dialect(
        name="bash", arguments=("--norc", "--noprofile", "--noediting"), preparation=_BASH, untrap="trap - ERR DEBUG"
    ),
    Dialect(name="zsh", arguments=("-f", "-i", "+Z"), preparation=_ZSH, untrap="trap - ZERR DEBUG"),
    Dialect(name="sh", arguments=("-i",), preparation=_SH),
)
"""In the order of preference: most models write for bash."""

_START_UP = frozenset({"ENV", "BASH_ENV", "PROMPT_COMMAND", "PS1", "PS2", "SHELLOPTS", "BASHOPTS", "HISTFILE"})
_NOBODY = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "true",
    "SSH_ASKPASS_REQUIRE": "never",
    "DEBIAN_FRONTEND": "noninteractive",
    "PIP_NO_INPUT": "1",
    "CI": "1",
}
"""What programs are told when nobody can type."""


def find(wanted: str | None, path: str | None) -> tuple[Dialect, str]:
    """The shell `wanted`, by name or path, or the best on `path`: its kind, and where it is.

    Raises `RunnerError` if there is none.
    """
    names = (wanted,) if wanted is not None else tuple(dialect.name for dialect in DIALECTS)
    for name in names:
        if program := shutil.which(name, path=path):
            kind = Path(program).name
            return next((dialect for dialect in DIALECTS if dialect.name == kind), DIALECTS[-1]), program
    raise RunnerError(f"No shell was found: {' or '.join(names)} must be on PATH.")


def environment_for(environment: Mapping[str, str], *, interactive: bool) -> dict[str, str]:
    """`environment` without what makes a shell run start-up files, for a terminal, with somebody at it or not.

    The person's own history is neither read nor written: code could print it, and what is typed there is ours.
    """
    kept = {name: value for name, value in environment.items() if name not in _START_UP}
    return {**kept, "TERM": "xterm-256color", "HISTFILE": os.devnull, **({} if interactive else _NOBODY)}
