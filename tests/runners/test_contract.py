"""The same contract for every language that can run on this machine; the end of the report names those that did."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sysconfig
import venv
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from interpreter.errors import RunnerError
from interpreter.runners.address import Address
from interpreter.runners.gateway import Gateway
from interpreter.runners.languages import LocalRunners, Table
from interpreter.runners.remote_languages import RemoteRunners
from interpreter.seams import Ended, Happening, Produced, Restarted
from tests.runners.bench import at, happenings_of, status, text
from tests.runners.contract import COURSES, LINES, Course
from tests.runners.servers import TOKEN, jupyter_server

BARE = "python in a bare environment"
"""Python once more, in a virtual environment without ipykernel."""
DENO = shutil.which("deno", path=sysconfig.get_path("scripts")) or shutil.which("deno")
"""A kernel that comes as a wheel, so that another language than Python can be tested on every machine."""
PYTHON_THERE, SHELL_THERE = "python behind a server", "shell behind a server"
"""And through a real Jupyter server, where each shell cell is a program of its own that goes on from the last."""


class Class:
    """A language with its runner."""

    def __init__(self, loop: asyncio.Runner, course: Course, folder: Path, runners: Table) -> None:
        self.course = course
        self.folder = folder
        self._loop = loop
        self._runners = runners

    def run(self, code: str, *, stop_at: str | None = None) -> list[Happening]:
        """What running `code` brings; nobody answers what it asks."""
        return self._loop.run(
            happenings_of(self._runners.get(self.course.language), code, stop_at=stop_at, timeout=120)
        )

    def restart(self) -> None:
        """Throw the state away."""
        self._loop.run(self._runners.get(self.course.language).restart())

    def close(self) -> None:
        """End the runner."""
        self._loop.run(self._runners.close())


def with_deno(folder: Path) -> dict[str, str]:
    """What makes Jupyter look in `folder` first, where Deno's kernel is then; nothing of the user's is changed."""
    if DENO is not None:
        spec = {
            "argv": [DENO, "jupyter", "--kernel", "--conn", "{connection_file}"],
            "display_name": "Deno",
            "language": "typescript",
            "env": {"DENO_DIR": str(folder / "cache"), "DENO_NO_UPDATE_CHECK": "1"},
        }
        (folder / "kernels" / "deno").mkdir(parents=True)
        (folder / "kernels" / "deno" / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")
    return {"JUPYTER_PATH": str(folder)}


def here() -> dict[str, Course]:
    """The courses of the languages that can run on this machine, by the names of the tests' parameters."""
    with TemporaryDirectory() as folder:
        place = at(Path.cwd(), environment=with_deno(Path(folder)))
        there = LocalRunners(place=place, interactive=False).languages
    courses = {course.language: course for course in COURSES if course.language in there}
    if os.name != "posix":
        del courses["shell"]  # another language there, under the same name
    alone = {SHELL_THERE: replace(courses["shell"], dies="")} if "shell" in courses else {}
    return courses | {BARE: courses["python"], PYTHON_THERE: courses["python"]} | alone


@pytest.fixture(scope="module")
def classes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Class]]:
    """One class a language, started when first needed, for the whole module."""
    bare = tmp_path_factory.mktemp("environment")
    venv.create(bare, with_pip=False)
    python = str(bare / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))
    server = tmp_path_factory.mktemp("server")
    with pytest.MonkeyPatch.context() as patch, asyncio.Runner() as loop, jupyter_server(server) as url:
        for name, value in with_deno(tmp_path_factory.mktemp("jupyter")).items():
            patch.setenv(name, value)

        def taught(name: str, course: Course) -> Class:
            if name in (PYTHON_THERE, SHELL_THERE):
                return Class(loop, course, server / "files", loop.run(there(url)))
            folder = tmp_path_factory.mktemp("work")
            place = at(folder, python=python if name == BARE else None)
            return Class(loop, course, folder, LocalRunners(place=place, interactive=False))

        made = {name: taught(name, course) for name, course in here().items()}
        try:
            yield made
        finally:
            for one in made.values():
                one.close()


