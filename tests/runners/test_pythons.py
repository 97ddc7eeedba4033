"""Which Python code runs in, and how it gets what a kernel needs. Nothing is fetched: uv and pip are scripts here."""

from __future__ import annotations

import json
import os
import re
import sys
import venv
from pathlib import Path

import pytest

from interpreter.errors import RunnerError, UsageError
from interpreter.runners.borrowing import closure
from interpreter.runners.environment import for_code
from interpreter.runners.processes import state
from interpreter.runners.pythons import PythonChoice, choose
from interpreter.seams import Asked, Cleared, Ended, Produced
from tests.runners.bench import at, bench, error, status, text


def environment_in(folder: Path) -> Path:
    """What looks like a virtual environment in `folder`; its Python."""
    python = folder / "bin" / "python"
    python.parent.mkdir(parents=True)
    (folder / "pyvenv.cfg").touch()
    python.symlink_to(sys.executable)
    return python


def script(file: Path, *lines: str) -> Path:
    """An executable shell script."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(("#!/bin/sh", *lines, "")))
    file.chmod(0o755)
    return file


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """An empty working folder two levels down."""
    folder = tmp_path / "project" / "work"
    folder.mkdir(parents=True)
    return folder


# ---- the choice


def test_a_python_that_was_asked_for_wins_over_all_others(work: Path, tmp_path: Path) -> None:
    asked = environment_in(tmp_path / "asked")
    environment_in(work / ".venv")
    active = {"VIRTUAL_ENV": str(environment_in(tmp_path / "active").parent.parent)}
    expected = PythonChoice(executable=str(asked), why="asked", prefix=str(tmp_path / "asked"))
    assert choose(str(asked), active, str(work)) == expected
    assert choose(str(tmp_path / "asked"), active, str(work)) == expected


def test_a_python_is_asked_for_by_a_name_on_the_path(work: Path, tmp_path: Path) -> None:
    python = script(tmp_path / "tools" / "python9")
    path = {"PATH": str(python.parent)}
    assert choose("python9", path, str(work)) == PythonChoice(executable=str(python), why="asked")


@pytest.mark.parametrize("asked", ["no-such-python", "/no/such/python", "."])
def test_what_is_no_python_is_a_usage_error_that_names_the_flag(work: Path, asked: str) -> None:
    with pytest.raises(UsageError, match="--python"):
        choose(str(work) if asked == "." else asked, {"PATH": ""}, str(work))


@pytest.mark.parametrize("variable", ["VIRTUAL_ENV", "CONDA_PREFIX"])
def test_the_active_environment_wins_over_a_found_one(work: Path, tmp_path: Path, variable: str) -> None:
    python = environment_in(tmp_path / "active")
    environment_in(work / ".venv")
    active = {variable: str(tmp_path / "active")}
    assert choose(None, active, str(work)) == PythonChoice(
        executable=str(python), why="active", prefix=str(tmp_path / "active")
    )


def test_an_active_environment_that_is_gone_is_told(work: Path) -> None:
    choice = choose(None, {"VIRTUAL_ENV": "/gone"}, str(work))
    assert (choice.why, choice.own) == ("own", True)
    assert choice.notice == f"VIRTUAL_ENV names /gone, where there is no Python; code runs in {sys.executable} instead."


def test_the_nearest_venv_upward_is_found_and_told(work: Path) -> None:
    python = environment_in(work.parent / ".venv")
    prefix = work.parent / ".venv"
    assert choose(None, {}, str(work)) == PythonChoice(
        executable=str(python), why="found", prefix=str(prefix), notice=f"Code runs in {prefix}, found here."
    )


def test_a_venv_that_others_can_change_is_not_used_and_that_is_told(work: Path) -> None:
    environment_in(work / ".venv")
    (work / ".venv" / "bin").chmod(0o777)
    choice = choose(None, {}, str(work))
    assert choice.why == "own"
    assert choice.notice.startswith(f"{work / '.venv'} is not used, since {work / '.venv' / 'bin'} belongs to someone")


@pytest.mark.skipif(os.name == "nt" or os.getuid() != 0, reason="only root gives files away")
def test_a_venv_of_somebody_else_is_not_used(work: Path) -> None:
    environment_in(work / ".venv")
    os.chown(work / ".venv", 12345, 12345)
    choice = choose(None, {}, str(work))
    assert choice.why == "own"
    assert choice.notice.startswith(f"{work / '.venv'} is not used, since it belongs to someone else")


def test_without_any_environment_our_own_python_runs_code(work: Path) -> None:
    choice = choose(None, {}, str(work))
    assert (choice.executable, choice.why, choice.notice) == (sys.executable, "own", "")


def test_the_environment_of_code_means_the_chosen_python(tmp_path: Path) -> None:
    choice = PythonChoice(executable="/v/bin/python", why="asked", prefix="/v")
    given = {"PATH": "/usr/bin", "CONDA_PREFIX": "/c", "PYTHONHOME": "/h", "MISTRAL_API_KEY": "k"}
    code = for_code(given, choice)
    folders = code["PATH"].split(os.pathsep)
    assert (folders[0], folders[-1], code["VIRTUAL_ENV"]) == ("/v/bin", "/usr/bin", "/v")
    assert not {"CONDA_PREFIX", "PYTHONHOME", "MISTRAL_API_KEY"} & set(code)
    (tmp_path / "conda-meta").mkdir()
    conda = for_code(given, PythonChoice(executable="/v/python", why="active", prefix=str(tmp_path)))
    assert (conda["CONDA_PREFIX"], "VIRTUAL_ENV" in conda) == (str(tmp_path), False)


# ---- a kernel in a Python without ipykernel


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real virtual environment with nothing in it."""
    folder = tmp_path_factory.mktemp("bare") / "venv"
    venv.create(folder, with_pip=False)
    return folder


