"""After an error a small model is told the usual way out, and that the same code again is no way."""

from __future__ import annotations

import pytest

from interpreter.events import Output
from interpreter.history import Cell
from interpreter.protocols.brief import Brief
from interpreter.protocols.ladder import FixedProtocol
from interpreter.protocols.repair import advice
from interpreter.seams import Ended, Produced
from interpreter.testing import FakeRunner, FakeRunners, words
from tests.conversations import session, turns

ADVISED = Brief(system="Be brief.", languages=("python", "shell"), advises=True)
ENDING = "Write a corrected block, complete in itself."


def failed(error: str, code: str = "code") -> Cell:
    """A cell that ended in `error`."""
    shown = Output(cell="c1", kind="error", data={"text/plain": f"Traceback ...\n{error}"})
    return Cell(id="c1", language="python", proposed=code, code=code, outputs=(shown,), decision="run", status="error")


@pytest.mark.parametrize(
    ("error", "way_out"),
    [
        (
            "ModuleNotFoundError: No module named 'sympy'",
            "sympy is not installed. Do it with Python's standard library.",
        ),
        (
            "ValueError: could not convert string to float: 'n/a'",
            "'n/a' is not a number. Go through the values, and skip those that are no numbers with try and except.",
        ),
        ("NameError: name 'math' is not defined", "math is not known. Import or define it in the same block."),
        (
            "json.decoder.JSONDecodeError: Extra data: line 2",
            "Each line is JSON of its own. Read the file line by line",
        ),
        ("UnicodeDecodeError: 'utf-8' codec can't decode", "The file is not UTF-8. Open it with encoding='latin-1'."),
        ("bash: jq: command not found", "That command is not installed. Do it in ```python."),
        ("SomethingElse: 7", "Find the cause in the error."),
    ],
)
def test_a_common_error_comes_with_its_way_out(error: str, way_out: str) -> None:
    words = advice(failed(error), ())
    assert words.startswith(f"It failed. {way_out}")
    assert words.endswith(ENDING)


def test_the_same_code_again_is_called_that() -> None:
    assert advice(failed("SomethingElse: 7"), ["code"]).startswith("You sent the same code again, and it failed again.")


def test_code_that_ran_well_gets_no_advice() -> None:
    assert advice(Cell(id="c1", language="python", proposed="x", code="x", decision="run", status="ok"), ()) == ""


def test_the_model_is_sent_the_advice_after_the_output_and_only_where_its_brief_says_so() -> None:
    def sent(brief: Brief) -> list[str]:
        error = Produced(kind="error", data={"text/plain": "NameError: name 'math' is not defined"})
        runners = FakeRunners(python=FakeRunner(lambda _: (error, Ended(status="error"))))
        block = words("```python\nmath.pi\n```\n")
        talk, model = session(block, block, words("No."), ladder=FixedProtocol("text", brief), runners=runners)
        turns(talk, "pi?")
        return [str(request.messages[-1]["content"]) for request in model.requests[1:]]

    output = "Output of the code:\n```output\nNameError: name 'math' is not defined\n```"
    way_out = f"math is not known. Import or define it in the same block. {ENDING}"
    assert sent(Brief(system="Be brief.", languages=("python",))) == [output, output]
    assert sent(ADVISED) == [
        f"{output}\n\nIt failed. {way_out}",
        f"{output}\n\nYou sent the same code again, and it failed again. {way_out}",
    ]
