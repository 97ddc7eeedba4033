"""What a kernel is started with: nothing of the working folder, no key, no start-up file; then what cells may use."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import sysconfig
import venv
from collections.abc import Mapping
from pathlib import Path

import pytest

from interpreter.errors import RunnerError
from interpreter.runners.channels import Received
from interpreter.runners.installing import Remedy
from interpreter.runners.jupyter import JupyterRunner
from interpreter.runners.kernel import Launch, LocalKernel
from interpreter.runners.kernels import Kernel
from interpreter.runners.languages import LocalRunners
from interpreter.seams import Ended, Produced, Restarted
from tests.runners import plain_kernel
from tests.runners.bench import Bench, at, bench, error, text

MODULES = ("ipykernel", "IPython", "json", "sitecustomize", "usercustomize", "zmq", "matplotlib/__init__", "asyncio")


@pytest.fixture
def trap(tmp_path: Path) -> Path:
    """A working folder in which whatever is imported or started leaves a mark."""
    folder = tmp_path / "work"
    mark = f"open({str(tmp_path / 'marks')!r}, 'a').write(__file__ + '\\n')\n"
    for module in (*MODULES, ".ipython/profile_default/startup/00-start", ".startup"):
        file = folder / f"{module}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(mark)
    for config in ("ipython_config.py", "ipython_kernel_config.py", "jupyter_config.py"):
        (folder / config).write_text(mark)
    (folder / "mine.py").write_text("value = 'imported from the folder'\n")
    return folder


def variables(folder: Path) -> Mapping[str, str]:
    """Variables that a user may well have, all of which lead into the folder."""
    return {
        "PYTHONPATH": f":.:{folder}",
        "PYTHONSTARTUP": str(folder / ".startup.py"),
        "IPYTHONDIR": str(folder / ".ipython"),
        "JUPYTER_CONFIG_DIR": str(folder),
    }


def marks(folder: Path) -> list[str]:
    """What was imported or started."""
    file = folder.parent / "marks"
    return sorted(set(file.read_text().split())) if file.exists() else []


def test_a_start_imports_nothing_of_the_folder_though_cells_may(trap: Path) -> None:
    with bench(at(trap, environment=variables(trap))) as made:
        made.do(made.runner.start())
        assert (made.runner.state, marks(trap)) == ("idle", [])
        assert text(made.run("import mine\nmine.value")) == "'imported from the folder'"
        assert marks(trap) == []


def test_a_python_that_was_only_found_is_not_even_started_before_the_first_cell(trap: Path, tmp_path: Path) -> None:
    python = trap / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\necho started >> {tmp_path / "marks"}\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    with bench(at(trap)) as made:
        made.do(made.runner.start())
        assert (made.runner.state, marks(trap)) == ("absent", [])
        assert text(made.run("6 * 7")) == "42"
        assert marks(trap) == ["started"]


def test_children_get_the_python_path_once_cells_run(trap: Path) -> None:
    with bench(at(trap, environment={"PYTHONPATH": "/somewhere/else"})) as made:
        assert text(made.run("import os, sys\n(os.environ['PYTHONPATH'], sys.path[:2])")) == (
            "('/somewhere/else', ['', '/somewhere/else'])"
        )


def test_code_gets_the_environment_without_keys_and_python_means_its_own(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    given = {"OPENAI_API_KEY": "sk-secret", "INTERPRETER_API_KEY": "sk-secret", "MINE": "kept"}
    with bench(at(tmp_path / "work", environment=given)) as made:
        assert "sk-secret" not in text(made.run("import os\nprint(dict(os.environ))"))
        assert text(made.run("os.environ['MINE'], os.getcwd()")) == f"('kept', {str(tmp_path / 'work')!r})"
        same = "import subprocess, sys\nargv = ['python', '-c', 'import sys; print(sys.prefix)']\n"
        assert text(made.run(f"{same}subprocess.check_output(argv, text=True).strip() == sys.prefix")) == "True"


def test_a_kernel_that_cannot_start_says_why_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    with (
        bench(at(tmp_path / "work"), name="no-such-kernel") as made,
        pytest.raises(RunnerError, match=r"There is no kernel named 'no-such-kernel'\. Installed here: "),
    ):
        made.run("1")


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A kernelspec of our own Python, as `ipykernel install` writes it."""
    folder = tmp_path / "jupyter" / "kernels" / "project"
    folder.mkdir(parents=True)
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    told = {"argv": argv, "display_name": "Project", "language": "python", "env": {"FROM_SPEC": "yes"}}
    (folder / "kernel.json").write_text(json.dumps(told))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    return "project"


def test_a_python_kernelspec_runs_without_importing_the_folder_at_its_start(trap: Path, spec: str) -> None:
    with bench(at(trap), name=spec) as made:
        assert text(made.run("import os\nos.environ['FROM_SPEC']")) == "'yes'"
        assert marks(trap) == []


