"""Code that runs elsewhere, the whole program: kernels that outlive it, that it joins, and behind a server."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from interpreter.recorders.folder import SessionFolder
from interpreter.recorders.store import Store
from tests.providers.server import Endpoint, code, say, serve
from tests.runners import plain_kernel
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
        self.told = ""  # to the user, besides the answer
        self.sent = ""  # to the model, in all

    def ask(self, ran: str, *argv: str, stdin: str = "", language: str = "python", **environment: str) -> str:
        """What the model is told of the code `ran`."""
        with serve(code(ran, language=language), say("Done.")) as endpoint:
            given = ("-y", "--model", "scripted", "--api-base", endpoint.base(), *argv, "Go.")
            done = program(self.home, *given, stdin=stdin, **environment)
            assert done.stdout == "Done.\n", done.stderr
            self.said, self.told = words_of_users(endpoint), done.stderr
            self.sent = str(endpoint.bodies)
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


def test_a_kept_kernel_is_shared_found_with_its_variables_and_kept_until_it_is_ended(asking: Asking) -> None:
    asking.ask("kept = 41", "--keep-kernel")
    session = asking.session

    status, out, err = asking.attach()
    file = Path(out.strip())
    assert (status, file.parent, stat.S_IMODE(file.stat().st_mode)) == (0, session.kernel / "shared", 0o600)
    assert f"jupyter console --existing {file}\n" in err

    assert asking.ask("kept += 1; print(kept)", "--existing", str(file)) == "42"
    finds, ends = f"interpreter --resume {session.id} finds it", f"interpreter attach --stop {session.id} ends it."
    for value in ("43", "44"):
        assert asking.ask("kept += 1; print(kept)", "--resume", session.id) == value
        assert "Lost" not in asking.said
        assert asking.told.endswith(f"interpreter: The kernel runs on: {finds}, and {ends}\n")
    assert asking.attach("--stop", session.id) == (0, "", f"The kernel of session {session.id} has ended.\n")
    none = "interpreter: No session has left a kernel running. Begin one with --keep-kernel.\n"
    assert (asking.attach(), session.kernel.exists()) == ((2, "", none), False)


def test_a_kernel_of_another_language_is_kept_and_found_again_as_that_language(asking: Asking, tmp_path: Path) -> None:
    plain_kernel.kernelspec(tmp_path / "jupyter")
    here = {"language": "plain", "JUPYTER_PATH": str(tmp_path / "jupyter")}
    asking.ask("time.mark = 41", "--kernel", "plain", "--keep-kernel", **here)
    assert asking.ask("say(str(time.mark))", "--resume", asking.session.id, **here) == "41"
    assert "Lost" not in asking.said


def test_a_kept_kernel_that_died_is_not_told_to_run_on(asking: Asking) -> None:
    asking.ask("kept = 41", "--keep-kernel")
    session = asking.session
    asking.ask("import os; os._exit(1)", "--resume", session.id)
    assert ("The kernel runs on" in asking.told, session.kernel.exists()) == (False, False)
    assert "NameError" in asking.ask("print(kept)", "--resume", session.id)
    assert "Lost: the state of python" in asking.said


def test_a_kernel_that_has_ended_is_told_of_before_the_model_is_asked(asking: Asking) -> None:
    file = asking.home / "ended.json"
    file.write_text('{"transport": "tcp", "ip": "127.0.0.1", "hb_port": 9}')
    given = ("-y", "--model", "m", "--api-base", "http://127.0.0.1:9", "--existing", str(file), "Go.")
    done = program(asking.home, *given)
    words = f"No kernel answers at {file}. It may have ended: start one again, and join that."
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"interpreter: {words}\n")


@pytest.mark.parametrize("content", ["[]", "null"])
def test_a_file_that_is_none_of_a_kernel_is_told_of_in_one_line(asking: Asking, content: str) -> None:
    file = asking.home / "odd.json"
    file.write_text(content)
    given = ("-y", "--model", "m", "--api-base", "http://127.0.0.1:9", "--existing", str(file), "Go.")
    done = program(asking.home, *given)
    words = f"{file} is no connection file of a kernel. Give the path that %connect_info tells."
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"interpreter: {words}\n")


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
    finds = f"interpreter --gateway {server[0]} --resume {asking.session.id} finds it"
    ends = f"interpreter attach --stop {asking.session.id} ends it."
    assert asking.told.endswith(f"interpreter: The kernel runs on: {finds}, and {ends}\n")
    assert asking.ask("print(kept + 1)", "--gateway", address, "--resume") == "42"
    assert "Lost" not in asking.said
    assert asking.told.endswith(f"interpreter: The kernel runs on: {finds}, and {ends}\n")
    assert asking.attach("--stop", asking.session.id, "--gateway", address)[0] == 0
    assert "NameError" in asking.ask("print(kept)", "--gateway", address, "--resume")
    assert ("The kernel runs on" in asking.told, asking.session.kernel.exists()) == (False, False)
    assert [path for path in asking.home.rglob("*") if path.is_file() and TOKEN.encode() in path.read_bytes()] == []


def test_the_password_in_a_servers_address_is_shown_kept_and_told_nowhere(
    asking: Asking, server: tuple[str, Path]
) -> None:
    url, given = server[0], server[0].replace("//", "//ada:wonderful-word@")
    printed = asking.ask(
        "print('wonderful', 'word', sep='-')", "--gateway", given, "--keep-kernel", JUPYTER_TOKEN=TOKEN
    )
    assert printed == "[masked]"
    assert f"interpreter --gateway {url} --resume {asking.session.id} finds it" in asking.told
    assert (f"The code runs on the server {url}," in asking.sent, "wonderful-" in asking.sent) == (True, False)
    refused = program(asking.home, "doctor", "--model", "m", "--gateway", given)
    (line,) = [line for line in refused.stdout.splitlines() if line.startswith("server ")]
    assert f"The server at {url} refuses this name and password. Give its token in " in line
    assert asking.ask("print(1)", "--gateway", given, "--resume", JUPYTER_TOKEN=TOKEN) == "1"
    assert asking.attach("--stop", "--gateway", f"{url}/?token={TOKEN}")[0] == 0
    assert not asking.session.kernel.exists()
    assert [path for path in asking.home.rglob("*") if path.is_file() and b"wonderful-" in path.read_bytes()] == []


def test_a_kernel_that_was_kept_behind_a_server_is_told_joined_by_its_id_and_ended(
    asking: Asking, server: tuple[str, Path]
) -> None:
    url, _ = server
    asking.ask("kept = 41", "--gateway", url, "--keep-kernel", JUPYTER_TOKEN=TOKEN)
    session = asking.session
    token = asking.attach()
    assert (token[0], token[1]) == (1, "")
    assert token[2].startswith(f"interpreter: The server at {url} wants a token.")
    status, out, err = asking.attach("--gateway", f"{url}/lab?token={TOKEN}")
    kernel = out.strip().removeprefix(f"{url}/api/kernels/")
    assert (status, err.splitlines()[0]) == (
        0,
        f"Join it here:         interpreter --gateway {url} --existing {kernel}",
    )
    assert asking.ask("kept += 1; print(kept)", "--gateway", url, "--existing", kernel, JUPYTER_TOKEN=TOKEN) == "42"

    stopped = asking.attach("--stop", session.id, "--gateway", f"{url}/?token={TOKEN}")
    assert stopped == (0, "", f"The kernel of session {session.id} has ended.\n")
    assert not session.kernel.exists()
    with serve() as endpoint:
        given = ("-y", "--model", "scripted", "--api-base", endpoint.base(), "--existing", kernel, "Go.")
        gone = program(asking.home, "--gateway", url, *given, JUPYTER_TOKEN=TOKEN)
    told = f"interpreter: There is no kernel {kernel!r} at {url}. Running there: none.\n"
    assert (gone.returncode, gone.stdout, gone.stderr, endpoint.requests) == (2, "", told, [])


def test_a_kernel_that_was_kept_here_is_not_forgotten_for_one_behind_a_server(
    asking: Asking, server: tuple[str, Path]
) -> None:
    asking.ask("kept = 41", "--keep-kernel")
    there = ("--gateway", server[0], "--resume")
    assert asking.ask("print('there')", *there, JUPYTER_TOKEN=TOKEN) == "there"
    left = "This session left a kernel running on this machine. Go on with it here (without --gateway), or end it first"
    assert f"{left}: interpreter attach --stop {asking.session.id}" in asking.told
    with serve() as endpoint:
        given = ("-y", "--model", "scripted", "--api-base", endpoint.base(), *there, "--keep-kernel", "Go.")
        refused = program(asking.home, *given, JUPYTER_TOKEN=TOKEN)
    assert (refused.returncode, left in refused.stderr, endpoint.requests) == (2, True, [])
    assert asking.ask("print(kept + 1)", "--resume") == "42"


def test_a_session_says_that_it_left_a_kernel_on_a_server_and_forgets_one_whose_server_is_gone(
    asking: Asking, tmp_path: Path
) -> None:
    with jupyter_server(tmp_path / "server") as url:
        asking.ask("kept = 41", "--gateway", url, "--keep-kernel", JUPYTER_TOKEN=TOKEN)
        session = asking.session
    left = f"This session left a kernel running at {url}. Go on with it there (--gateway), or end it first: "
    with serve(say("Done."), say("Done.")) as endpoint:
        given = ("-y", "--model", "scripted", "--api-base", endpoint.base(), "--resume", session.id)
        here = program(asking.home, *given, "Go.")
        assert here.stderr.startswith(f"interpreter: {left}interpreter attach --stop {session.id}\n")
        assert here.returncode == 0
        assert program(asking.home, *given, "--keep-kernel", "Go.").returncode == 2
    assert session.kernel.exists()
    status, out, err = asking.attach("--stop", session.id)
    assert (status, out) == (1, "")
    assert err.startswith(f"Nobody answers at {url} (")
    assert err.endswith(" may run on there, and is forgotten here.\n")
    assert not session.kernel.exists()


def test_doctor_names_the_server_with_its_kernels_and_misses_one_that_is_not_there(
    asking: Asking, server: tuple[str, Path]
) -> None:
    there = ("doctor", "--model", "m", "--gateway", server[0])
    well = program(asking.home, *there, JUPYTER_TOKEN=TOKEN)
    (line,) = [line for line in well.stdout.splitlines() if line.startswith("server ")]
    assert (well.returncode, line.startswith(f"server        {server[0]}, with the kernels python3")) == (0, True)
    missed = program(asking.home, *there, "--kernel", "nope", JUPYTER_TOKEN=TOKEN)
    (line,) = [line for line in missed.stdout.splitlines() if line.startswith("server ")]
    assert (missed.returncode, line.endswith(", and none named nope")) == (1, True)


def test_a_session_is_replayed_behind_the_server_that_is_named(asking: Asking, server: tuple[str, Path]) -> None:
    url, files = server
    where = ("--gateway", url, "--python", "/usr/bin/python3")
    assert asking.ask("import os; print(os.getcwd())", *where, JUPYTER_TOKEN=TOKEN) == str(files)
    assert "--python names a Python of this machine and has no effect behind --gateway; " in asking.told
    again = program(asking.home, "replay", asking.session.id, "--gateway", url, JUPYTER_TOKEN=TOKEN)
    assert (again.returncode, str(files) in again.stdout) == (0, True)
    refused = program(asking.home, "replay", asking.session.id, "--gateway", url)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith(f"interpreter: The server at {url} wants a token.")