def test_an_ipykernel_of_another_time_goes_without_what_it_has_no_place_for(work: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "old", with_pip=False)
    site = next((tmp_path / "old").glob("[lL]ib*/**/site-packages"))
    ours = next(folder for folder in map(Path, sys.path) if (folder / "ipykernel").is_dir())
    (site / "ours.pth").write_text(str(ours))
    (site / "sitecustomize.py").write_text(
        "import ipykernel.iostream\n"
        "import ipykernel.ipkernel\n"
        "ipykernel.iostream.OutStream.parent_header = {}\n"  # as before 6.26: each stream's own attribute
        "def refuse(kernel, name, value):\n"
        "    if name == 'do_execute':\n"
        "        raise AttributeError(name)\n"
        "    object.__setattr__(kernel, name, value)\n"
        "ipykernel.ipkernel.IPythonKernel.__setattr__ = refuse\n"
    )
    with bench(at(work, python=str(tmp_path / "old"))) as made:
        assert text(made.run("print('printed')\n6 * 7")) == "printed\n42"
        assert status(made.run("print('begun')\nwhile True: pass", stop_at="begun")) == "interrupted"
        assert text(made.run("_")) == "42"


def test_a_bare_environment_runs_cells_and_sees_none_of_our_packages(bare: Path, work: Path) -> None:
    before = sorted(path.name for path in bare.rglob("*"))
    with bench(at(work, python=str(bare))) as made:
        assert text(made.run("import sys\nsys.prefix")) == repr(str(bare))
        for ours in ("litellm", "rich", "pytest", "nbformat", "interpreter", "debugpy"):
            happened = made.run(f"import {ours}")
            assert (ours, status(happened), error(happened)) == (ours, "error", "ModuleNotFoundError")
        listed = "import importlib.metadata as m\n[d.metadata['Name'] for d in m.distributions()]"
        assert text(made.run(listed)) == "['matplotlib-inline']"
        backends = "[entry.name for entry in m.entry_points(group='matplotlib.backend')]"
        assert text(made.run(backends)) == "['inline']"  # else matplotlib refuses to draw into cells
        assert text(made.run("import asyncio\nawait asyncio.sleep(0, 'awaited')")) == "'awaited'"
        assert text(made.run("import subprocess\n!python -c 'import sys; print(sys.prefix)'")) == f"{bare}\n"
    assert sorted(path.name for path in bare.rglob("*")) == before