async def there(url: str) -> RemoteRunners:
    """The languages of the server at `url`."""
    gateway = Gateway(Address(url=url, token=TOKEN))
    specs = await gateway.kernelspecs()
    return RemoteRunners(gateway=gateway, specs=specs, interactive=False, output_limit=200)


def every(part: str) -> pytest.MarkDecorator:
    """Run a test for each language here whose course has `part`."""
    return pytest.mark.parametrize("language", [name for name, course in here().items() if getattr(course, part)])


@every("hello")
def test_a_greeting_is_printed_with_its_characters_whole(classes: dict[str, Class], language: str) -> None:
    happened = classes[language].run(classes[language].course.hello)
    assert (text(happened), status(happened)) == ("hello 漢🙂\n", "ok")


@every("hello")
def test_code_with_half_a_character_is_refused_and_the_next_cell_runs(classes: dict[str, Class], language: str) -> None:
    taught = classes[language]
    with pytest.raises(RunnerError, match=r"^This code holds half a character \(U\+D83D\), so it was not run\."):
        taught.run(f"{taught.course.hello} \ud83d")
    assert text(taught.run(taught.course.hello)) == "hello 漢🙂\n"


@every("value")
def test_the_value_of_the_last_expression_is_shown(classes: dict[str, Class], language: str) -> None:
    happened = classes[language].run(classes[language].course.value)
    assert text(happened, "result", "display").split()[-1] == "42"
    assert status(happened) == "ok"


@every("error")
def test_an_error_ends_the_cell_and_says_what_is_wrong(classes: dict[str, Class], language: str) -> None:
    happened = classes[language].run(classes[language].course.error)
    assert "wrong" in text(happened)
    assert status(happened) == "error"


@every("keeps")
def test_state_lasts_until_a_restart(classes: dict[str, Class], language: str) -> None:
    taught = classes[language]
    assert status(taught.run(taught.course.keeps)) == "ok"
    assert text(taught.run(taught.course.kept)).strip() == "kept 7"
    taught.restart()
    assert "kept 7" not in text(taught.run(taught.course.kept))


@every("endless")
def test_an_interrupt_ends_the_cell_and_the_next_one_runs(classes: dict[str, Class], language: str) -> None:
    taught = classes[language]
    if taught.course.keeps:
        taught.run(taught.course.keeps)
    happened = taught.run(taught.course.endless, stop_at="begun")
    assert "begun" in text(happened, "stdout")
    assert happened[-1] == Ended(status="interrupted")
    assert text(taught.run(taught.course.hello)) == "hello 漢🙂\n"
    if taught.course.keeps and taught.course.survives_interrupt:
        assert text(taught.run(taught.course.kept)).strip() == "kept 7"


@every("big")
def test_big_output_is_complete_and_in_order(classes: dict[str, Class], language: str) -> None:
    happened = classes[language].run(classes[language].course.big)
    assert text(happened, "stdout").split() == [str(number) for number in range(1, LINES + 1)]
    assert status(happened) == "ok"


@every("reads")
def test_reading_with_nobody_there_ends_without_hanging(classes: dict[str, Class], language: str) -> None:
    happened = classes[language].run(classes[language].course.reads)
    assert isinstance(happened[-1], Ended)
    assert (status(happened) == "error") != ("[]" in text(happened))


@every("folder")
def test_code_runs_in_the_folder_of_the_session(classes: dict[str, Class], language: str) -> None:
    taught = classes[language]
    assert text(taught.run(taught.course.folder)).strip() == str(taught.folder)


@every("picture")
def test_a_picture_is_shown_as_one(classes: dict[str, Class], language: str) -> None:
    happened = classes[language].run(classes[language].course.picture)
    assert [min(one.data) for one in happened if isinstance(one, Produced)] == ["image/png"]


@every("dies")
def test_a_death_is_told_and_the_next_cell_runs(classes: dict[str, Class], language: str) -> None:
    taught = classes[language]
    happened = taught.run(taught.course.dies)
    assert status(happened) == "died"
    assert any(isinstance(one, Restarted) for one in happened) == bool(taught.course.keeps)
    assert text(taught.run(taught.course.hello)) == "hello 漢🙂\n"
