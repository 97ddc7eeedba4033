"""Code that runs elsewhere, the whole program: kernels that outlive it, that it joins, and behind a server."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from interpreter.recorders.folder import SessionFolder
from interpreter.recorders.store import Store
from tests.providers.server import Endpoint, code, say, serve
from tests.runners.servers import TOKEN, jupyter_server
from tests.test_cli import program


def last_result(endpoint: Endpoint) -> object:
    """What the model was told of its latest call."""
    messages = endpoint.bodies[-1]["messages"]
    assert isinstance(messages, list)
    return messages[-1]["content"]


def words_of_users(endpoint: Endpoint) -> str:
    """All that the user's role said in the latest request."""
    messages = endpoint.bodies[-1]["messages"]
    assert isinstance(messages, list)
    return "\n".join(str(message["content"]) for message in messages if message["role"] == "user")


class Asking:
    """The program, asked once after another; what the model's code printed comes back."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.said = ""  # to the model, by the user's role, in the latest request

    def ask(self, ran: str, *argv: str, stdin: str = "", **environment: str) -> str:
        """What the model is told of the code `ran`."""
        with serve(code(ran), say("Done.")) as endpoint:
            given = ("-y", "--model", "scripted", "--api-base", endpoint.base(), *argv, "Go.")
            done = program(self.home, *given, stdin=stdin, **environment)
            assert done.stdout == "Done.\n", done.stderr
            self.said = words_of_users(endpoint)
            return str(last_result(endpoint))

    def attach(self, *argv: str) -> tuple[int, str, str]:
        """Exit code, stdout and stderr of `interpreter attach`."""
        done = program(self.home, "attach", *argv)
        return done.returncode, done.stdout, done.stderr

    @property
    def session(self) -> SessionFolder:
        """The latest session."""
        return Store(self.home / "data" / "sessions").latest()


@pytest.fixture
def asking(tmp_path: Path) -> Iterator[Asking]:
    """The program; a kernel that it left running is ended afterwards."""
    (tmp_path / "home").mkdir()
    made = Asking(tmp_path / "home")
    yield made
    made.attach("--stop")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The address of a server, and the folder of its files."""
    folder = tmp_path_factory.mktemp("server")
    with jupyter_server(folder) as url:
        yield url, folder / "files"


def test_a_kept_kernel_is_shared_found_with_its_variables_and_ended_when_it_is_not_kept_again(asking: Asking) -> None:
    asking.ask("kept = 41", "--keep-kernel")
    session = asking.session

    status, out, err = asking.attach()
    file = Path(out.strip())
    assert (status, file.parent, stat.S_IMODE(file.stat().st_mode)) == (0, session.kernel / "shared", 0o600)
    assert f"jupyter console --existing {file}\n" in err

    assert asking.ask("kept += 1; print(kept)", "--existing", str(file)) == "42"
    assert asking.ask("print(kept)", "--resume", session.id) == "42"
    assert "Lost" not in asking.said
    none = "interpreter: No session has left a kernel running. Begin one with --keep-kernel.\n"
    assert (asking.attach(), session.kernel.exists()) == ((2, "", none), False)


def test_a_session_is_not_deleted_before_its_kernel_is_ended_and_then_says_what_is_lost(asking: Asking) -> None:
    asking.ask("kept = 41", "--keep-kernel")
    session = asking.session
    assert program(asking.home, "sessions", "--delete", session.id).stderr == (
        f"interpreter: Session {session.id} left a kernel running. "
        f"End it first: interpreter attach --stop {session.id}\n"
    )
    assert asking.attach("--stop", session.id) == (0, "", f"The kernel of session {session.id} has ended.\n")
    assert not session.kernel.exists()
    assert "NameError" in asking.ask("print(kept)", "--resume", session.id)
    assert "Lost: the state of python" in asking.said


def test_code_runs_behind_a_server_with_what_was_piped_in_and_without_the_token(
    asking: Asking, server: tuple[str, Path]
) -> None:
    url, files = server
    look = "import os, glob; print(os.getcwd(), [v for v in os.environ.values() if 'a-token' in v])\n"
    read = "print(open(glob.glob('interpreter-*/stdin.txt')[0]).read())"
    told = asking.ask(look + read, "--gateway", url, stdin="x\n1\n", JUPYTER_TOKEN=TOKEN)
    assert told == f"{files} []\nx\n1"
    assert f"Attached file: interpreter-{asking.session.id}/stdin.txt (text/plain, 4 bytes)" in asking.said


def test_a_kernel_is_kept_behind_a_server_too_and_the_token_is_not(asking: Asking, server: tuple[str, Path]) -> None:
    address = f"{server[0]}/?token={TOKEN}"
    asking.ask("kept = 41", "--gateway", address, "--keep-kernel")
    assert asking.ask("print(kept + 1)", "--gateway", address, "--resume") == "42"
    assert ("Lost" in asking.said, asking.session.kernel.exists()) == (False, False)
    assert [path for path in asking.home.rglob("*") if path.is_file() and TOKEN.encode() in path.read_bytes()] == []
