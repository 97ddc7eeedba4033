"""What a small model is told after its code has failed, besides the error: the usual way out. Pure, and only advice.

Small models send the same code again unless they are told what is wrong with it. The table knows Python's commonest
errors and no particular task.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from interpreter.history import Cell
from interpreter.protocols.content import result

_ELSE = "Find the cause in the error."

_ADVICE: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (r"No module named '([^']+)'", "{0} is not installed. Do it with Python's standard library."),
        (
            r"(?:KeyError|ValueError|AttributeError): .*(?:column|DataFrame).*",
            "Print list(df.columns) and use a name from there.",
        ),
        (
            r"KeyError: ('[^']*'|\d+)",
            "There is no {0}. Use a name that is really there. A CSV file may be separated by semicolons: "
            "csv.DictReader(file, delimiter=';') or pd.read_csv(name, sep=';').",
        ),
        (r"I/O operation on closed file", "Open the file again."),
        (r"NoneType", "Some value is missing (None). Leave out those that are missing."),
        (r"list indices must be integers", "That is a list, not a dictionary. Go through its items with a loop."),
        (r"string indices must be integers", "That is a text, not a dictionary. Print it, then take what is needed."),
        (r"UnicodeDecodeError", "The file is not UTF-8. Open it with encoding='latin-1'."),
        (r"JSONDecodeError: Extra data", "Each line is JSON of its own. Read the file line by line with json.loads."),
        (
            r"(?:could not convert string to float: |invalid literal for int\(\) with base 10: |"
            r"Unable to parse string )('[^']*'|\"[^\"]*\")",
            "{0} is not a number. Go through the values, and skip those that are no numbers with try and except.",
        ),
        (
            r"unsupported operand type\(s\) for .*'str'|can only concatenate str|must be str, not|"
            r"could not convert|Could not convert",
            "Some values are texts. Turn each into a number with float() first.",
        ),
        (r"(?:FileNotFoundError|No such file or directory)", "List the folder to find the right name."),
        (r"ParserError|Error tokenizing", "Some lines are no data. Print the first lines and skip those."),
        (r"NameError: name '([^']+)'", "{0} is not known. Import or define it in the same block."),
        (r"(?:SyntaxError|IndentationError)", "Write the whole block again, one statement on each line."),
        (r"command not found|not recognized", "That command is not installed. Do it in ```python."),
    )
)


def advice(cell: Cell, failed: Collection[str]) -> str:
    """What to do after `cell`, empty unless it failed; `failed` is the code of this turn that failed before it."""
    if cell.status != "error":
        return ""
    error = result(cell, head=2000, tail=2000)
    known = next((words.format(*found.groups()) for why, words in _ADVICE if (found := why.search(error))), _ELSE)
    begins = "You sent the same code again, and it failed again." if cell.code.strip() in failed else "It failed."
    return f"{begins} {known} Write a corrected block, complete in itself."