@pytest.mark.skipif(os.name == "nt", reason="the pip behind a Python is a script for sh")
@pytest.mark.parametrize("uv", [True, False], ids=["with uv", "without uv"])
def test_pip_means_the_chosen_python_where_that_has_none(bare: Path, work: Path, tmp_path: Path, uv: bool) -> None:
    tools = script(tmp_path / "tools" / "pip", "echo of another Python").parent
    if uv:
        script(tools / "uv", 'echo "$UV_PYTHON $@"')
    with bench(at(work, python=str(bare), environment={"PATH": f"{tools}:/usr/bin:/bin"})) as made:
        said = text(made.run("!pip list"))
    assert said == (f"{bare}/bin/python pip list\n" if uv else f"{bare}/bin/python: No module named pip\n")


def test_an_environment_with_a_package_that_does_not_fit_is_told_what_helps(work: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "old", with_pip=False)
    packages = next((tmp_path / "old" / "lib").glob("python*/site-packages"))
    (packages / "traitlets.py").write_text("raise ImportError('this traitlets is old')\n")
    says = (
        r"The kernel ended at its start \(exit code 1\): ImportError: this traitlets is old\. Install what fits there"
    )
    with bench(at(work, python=str(tmp_path / "old"))) as made, pytest.raises(RunnerError, match=says):
        made.run("1")


def test_only_what_a_kernel_requires_is_lent() -> None:
    lent = set(closure())
    assert {"ipykernel", "IPython", "zmq", "tornado", "traitlets", "jupyter_client"} <= lent
    assert not {"litellm", "rich", "pydantic", "nbformat", "pytest", "numpy", "debugpy", "interpreter"} & lent


def another(tmp_path: Path, *, kernel: bool = False, managed: bool = False) -> Path:
    """A Python whose compiled modules differ from ours, as far as it tells; otherwise it is ours."""
    told = {
        "version": "3.9",
        "abi": ".other.so",
        "packages": "/none",
        "kernel": kernel,
        "pip": True,
        "managed": managed,
    }
    answer = json.dumps(told)
    return script(
        tmp_path / "other" / "python",
        f"""case "$*" in *EXT_SUFFIX*) echo '{answer}';; *"-m pip"*) shift 2; exec {tmp_path}/pip "$@";;""",
        f"""*) exec {sys.executable} "$@";; esac""",
    )


def test_what_a_kernel_needs_is_fetched_after_a_yes_and_only_once(work: Path, tmp_path: Path) -> None:
    script(tmp_path / "pip", f'echo "$@" >> {tmp_path}/calls', 'for last; do :; done; shift 5; mkdir -p "$1/ipykernel"')
    place = at(work, python=str(another(tmp_path)), environment={"PATH": "/usr/bin:/bin"})
    kernels = work.parent / "cache" / "kernels"
    for lines, first in ((["y"], Asked), ([], Produced)):
        with bench(place, interactive=True) as made:
            happened = made.run("print('runs')", lines=lines)
        assert (type(happened[0]), status(happened), text(happened, "stdout")) == (first, "ok", "runs\n")
    assert (kernels / "other" / "ipykernel").is_dir()
    assert [path.name for path in kernels.iterdir()] == ["other"]
    assert re.fullmatch(
        rf"install --disable-pip-version-check --no-input --quiet --target {kernels}/other\.\w+\.part ipykernel\n",
        (tmp_path / "calls").read_text(),
    )


