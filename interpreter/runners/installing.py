"""What is missing, how it could be installed, and doing so after a yes. Decides nothing and asks nobody.

The table maps names that are imported to the distributions they come in, where the two differ.
"""

from __future__ import annotations

import asyncio
import codecs
import re
import secrets
import shutil
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from interpreter.errors import RunnerError
from interpreter.protocols.content import clean
from interpreter.runners.child import Child, start
from interpreter.runners.environment import Workplace
from interpreter.runners.printed import READ
from interpreter.runners.probing import Facts
from interpreter.runners.waiting import within
from interpreter.stop import Stop, race

DISTRIBUTIONS: Mapping[str, str] = {
    "Bio": "biopython",
    "Crypto": "pycryptodome",
    "MySQLdb": "mysqlclient",
    "OpenGL": "PyOpenGL",
    "OpenSSL": "pyOpenSSL",
    "PIL": "pillow",
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "bson": "pymongo",
    "cairo": "pycairo",
    "cv2": "opencv-python",
    "dateutil": "python-dateutil",
    "discord": "discord.py",
    "dns": "dnspython",
    "docx": "python-docx",
    "dotenv": "python-dotenv",
    "faiss": "faiss-cpu",
    "fitz": "PyMuPDF",
    "gi": "PyGObject",
    "git": "GitPython",
    "github": "PyGithub",
    "googleapiclient": "google-api-python-client",
    "jose": "python-jose",
    "jwt": "PyJWT",
    "kafka": "kafka-python",
    "ldap": "python-ldap",
    "magic": "python-magic",
    "mpl_toolkits": "matplotlib",
    "nacl": "PyNaCl",
    "osgeo": "GDAL",
    "pkg_resources": "setuptools",
    "pptx": "python-pptx",
    "psycopg2": "psycopg2-binary",
    "pylab": "matplotlib",
    "rest_framework": "djangorestframework",
    "ruamel": "ruamel.yaml",
    "serial": "pyserial",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "slugify": "python-slugify",
    "socks": "PySocks",
    "speech_recognition": "SpeechRecognition",
    "telegram": "python-telegram-bot",
    "umap": "umap-learn",
    "usb": "pyusb",
    "win32api": "pywin32",
    "win32com": "pywin32",
    "wx": "wxPython",
    "yaml": "PyYAML",
    "zmq": "pyzmq",
}

_NEVER = frozenset(
    {"app", "azure", "common", "config", "google", "helpers", "main", "settings", "src", "tests", "utils"}
)
"""Modules of the user's own or of many distributions: what bears such a name in an index is another thing."""

_ABSENT = re.compile(r"No module named '([A-Za-z]\w*)'")
"""A whole top-level module; `'pandas.foo'` is absent inside a package that is there."""

_TAKING_BACK = 3.0
"""Seconds an interrupted installer may take to end."""
_HOW = "y or n, then Enter: "
"""How the questions are answered: as an input of the cell, so not by one key as where code is approved."""
_CALM = {"PIP_PROGRESS_BAR": "off", "PIP_ROOT_USER_ACTION": "ignore"}
"""Said in the environment, since an old pip refuses an option that it does not know."""

