"""The requests of the end-to-end suite: what is asked, in which folder, and what must have come of it. Only data.

Each is one line as a person would type it. A judge looks at effects: numbers, files, what was printed; never at code.
"""

from __future__ import annotations

import getpass
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from tests.e2e.outcome import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One line, the files that lie in the folder, and who decides whether it was met."""

    kind: str
    ask: str
    met: Callable[[Outcome], bool]
    files: Mapping[str, str | bytes] = field(default_factory=dict)


PEOPLE = "name,age,city\nAda,36,London\nBorut,61,Ljubljana\nChen,29,Berlin\nDina,52,Berlin\nEmil,44,Oslo\n"
SALES = "product,amount\ntea,120\ncoffee,310\ntea,80\ncocoa,45\ncoffee,90\n"
USERS = json.dumps(
    [
        {"name": "Ada", "email": "ada@example.org", "active": True},
        {"name": "Borut", "email": "borut@example.org", "active": False},
        {"name": "Chen", "email": "chen@example.org", "active": True},
    ]
)
PACKAGE = json.dumps({"name": "demo", "version": "3.14.2", "license": "MIT"})
POEM = "The sea is wide\nthe sea is deep\nand in the sea\nthe fishes sleep\nsea, oh sea\n"
LOG = "start\nERROR disk\nok\nERROR net\nok\nok\nERROR disk\nstop\n"
NUMBERS = "\n".join(str(number * number % 97) for number in range(1, 60)) + "\n"

EASY: tuple[Request, ...] = (
    Request(kind="arithmetic", ask="What is 17 * 23?", met=lambda o: o.counts(391)),
    Request(kind="arithmetic", ask="What is 20 factorial?", met=lambda o: o.counts(2432902008176640000)),
    Request(kind="arithmetic", ask="What is 15 % of 249?", met=lambda o: o.counts(37.35)),
    Request(kind="arithmetic", ask="Add up all even numbers from 1 to 200.", met=lambda o: o.counts(10100)),
    Request(kind="arithmetic", ask="What is the smallest prime above 5000?", met=lambda o: o.counts(5003)),
    Request(kind="arithmetic", ask="Find the greatest common divisor of 1071 and 462.", met=lambda o: o.counts(21)),
    Request(kind="dates", ask="What day of the week was 2024-02-29?", met=lambda o: o.answers("Thursday")),
    Request(kind="dates", ask="How many days lie between 2023-11-05 and 2024-03-17?", met=lambda o: o.counts(133)),
    Request(
        kind="dates",
        ask="What date is 100 days after 2025-01-15?",
        met=lambda o: o.shows("2025-04-25") or o.answers("April 25"),
    ),
    Request(
        kind="dates",
        ask="What is today's date?",
        met=lambda o: o.shows(f"{datetime.now().astimezone():%Y-%m-%d}"),
    ),
    Request(kind="dates", ask="How many seconds does a leap year have?", met=lambda o: o.counts(31622400)),
    Request(kind="text", ask="Spell 'interpreter' backwards.", met=lambda o: o.shows("reterpretni")),
    Request(
        kind="text",
        ask="How many vowels are in 'the quick brown fox jumps over the lazy dog'?",
        met=lambda o: o.counts(11),
    ),
    Request(
        kind="text",
        ask="Give me the SHA-256 of the word hello.",
        met=lambda o: o.shows("2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"),
    ),
    Request(
        kind="text",
        ask="Which word is most frequent in poem.txt, ignoring case?",
        met=lambda o: o.answers("sea"),
        files={"poem.txt": POEM},
    ),
    Request(kind="text", ask="How many words are in poem.txt?", met=lambda o: o.counts(18), files={"poem.txt": POEM}),
    Request(
        kind="files",
        ask="How many .txt files are in this folder?",
        met=lambda o: o.counts(3),
        files={"a.txt": "a", "b.txt": "b", "c.txt": "c", "d.md": "d", "e.csv": "e"},
    ),
    Request(
        kind="files",
        ask="Create a file hello.txt that contains Hello World.",
        met=lambda o: o.text_of("hello.txt").strip().rstrip(".") == "Hello World",
    ),
    Request(
        kind="files",
        ask="Rename old.txt to new.txt.",
        met=lambda o: o.names() == {"new.txt"} and o.text_of("new.txt") == "keep me",
        files={"old.txt": "keep me"},
    ),
    Request(
        kind="files",
        ask="Make a folder called reports and move all pdf files into it.",
        met=lambda o: o.names() == {"reports/one.pdf", "reports/two.pdf", "three.txt"},
        files={"one.pdf": "1", "two.pdf": "2", "three.txt": "3"},
    ),
    Request(
        kind="files",
        ask="Which file in this folder is the largest?",
        met=lambda o: o.answers("middle.dat"),
        files={"first.dat": "x" * 10, "middle.dat": "x" * 5000, "zlast.dat": "x" * 300},
    ),
    Request(
        kind="files",
        ask="Replace every 'cat' by 'dog' in pets.txt.",
        met=lambda o: o.text_of("pets.txt").strip() == "a dog and a dog",
        files={"pets.txt": "a cat and a cat\n"},
    ),
    Request(
        kind="csv and json",
        ask="How many rows of data does people.csv have?",
        met=lambda o: o.counts(5),
        files={"people.csv": PEOPLE},
    ),
    Request(
        kind="csv and json",
        ask="What is the mean age in people.csv?",
        met=lambda o: o.counts(44.4),
        files={"people.csv": PEOPLE},
    ),
    Request(
        kind="csv and json",
        ask="Who is the oldest person in people.csv?",
        met=lambda o: o.answers("Borut"),
        files={"people.csv": PEOPLE},
    ),
    Request(
        kind="csv and json",
        ask="What is the total amount for each product in sales.csv?",
        met=lambda o: o.shows("tea", "200", "coffee", "400", "cocoa", "45"),
        files={"sales.csv": SALES},
    ),
    Request(
        kind="csv and json",
        ask="Save the rows of people.csv where city is Berlin as berlin.csv.",
        met=lambda o: o.text_of("berlin.csv").split() == ["name,age,city", "Chen,29,Berlin", "Dina,52,Berlin"],
        files={"people.csv": PEOPLE},
    ),
    Request(
        kind="csv and json",
        ask="Which version does package.json have?",
        met=lambda o: o.answers("3.14.2"),
        files={"package.json": PACKAGE},
    ),
    Request(
        kind="csv and json",
        ask="List the email addresses in users.json.",
        met=lambda o: o.shows("ada@example.org", "borut@example.org", "chen@example.org"),
        files={"users.json": USERS},
    ),
    Request(
        kind="csv and json",
        ask="How many users in users.json are active?",
        met=lambda o: o.counts(2),
        files={"users.json": USERS},
    ),
    Request(
        kind="plots",
        ask="Plot sin(x) for x from 0 to 10 and save it as sin.png.",
        met=lambda o: o.picture("sin.png"),
    ),
    Request(
        kind="plots",
        ask="Draw a bar chart of the amount by product in sales.csv and save it as bars.png.",
        met=lambda o: o.picture("bars.png"),
        files={"sales.csv": SALES},
    ),
    Request(
        kind="plots",
        ask="Save a histogram of the numbers in numbers.txt as hist.png.",
        met=lambda o: o.picture("hist.png"),
        files={"numbers.txt": NUMBERS},
    ),
    Request(
        kind="shell",
        ask="Run a shell command that shows the name of the current user.",
        met=lambda o: o.cells[-1:] == ("shell",) and o.shows(getpass.getuser()),
    ),
    Request(
        kind="shell",
        ask="Use grep to count the lines with ERROR in app.log.",
        met=lambda o: o.cells[-1:] == ("shell",) and o.counts(3),
        files={"app.log": LOG},
    ),
    Request(
        kind="shell",
        ask="Show the last two lines of app.log with tail.",
        met=lambda o: o.cells[-1:] == ("shell",) and o.shows("ERROR disk\nstop"),
        files={"app.log": LOG},
    ),
    Request(
        kind="shell",
        ask="With a shell command, copy app.log to backup.log.",
        met=lambda o: o.cells[-1:] == ("shell",) and o.text_of("backup.log") == LOG,
        files={"app.log": LOG},
    ),
    Request(kind="small talk", ask="Hi there!", met=lambda o: o.without_code()),
    Request(kind="small talk", ask="Thank you, that helped.", met=lambda o: o.without_code()),
    Request(
        kind="small talk",
        ask="What is the capital of France?",
        met=lambda o: o.without_code() and o.answers("Paris"),
    ),
    Request(kind="small talk", ask="In one sentence: what is a variable?", met=lambda o: o.without_code()),
)

SECOND_STEP: tuple[Request, ...] = (
    Request(
        kind="second step",
        ask="What is the sum of the numbers in readings.txt?",
        met=lambda o: o.counts(300),
        files={"readings.txt": "12\n30\n18\n" * 5 + "n/a\n"},
    ),
    Request(
        kind="second step",
        ask="What is the mean temperature in weather.csv?",
        met=lambda o: o.counts(15),
        files={"weather.csv": "day,temperature\n" + "Mon,10\nTue,20\n" * 4 + "Sun,broken\n"},
    ),
    Request(
        kind="second step",
        ask="What is the mean of the column price in prices.csv?",
        met=lambda o: o.counts(4.5),
        files={"prices.csv": "item;price\nbread;3.5\ncheese;7.5\nmilk;2.5\n"},
    ),
    Request(
        kind="second step",
        ask="How many lines does letter.txt have?",
        met=lambda o: o.counts(4),
        files={"letter.txt": "Grüße aus Köln\nschön war es\nbis später\nJörg\n".encode("latin-1")},
    ),
    Request(
        kind="second step",
        ask="How many events are in events.json?",
        met=lambda o: o.counts(3),
        files={"events.json": '{"event": "start"}\n{"event": "click"}\n{"event": "stop"}\n'},
    ),
    Request(
        kind="second step",
        ask="What do all items in basket.json cost together?",
        met=lambda o: o.counts(20.25),
        files={"basket.json": '[{"item": "tea", "cost": "12.50"}, {"item": "bread", "cost": "7.75"}, {"item": "bag"}]'},
    ),
    Request(
        kind="second step",
        ask="Who has the highest score in scores.csv?",
        met=lambda o: o.answers("Dina"),
        files={"scores.csv": "# exported by the club\n# 2024-05-01\nplayer,score\nAda,17\nDina,31\nEmil,25\n"},
    ),
)

ALL = (*EASY, *SECOND_STEP)
