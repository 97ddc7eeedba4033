"""Cells of a real kernel that end by themselves: what they produce, in order, and what is late."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import aclosing

import pytest

from interpreter.seams import Asked, Cleared, Ended, Happening, Produced
from interpreter.stop import Stop
from tests.runners.bench import Bench, at, bench, error, status, text


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """One kernel with a person before it, for cells that leave it as it was."""
    with bench(at(tmp_path_factory.mktemp("work")), interactive=True) as made:
        yield made


def printed(words: str) -> Produced:
    """What `print(words)` brings."""
    return Produced(kind="stdout", data={"text/plain": f"{words}\n"})


def value(words: str) -> Produced:
    """What a last line with a value brings."""
    return Produced(kind="result", data={"text/plain": words})


def shown(words: str, id: str | None = None) -> Produced:
    """What a display of plain text brings."""
    return Produced(kind="display", data={"text/plain": words}, display_id=id)


OK = Ended(status="ok")


def test_a_cell_prints_and_its_last_value_is_shown(kernel: Bench) -> None:
    assert kernel.run("print('hello')\n6 * 7") == [printed("hello"), value("42"), OK]


def test_state_lasts_from_cell_to_cell_also_over_one_that_fails(kernel: Bench) -> None:
    assert kernel.run("kept = 'é漢🙂'") == [OK]
    failed = kernel.run("kept = kept + '!'\n1 / 0\nkept = ''")
    assert (status(failed), error(failed)) == ("error", "ZeroDivisionError")
    assert kernel.run("print(kept)") == [printed("é漢🙂!"), OK]


def test_a_traceback_is_plain_names_the_line_and_has_no_escape_codes(kernel: Bench) -> None:
    words = text(kernel.run("def f(x):\n    return 1 / x\nf(0)"), "error")
    assert "line 2 in f" in words
    assert words.strip().endswith("ZeroDivisionError: division by zero")
    assert "\x1b" not in words


def test_a_syntax_error_is_an_error_of_the_cell(kernel: Bench) -> None:
    happened = kernel.run("print('never')\nif")
    assert (status(happened), error(happened), text(happened, "stdout")) == ("error", "SyntaxError", "")


def test_top_level_await_works(kernel: Bench) -> None:
    assert kernel.run("import asyncio\nawait asyncio.sleep(0, 'awaited')") == [value("'awaited'"), OK]


def test_output_of_child_processes_and_c_code_comes_whole_before_the_cell_ends(kernel: Bench) -> None:
    code = "import os\nfor n in range(20):\n    _ = os.system(f'printf %s-漢字 {n}')"
    assert text(kernel.run(code), "stdout") == "".join(f"{n}-漢字" for n in range(20))
    big = kernel.run("_ = os.system('yes 漢字仮名 | head -n 100000')")
    assert text(big, "stdout") == "漢字仮名\n" * 100_000
    assert kernel.late == []


def test_a_value_nested_deeper_than_an_event_can_hold_is_told_by_its_text(kernel: Bench) -> None:
    build = (
        "from IPython.display import publish_display_data as show\nvalue = 1\nfor _ in range(400): value = [value]\n"
    )
    assert kernel.run(build + "show({'application/json': value, 'text/plain': 'deep'})") == [shown("deep"), OK]
    assert kernel.run("show({'application/json': value})") == [shown("(a value nested too deeply to be kept)"), OK]


def test_shell_escapes_and_magics_run(kernel: Bench) -> None:
    assert text(kernel.run("!echo from the shell"), "stdout").split() == ["from", "the", "shell"]
    assert text(kernel.run("%%bash\necho from a cell"), "stdout") == "from a cell\n"


def test_clear_output_clears_at_once_or_before_the_next_output(kernel: Bench) -> None:
    code = "from IPython.display import clear_output\nprint('a', flush=True)\nclear_output({})\nprint('b')"
    assert kernel.run(code.format("")) == [printed("a"), Cleared(), printed("b"), OK]
    assert kernel.run(code.format("wait=True")) == [printed("a"), Cleared(), printed("b"), OK]
    assert kernel.run("print('a', flush=True)\nclear_output(wait=True)") == [printed("a"), OK]


def test_a_display_is_updated_by_its_id_also_from_a_later_cell(kernel: Bench) -> None:
    first = kernel.run("from IPython.display import display\nh = display('one', display_id='d')\nh.update('two')")
    assert first == [shown("'one'", "d"), shown("'two'", "d"), OK]
    assert kernel.run("h.update('three')") == [shown("'three'", "d"), OK]


def test_a_picture_and_html_come_as_mime_bundles_with_plain_text(kernel: Bench) -> None:
    code = "from IPython.display import HTML, display\ndisplay(HTML('<b>x</b>'))"
    assert kernel.run(code) == [
        Produced(
            kind="display",
            data={"text/plain": "<IPython.core.display.HTML object>", "text/html": "<b>x</b>"},
        ),
        OK,
    ]


def test_a_widget_without_a_browser_shows_its_plain_text(kernel: Bench) -> None:
    code = (
        "from comm import create_comm\nc = create_comm(target_name='jupyter.widget', data={})\nc.send({'x': 1})\n"
        "display({'text/plain': 'Slider(0)', 'application/vnd.jupyter.widget-view+json': {'model_id': 'm'}}, raw=True)"
    )
    assert kernel.run(code) == [shown("Slider(0)"), OK]


def test_a_progress_bar_that_asks_whether_it_is_in_a_notebook_is_drawn_as_text(kernel: Bench) -> None:
    happened = kernel.run("from tqdm.auto import tqdm\nfor _ in tqdm(range(3), ascii=True): pass")
    drawn = text(happened).split("\r")
    assert (drawn[0], drawn[1][:15], drawn[-1][:20]) == ("", "  0%|          ", "100%|##########| 3/3")


def test_help_and_pagers_become_output_without_escape_codes(kernel: Bench) -> None:
    words = text(kernel.run("len?"), "display")
    assert "Return the number of items in a container." in words
    assert "\x1b" not in words
    assert "paged" in text(kernel.run("from IPython.core import page\npage.page('paged words')"), "display")


def test_text_for_a_next_input_is_shown(kernel: Bench) -> None:
    assert kernel.run("get_ipython().set_next_input('next = 1')") == [shown("next = 1"), OK]


def test_exit_ends_nothing_and_says_so(kernel: Bench) -> None:
    kernel.run("before = 1; get_ipython().keepkernel_on_exit = False")  # as kernels of other languages say
    words = "This does not end the session: the kernel goes on, and its variables are kept.\n"
    assert text(kernel.run("exit()"), "stderr") == words
    assert kernel.run("before") == [value("1"), OK]


def test_sys_exit_is_an_error_of_the_cell(kernel: Bench) -> None:
    happened = kernel.run("import sys\nsys.exit(3)")
    assert (status(happened), error(happened)) == ("error", "SystemExit")


def test_input_is_asked_for_and_getpass_is_secret(kernel: Bench) -> None:
    code = "import getpass\nprint(input('name? '), getpass.getpass('word? '))"
    assert kernel.run(code, lines=["Ada", "s3cret"]) == [
        Asked(prompt="name? "),
        Asked(prompt="word? ", secret=True),
        printed("Ada s3cret"),
        OK,
    ]


def test_input_that_nobody_answers_ends_in_an_error(kernel: Bench) -> None:
    happened = kernel.run("input('anybody? ')", lines=[None])
    assert (happened[0], status(happened), error(happened)) == (Asked(prompt="anybody? "), "error", "EOFError")


def test_what_a_thread_prints_after_its_cell_is_late_and_never_in_another_cell(kernel: Bench) -> None:
    started = kernel.run(
        "import threading\ngo = threading.Event()\n"
        "def say():\n    go.wait()\n    print('from the thread')\n"
        "threading.Thread(target=say).start()"
    )
    assert started == [OK]
    later = kernel.run("import time\ngo.set()\nfor n in range(5):\n    print(n)\n    time.sleep(0.05)")
    assert text(later) == "0\n1\n2\n3\n4\n"
    kernel.do(kernel.until(lambda: text(kernel.late) == "from the thread\n"))


def test_what_a_pool_prints_belongs_to_the_cell_that_gave_it_the_work(kernel: Bench) -> None:
    kernel.run(
        "from concurrent.futures import ThreadPoolExecutor\npool = ThreadPoolExecutor(1)\npool.submit(int).result()"
    )
    assert kernel.run("pool.submit(print, 'worked').result()\npool.shutdown()") == [printed("worked"), OK]


@pytest.mark.parametrize("captured", ["%%capture said\n{}", "with redirect_stdout(said):\n    {}"])
def test_a_thread_starts_where_what_is_printed_is_captured(kernel: Bench, captured: str) -> None:
    kernel.run("import threading\nfrom contextlib import redirect_stdout\nfrom io import StringIO\nsaid = StringIO()")
    start = "thread = threading.Thread(target=print, args=('caught',)); thread.start(); thread.join()"
    assert kernel.run(captured.format(start)) == [OK]
    assert kernel.run("print(getattr(said, 'stdout', '') or said.getvalue())") == [printed("caught\n"), OK]


@pytest.mark.skipif(os.name == "nt", reason="needs a bash")
def test_what_bash_prints_belongs_to_its_own_cell_every_time(kernel: Bench) -> None:
    for word in ("first", "second"):
        assert kernel.run(f"%%bash\necho {word}") == [printed(word), OK]


def test_a_single_message_of_many_megabytes_arrives_whole(kernel: Bench) -> None:
    happened = kernel.run("print('x' * 20_000_000)")
    assert (len(text(happened)), status(happened)) == (20_000_001, "ok")


def test_a_flood_of_lines_arrives_whole_and_in_order(kernel: Bench) -> None:
    async def flood() -> list[Happening]:
        async with aclosing(kernel.runner.run("for n in range(100_000):\n    print(n)", Stop())) as happenings:
            return [happening async for happening in happenings]

    happened = kernel.do(flood())
    assert text(happened) == "".join(f"{n}\n" for n in range(100_000))
    assert len(happened) < 5_000


def test_standard_error_and_output_keep_their_names(kernel: Bench) -> None:
    happened = kernel.run("import sys\nprint('out')\nprint('err', file=sys.stderr)")
    assert (text(happened, "stdout"), text(happened, "stderr")) == ("out\n", "err\n")


def test_an_empty_cell_ends_well(kernel: Bench) -> None:
    nothing: list[Happening] = [OK]
    assert kernel.run("") == nothing


def test_a_message_that_lacks_what_it_should_have_stops_nothing(kernel: Bench) -> None:
    kernel.run(
        "kernel = get_ipython().kernel\n"
        "def say(kind, content):\n"
        "    kernel.session.send(kernel.iopub_socket, kind, content, parent=kernel.get_parent())\n"
    )
    happenings = kernel.run(
        "for kind in ('stream', 'display_data', 'error', 'status', 'clear_output'):\n"
        "    _ = say(kind, {}), say(kind, dict.fromkeys(('name', 'text', 'data', 'transient', 'traceback'), 5))\n"
        "print('sense')"
    )
    assert text(happenings, "stdout").endswith("sense\n")
    assert text(happenings, "error") == "Error: Error: "