_OPTIONAL = re.compile(
    r"Missing optional dependency '([A-Za-z][\w.-]*)'|`Import ([A-Za-z][\w.-]*)` failed|(matplotlib) is required for"
)
"""How pandas words it, by its version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """An installation that would help: the question to put, and the command behind a yes, run in `folder`.

    `staged`: what is fetched lands in the first folder, and is moved to the second when it is whole.
    """

    question: str
    command: tuple[str, ...]
    folder: str
    environment: Mapping[str, str]
    staged: tuple[Path, Path] | None = None


class Missing(RunnerError):
    """A kernel cannot be started before `remedy` is carried out; the text says what to do where nobody is asked."""

    def __init__(self, message: str, remedy: Remedy) -> None:
        super().__init__(message)
        self.remedy = remedy


def missing_module(name: str, value: str) -> str | None:
    """The module, or what pandas wants besides, that an error of class `name` with the words `value` says is absent."""
    match name:
        case "ModuleNotFoundError":
            found = _ABSENT.fullmatch(value)
        case "ImportError":
            found = _OPTIONAL.match(value)
        case _:
            found = None
    module = found[found.lastindex or 0] if found else None
    return None if module in sys.stdlib_module_names | _NEVER else module


def module_remedy(module: str, workplace: Workplace, facts: Facts) -> Remedy | None:
    """How to install what `module` comes in; None where neither uv nor pip is there, or that Python takes nothing."""
    installer = _installer(workplace, facts)
    if installer is None or facts.managed:
        return None
    package = DISTRIBUTIONS.get(module, module)
    place = workplace.python.prefix or workplace.python.executable
    return Remedy(
        question=f"{module} is not installed. Install {package!r} into {place} with {installer.name}? {_HOW}",
        command=(*installer.command, package),
        folder=installer.folder,
        environment={**workplace.environment, **_CALM},
    )


def kernel_folder(workplace: Workplace, facts: Facts) -> Path:
    """Where what a kernel needs is kept for Pythons of that version, apart from every environment."""
    kind = re.sub(r"[^\w.-]", "_", facts.abi.strip(".").removesuffix(".so").removesuffix(".pyd"))
    return workplace.cache / "kernels" / (kind or facts.version)


def kernel_remedy(workplace: Workplace, facts: Facts) -> Missing | RunnerError:
    """How to fetch what a kernel needs, without installing anything into the user's environment."""
    python = workplace.python.executable
    words = f"{python} (Python {facts.version}) has no ipykernel"
    advice = f"{words}. Install it there with: {python} -m pip install ipykernel"
    installer = _installer(workplace, facts)
    if installer is None:
        return RunnerError(f"{advice}, or choose another Python with --python.")
    folder = kernel_folder(workplace, facts)
    part = folder.with_name(f"{folder.name}.{secrets.token_hex(8)}.part")  # another session may fetch too
    remedy = Remedy(
        question=f"{words}. Fetch it with {installer.name} into {folder}, leaving that Python as it is? {_HOW}",
        command=(*installer.command, "--quiet", "--target", str(part), "ipykernel"),
        folder=installer.folder,
        environment={**workplace.environment, **_CALM},
        staged=(part, folder),
    )
    return Missing(f"{advice}, or choose another Python with --python.", remedy)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Installer:
    """The command, without what to install, and where it is run: uv reads the project's settings, pip its modules."""

    name: str
    command: tuple[str, ...]
    folder: str


def _installer(workplace: Workplace, facts: Facts) -> _Installer | None:
    python = workplace.python.executable
    if uv := shutil.which("uv", path=workplace.environment.get("PATH")):
        return _Installer(name="uv", command=(uv, "pip", "install", "--python", python), folder=workplace.folder)
    options = ("install", "--disable-pip-version-check", "--no-input")
    if facts.pip:
        return _Installer(name="pip", command=(python, "-m", "pip", *options), folder=str(Path(python).parent))
    if find_spec("pip") is not None:
        command = (sys.executable, "-m", "pip", "--python", python, *options)
        return _Installer(name="pip", command=command, folder=str(Path(sys.executable).parent))
    return None


async def carry_out(remedy: Remedy, stop: Stop) -> AsyncGenerator[str, None]:
    """Run the command, as it prints. Raises `RunnerError` if it fails, `Stopped` after a stop; nothing runs on then."""
    if remedy.staged:
        await asyncio.to_thread(shutil.rmtree, remedy.staged[0], ignore_errors=True)
    child = await start(remedy.command, folder=remedy.folder, environment=remedy.environment, joined=True)
    last = ""
    try:
        async with aclosing(_lines(child, stop)) as lines:
            async for line in lines:
                text = clean(line)
                last = text.strip() or last
                yield text
        await race(stop, child.ended.wait())
        if child.exit_code:
            raise RunnerError(f"The installation failed (exit code {child.exit_code}): {last}")
        if remedy.staged:
            _put(*remedy.staged)
    finally:
        if child.exit_code is None:  # interrupted, an installer takes back what it has half done
            child.interrupt()
            await within(child.ended, _TAKING_BACK)
        await child.close()
        if remedy.staged:
            await asyncio.to_thread(shutil.rmtree, remedy.staged[0], ignore_errors=True)


async def _lines(child: Child, stop: Stop) -> AsyncGenerator[str, None]:
    """What it prints, by lines of any length."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    rest = ""
    while data := await race(stop, child.stdout.read(READ)):
        *whole, rest = (rest + decoder.decode(data)).split("\n")
        for line in whole:
            yield f"{line}\n"
    if rest:
        yield rest


def _put(part: Path, folder: Path) -> None:
    """Move what was fetched to its place, unless another session was faster."""
    try:
        part.replace(folder)
    except OSError as error:
        if not (folder / "ipykernel").is_dir():
            why = error.strerror or error
            raise RunnerError(f"What was fetched cannot be put into {folder}: {why}. See what is there.") from error