@pytest.mark.parametrize("interactive", [True, False], ids=["refused", "nobody there"])
def test_without_a_yes_nothing_is_fetched_and_the_way_out_is_told(
    work: Path, tmp_path: Path, interactive: bool
) -> None:
    script(tmp_path / "pip", f"touch {tmp_path}/called")
    place = at(work, python=str(another(tmp_path)), environment={"PATH": "/usr/bin:/bin"})
    with (
        bench(place, interactive=interactive) as made,
        pytest.raises(RunnerError, match=r"no ipykernel\. Install it there with: .* -m pip install ipykernel"),
    ):
        made.run("print('never')")
    assert not (tmp_path / "called").exists()


def test_a_program_that_is_no_python_is_one_clear_line(work: Path, tmp_path: Path) -> None:
    with (
        bench(at(work, python=str(script(tmp_path / "fake", "exit 0")))) as made,
        pytest.raises(RunnerError, match=r"fake does not answer as a Python does\. Give --python another one\."),
    ):
        made.run("1")


def test_a_python_that_is_too_old_for_a_kernel_is_one_clear_line(work: Path, tmp_path: Path) -> None:
    python = script(tmp_path / "old" / "python", """echo '{"old": "3.7"}'""")
    says = rf"^{python} is Python 3\.7; code runs in 3\.8 or later\. Give --python another one\.$"
    with bench(at(work, python=str(python)), interactive=True) as made, pytest.raises(RunnerError, match=says):
        made.run("1", lines=["y"])


def test_a_python_is_asked_once_until_it_changes(work: Path, tmp_path: Path) -> None:
    python = another(tmp_path, kernel=True)
    python.write_text(python.read_text().replace("#!/bin/sh\n", f"#!/bin/sh\necho x >> {tmp_path}/starts\n"))
    place = at(work, python=str(python))

    def starts() -> int:
        with bench(place) as made:
            assert status(made.run("1")) == "ok"
        return (tmp_path / "starts").read_text().count("x")

    assert (starts(), starts()) == (2, 3)  # asked and started, then only started
    os.utime(python, (1, 1))
    assert starts() == 5


# ---- a module that is missing


@pytest.fixture
def installs(tmp_path: Path) -> Path:
    """A `uv` that installs a module named after what it is given; its folder."""
    site = tmp_path / "site"
    site.mkdir()
    script(
        tmp_path / "tools" / "uv",
        f'echo "$@" >> {tmp_path}/calls',
        f'for last; do :; done; echo "value = 42" > {site}/cv2.py; echo "Installed $last"',
    )
    return tmp_path / "tools"


def test_a_missing_module_is_installed_after_a_yes_and_the_cell_runs_again(
    work: Path, tmp_path: Path, bare: Path, installs: Path
) -> None:
    place = at(work, python=str(bare), environment={"PATH": str(installs), "PYTHONPATH": str(tmp_path / "site")})
    with bench(place, interactive=True) as made:
        happened = made.run("print('before')\nimport cv2\ncv2.value", lines=["y"])
    question = f"cv2 is not installed. Install 'opencv-python' into {bare} with uv? y or n, then Enter: "
    missing = happened.index(Asked(prompt=question, by="program"))
    assert (error(happened[:missing]), text(happened[:missing], "stdout")) == ("ModuleNotFoundError", "before\n")
    assert happened[missing + 1 :] == [
        Produced(kind="stderr", data={"text/plain": "Installed opencv-python\n"}),
        Cleared(),
        Produced(kind="stdout", data={"text/plain": "before\n"}),
        Produced(kind="result", data={"text/plain": "42"}),
        Ended(status="ok"),
    ]
    assert (tmp_path / "calls").read_text() == f"pip install --python {bare}/bin/python opencv-python\n"


