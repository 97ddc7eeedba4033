"""What the small model is told before the conversation: the same bytes for a whole session, and only what is so."""

from __future__ import annotations

from interpreter.history import Cell, History, Prompt, Reply
from interpreter.nearby import Nearby
from interpreter.prompt import Surroundings, small_brief
from interpreter.protocols.text import TextProtocol

WHERE = Surroundings(
    folder="/work",
    languages=("python", "shell", "ruby"),
    aliases={"py": "python", "bash": "shell", "rb": "ruby"},
    note="In ruby each call is a program of its own.",
)


def test_the_small_model_is_told_what_is_here_and_what_it_must_not_import() -> None:
    near = Nearby(names=("a.txt", "data/"), installed=("numpy",), lacking=("pandas", "sympy"))
    system = small_brief(WHERE, near).system
    assert "Working folder /work, with: a.txt, data/." in system
    assert "Installed packages: numpy. Not installed, never import: pandas, sympy." in system
    assert system == small_brief(WHERE, near).system


def test_nothing_is_claimed_of_packages_where_the_python_is_not_known() -> None:
    system = small_brief(WHERE, Nearby()).system
    assert "with: nothing." in system
    assert "packages" not in system


def test_the_small_model_runs_python_and_shell_alone_under_any_of_their_names() -> None:
    brief = small_brief(WHERE, Nearby())
    assert [brief.resolve(tag) for tag in ("python", "Bash", "py", "ruby", "rb")] == [
        "python",
        "shell",
        "python",
        None,
        None,
    ]


def test_its_examples_show_code_an_error_that_is_repaired_and_answers_without_code() -> None:
    examples = small_brief(WHERE, Nearby()).examples
    cells = [call for entry in examples if isinstance(entry, Reply) for call in entry.calls if isinstance(call, Cell)]
    assert {cell.language for cell in cells} == {"python", "shell"}
    statuses = [cell.status for cell in cells]
    assert statuses[statuses.index("error") + 1] == "ok"
    first, second = examples[:2]
    assert isinstance(first, Prompt)
    assert isinstance(second, Reply)
    assert second.calls == ()


def test_the_small_models_whole_request_fits_its_slow_reading() -> None:
    history = History(entries=(Prompt(text="What is 17 * 23?"),))
    request = TextProtocol(small_brief(WHERE, Nearby())).request(history)
    assert [message["role"] for message in request.messages[:3]] == ["system", "user", "assistant"]
    assert request.messages[-1] == {"role": "user", "content": "What is 17 * 23?"}
    assert sum(len(str(message["content"])) for message in request.messages) < 3500  # some 800 tokens
