"""What each language says for the same things: the courses of the contract test. Data, not a test.

A new language is one more row here, and one in `interpreter/runners/languages.py` unless a kernelspec brings it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

SIGNALS = os.name == "posix"
"""Whether there is a signal that interrupts one process; elsewhere the interpreters that stay are ended."""
LINES = 20_000
"""How many numbered lines a course's `big` prints."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """Pieces of code. Empty: the language has no such thing.

    `hello` prints `hello 漢🙂`; `value` is worth 42; `error` fails with `wrong` in its words; `endless` prints `begun`
    and never ends; `big` prints the numbers from 1 to LINES; `reads` reads a line and prints it in brackets; `dies`
    ends the process that runs it; `folder` prints the working folder; `keeps` sets a variable that `kept` prints as
    `kept 7`; `picture` shows one.
    """

    language: str
    hello: str
    error: str
    endless: str
    big: str
    folder: str
    value: str = ""
    reads: str = ""
    dies: str = ""
    keeps: str = ""
    kept: str = ""
    picture: str = ""
    survives_interrupt: bool = True


_PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

COURSES = (
    Course(
        language="python",
        hello="print('hello 漢🙂')",
        value="6 * 7",
        error="raise ValueError('wrong')",
        endless="print('begun')\nwhile True: pass",
        big=f"print('\\n'.join(map(str, range(1, {LINES} + 1))))",
        reads="print(f'[{input()}]')",
        dies="import os; os._exit(3)",
        folder="import os; print(os.getcwd())",
        keeps="kept = 7",
        kept="print('kept', kept)",
        picture=f"import base64; from IPython.display import Image; Image(base64.b64decode('{_PIXEL}'))",
    ),
    Course(
        language="shell",
        hello="echo 'hello 漢🙂'",
        error="echo wrong >&2; false",
        endless="echo begun; while :; do :; done",
        big=f"seq {LINES}",
        reads='read x; echo "[$x]"',
        dies="exit 3",
        folder="pwd",
        keeps="kept=7",
        kept="echo kept $kept",
    ),
    Course(
        language="javascript",
        hello="console.log('hello 漢🙂')",
        value="6 * 7",
        error="throw new Error('wrong')",
        endless="console.log('begun'); for (;;) {}",
        big=f"for (let i = 1; i <= {LINES}; i++) console.log(i)",
        reads="console.log(`[${require('fs').readFileSync(0)}]`)",
        dies="process.kill(process.pid, 'SIGKILL')",
        folder="console.log(process.cwd())",
        keeps="const kept = 7",
        kept="console.log('kept', kept)",
        survives_interrupt=SIGNALS,
    ),
    Course(
        language="perl",
        hello='print "hello 漢🙂\\n"',
        error="die 'wrong'",
        endless='$| = 1; print "begun\\n"; while (1) {}',
        big=f'print "$_\\n" for 1..{LINES}',
        reads="my $x = <STDIN> // ''; print \"[$x]\\n\"",
        dies="kill 'KILL', $$",
        folder='use Cwd; print getcwd, "\\n"',
    ),
    Course(
        language="ruby",
        hello="puts 'hello 漢🙂'",
        value="6 * 7",
        error="raise 'wrong'",
        endless="puts 'begun'; loop {}",
        big=f"puts (1..{LINES}).to_a",
        reads='puts "[#{gets}]"',
        dies="Process.kill('KILL', $$)",
        folder="puts Dir.pwd",
        keeps="kept = 7",
        kept='puts "kept #{kept}"',
        survives_interrupt=SIGNALS,
    ),
    Course(
        language="r",
        hello='cat("hello 漢🙂\\n")',
        value="6 * 7",
        error='stop("wrong")',
        endless='cat("begun\\n"); flush.console(); while (TRUE) {}',
        big=f'cat(1:{LINES}, sep = "\\n")',
        dies="tools::pskill(Sys.getpid(), 9)",
        folder="cat(getwd())",
        keeps="kept <- 7",
        kept='cat("kept", kept)',
        picture="plot(1:3)",
        survives_interrupt=SIGNALS,
    ),
    Course(
        language="powershell",
        hello="'hello 漢🙂'",
        error="throw 'wrong'",
        endless="'begun'; while ($true) {}",
        big=f"1..{LINES}",
        reads='"[$([Console]::In.ReadLine())]"',
        dies="exit 3",
        folder="(Get-Location).Path",
        keeps="$kept = 7",
        kept='"kept $kept"',
        survives_interrupt=False,
    ),
    Course(
        language="typescript",
        hello="console.log('hello 漢🙂')",
        value="6 * 7",
        error="throw new Error('wrong')",
        endless="console.log('begun'); await new Promise(done => setTimeout(done, 600_000))",
        big=f"console.log(Array.from({{length: {LINES}}}, (_, i) => i + 1).join('\\n'))",
        reads="console.log(`[${prompt('') ?? ''}]`)",
        dies="Deno.exit(3)",
        folder="console.log(Deno.cwd())",
        keeps="let kept = 7",
        kept="console.log('kept', kept)",
        picture=f"await Deno.jupyter.display({{'image/png': '{_PIXEL}'}}, {{raw: true}})",
        survives_interrupt=False,
    ),
    Course(
        language="julia",
        hello='println("hello 漢🙂")',
        value="6 * 7",
        error='error("wrong")',
        endless='println("begun"); while true; sleep(0.01); end',
        big=f"foreach(println, 1:{LINES})",
        dies="ccall(:abort, Cvoid, ())",
        folder="println(pwd())",
        keeps="kept = 7",
        kept='println("kept ", kept)',
    ),
)