def test_a_refused_module_is_told_and_not_offered_again(work: Path, tmp_path: Path, bare: Path, installs: Path) -> None:
    with bench(at(work, python=str(bare), environment={"PATH": str(installs)}), interactive=True) as made:
        refused = made.run("import cv2", lines=["n"])
        assert [type(happening) for happening in refused] == [Produced, Asked, Produced, Ended]
        assert text(refused, "stderr") == "Nothing was installed: the user said no.\n"
        assert [type(happening) for happening in made.run("import cv2")] == [Produced, Ended]
    assert not (tmp_path / "calls").exists()


def test_where_nobody_can_answer_the_error_is_all_there_is(
    work: Path, tmp_path: Path, bare: Path, installs: Path
) -> None:
    with bench(at(work, python=str(bare), environment={"PATH": str(installs)})) as made:
        assert [type(happening) for happening in made.run("import cv2")] == [Produced, Ended]
    assert not (tmp_path / "calls").exists()


def test_nothing_is_offered_for_a_python_that_the_system_manages(work: Path, tmp_path: Path, installs: Path) -> None:
    python = another(tmp_path, kernel=True, managed=True)
    with bench(
        at(work, python=str(python), environment={"PATH": f"{installs}:/usr/bin:/bin"}), interactive=True
    ) as made:
        assert [type(happening) for happening in made.run("import cv2")] == [Produced, Ended]


@pytest.mark.parametrize(
    "words",
    [
        "Missing optional dependency 'tabulate'.  Use pip or conda to install tabulate.",
        "`Import tabulate` failed.  Use pip, conda, or your preferred package management tool.",
    ],
)
def test_what_pandas_wants_besides_is_offered_too(work: Path, bare: Path, installs: Path, words: str) -> None:
    with bench(at(work, python=str(bare), environment={"PATH": str(installs)}), interactive=True) as made:
        happened = made.run(f"raise ImportError({words!r})", lines=["n"])
    asked = [happening.prompt for happening in happened if isinstance(happening, Asked)]
    assert [prompt.partition(" into ")[0] for prompt in asked] == ["tabulate is not installed. Install 'tabulate'"]


@pytest.mark.parametrize(
    "code",
    ["import json.nothing", "import msvcrt", "from google.cloud import storage", "raise ModuleNotFoundError('cv2')"],
)
def test_what_no_installation_would_mend_is_not_offered(work: Path, bare: Path, installs: Path, code: str) -> None:
    with bench(at(work, python=str(bare), environment={"PATH": str(installs)}), interactive=True) as made:
        assert [type(happening) for happening in made.run(code)] == [Produced, Ended]


def test_an_installation_that_fails_is_an_error_of_the_cell(work: Path, tmp_path: Path, bare: Path) -> None:
    tools = script(tmp_path / "tools" / "uv", "echo no such package; exit 2").parent
    with bench(at(work, python=str(bare), environment={"PATH": str(tools)}), interactive=True) as made:
        happened = made.run("import cv2", lines=["y"])
    assert happened[-2:] == [
        Produced(kind="error", data={"text/plain": "The installation failed (exit code 2): no such package"}),
        Ended(status="error"),
    ]


def test_an_installation_that_is_interrupted_leaves_nothing_running(work: Path, tmp_path: Path, bare: Path) -> None:
    lines = (f"sleep 1000 & echo $! > {tmp_path}/child", f"trap 'echo taken back > {tmp_path}/end; exit 1' INT")
    tools = script(tmp_path / "tools" / "uv", *lines, "echo installing", "wait").parent
    path = f"{tools}:/usr/bin:/bin"
    with bench(at(work, python=str(bare), environment={"PATH": path}), interactive=True) as made:
        assert status(made.run("import cv2", lines=["y"], stop_at="installing")) == "interrupted"
        child = int((tmp_path / "child").read_text())
        made.do(made.until(lambda: state(child) == "gone"))
        assert (tmp_path / "end").read_text() == "taken back\n"
        assert text(made.run("6 * 7")) == "42"