def test_a_kernel_that_does_not_name_its_language_runs_cells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain_kernel.kernelspec(tmp_path / "jupyter", "mute", language_info=None)
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    (tmp_path / "work").mkdir()
    with bench(at(tmp_path / "work"), name="mute") as made:
        assert made.run("say('said')") == [Produced(kind="stdout", data={"text/plain": "said"}), Ended(status="ok")]


def test_a_kernel_whose_program_has_ended_behind_it_is_started_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain_kernel.kernelspec(tmp_path / "jupyter", "octave", language_info={"name": "octave"})
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    (tmp_path / "work").mkdir()
    with bench(at(tmp_path / "work"), name="octave") as made:
        made.run("time.kept = 1")
        *failed, lost, ended = made.run("fail('End of File')")
        assert text(failed, "error") == "End of File"
        assert (lost, ended) == (Restarted(reason="the program behind the kernel ended"), Ended(status="died"))
        assert text(made.run("say(str(hasattr(time, 'kept')))")) == "False"


def test_a_kernel_of_the_active_environment_is_a_language_and_runs_in_its_python(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    venv.create(theirs, symlinks=True)
    plain_kernel.kernelspec(theirs / "share" / "jupyter")
    file = theirs / "share" / "jupyter" / "kernels" / "plain" / "kernel.json"
    told = json.loads(file.read_text())
    told["env"]["PYTHONPATH"] += os.pathsep + sysconfig.get_path("purelib")
    file.write_text(json.dumps(told | {"argv": ["python", *told["argv"][1:]]}))
    place = at(tmp_path, environment={"VIRTUAL_ENV": str(theirs)})
    assert "plain" in LocalRunners(place=place, interactive=False).languages
    with bench(place, name="plain") as made:
        assert text(made.run("import sys; say(sys.prefix)")) == str(theirs)


@pytest.mark.skipif(os.name != "posix", reason="all kernels have ports there")
@pytest.mark.parametrize(("word", "transport"), [("plain", "tcp"), ("IRkernel", "ipc")])
def test_only_a_kernel_that_is_known_to_take_sockets_in_a_folder_gets_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, word: str, transport: str
) -> None:
    plain_kernel.kernelspec(tmp_path / "jupyter")
    file = tmp_path / "jupyter" / "kernels" / "plain" / "kernel.json"
    told = json.loads(file.read_text())
    file.write_text(json.dumps(told | {"argv": [*told["argv"], f"--IPKernelApp.name={word}"]}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    (tmp_path / "work").mkdir()
    with bench(at(tmp_path / "work"), name="plain") as made:
        assert text(made.run("import json, sys; say(json.load(open(sys.argv[2]))['transport'])")) == transport


class Odd(LocalKernel):
    """A kernel over which this program stumbles once it has started."""

    async def start(self) -> None:
        """Start, and then fail with no error of ours."""
        await super().start()
        raise ZeroDivisionError


class OddKernels:
    """Implements `Kernels`."""

    unasked = True

    def __init__(self, folder: Path) -> None:
        argv = (sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}")
        self._launch = Launch(argv=argv, folder=str(folder), environment={**os.environ, "TMPDIR": str(folder)})

    async def kernel(self, received: Received) -> Kernel:
        """See `Kernels.kernel`."""
        return Odd(launch=self._launch, received=received)

    async def remedy(self, module: str) -> Remedy | None:
        """See `Kernels.remedy`."""
        return None


@pytest.mark.skipif(sys.platform == "win32", reason="children")
def test_a_kernel_is_ended_whatever_came_between_its_start_and_its_first_cell(tmp_path: Path) -> None:
    async def story() -> None:
        runner = JupyterRunner(kernels=OddKernels(tmp_path), interactive=False, late=lambda _: None)
        with pytest.raises(ZeroDivisionError):
            await runner.start()
        await runner.close()

    asyncio.run(story())
    with pytest.raises(ChildProcessError):  # none is left
        os.waitpid(-1, os.WNOHANG)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "cannot be read: "),
        ("[]", "cannot be read: "),
        ('{"argv": ["x"], "env": "no mapping"}', "cannot be read: "),
        ('{"argv": ["x"], "language": null}', "cannot be read: "),
        ('{"argv": []}', "names no program"),
        ("{}", "names no program"),
    ],
)
def test_a_broken_kernelspec_is_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str, words: str
) -> None:
    folder = tmp_path / "jupyter" / "kernels" / "broken"
    folder.mkdir(parents=True)
    (folder / "kernel.json").write_text(content)
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    (tmp_path / "work").mkdir()
    told = rf"^The kernelspec of 'broken' {words}.*\. Install that kernel again\.$"
    with bench(at(tmp_path / "work"), name="broken") as made, pytest.raises(RunnerError, match=told):
        made.run("1")


def test_two_kernels_do_not_see_each_other(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()

    def defines(made: Bench) -> list[object]:
        return list(made.run("mine = 1"))

    with bench(at(tmp_path / "work")) as one, bench(at(tmp_path / "work")) as other:
        assert defines(one) == [Ended(status="ok")]
        assert error(other.run("mine")) == "NameError"
