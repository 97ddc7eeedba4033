"""What is missing, how it could be installed, and doing so after a yes. Decides nothing and asks nobody.

The table maps names that are imported to the distributions they come in, where the two differ.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass
from pathlib import Path

from interpreter.errors import RunnerError
from interpreter.protocols.content import clean
from interpreter.runners.environment import Workplace
from interpreter.runners.probing import Facts
from interpreter.stop import Stop, Stopped, until_stopped

DISTRIBUTIONS: Mapping[str, str] = {
    "Bio": "biopython",
    "Crypto": "pycryptodome",
    "OpenSSL": "pyOpenSSL",
    "PIL": "pillow",
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python",
    "dateutil": "python-dateutil",
    "docx": "python-docx",
    "dotenv": "python-dotenv",
    "fitz": "PyMuPDF",
    "git": "GitPython",
    "github": "PyGithub",
    "googleapiclient": "google-api-python-client",
    "jwt": "PyJWT",
    "magic": "python-magic",
    "mpl_toolkits": "matplotlib",
    "osgeo": "GDAL",
    "pptx": "python-pptx",
    "psycopg2": "psycopg2-binary",
    "rest_framework": "djangorestframework",
    "serial": "pyserial",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "slugify": "python-slugify",
    "telegram": "python-telegram-bot",
    "umap": "umap-learn",
    "usb": "pyusb",
    "win32api": "pywin32",
    "yaml": "PyYAML",
    "zmq": "pyzmq",
}

_ABSENT = re.compile(r"No module named '([A-Za-z]\w*)'")
"""A whole top-level module; `'pandas.foo'` is absent inside a package that is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """An installation that would help: the question to put, the command behind a yes, and what it installs."""

    question: str
    command: tuple[str, ...]
    environment: Mapping[str, str]


class Missing(RunnerError):
    """A kernel cannot be started before `remedy` is carried out; the text says what to do where nobody is asked."""

    def __init__(self, message: str, remedy: Remedy) -> None:
        super().__init__(message)
        self.remedy = remedy


def missing_module(name: str, value: str) -> str | None:
    """The top-level module that an error of class `name` with the words `value` says is absent."""
    found = _ABSENT.fullmatch(value) if name == "ModuleNotFoundError" else None
    return found[1] if found and found[1] not in sys.stdlib_module_names else None


def module_remedy(module: str, workplace: Workplace, facts: Facts) -> Remedy | None:
    """How to install what `module` comes in; None where neither uv nor pip is there."""
    python = workplace.python
    command = _installer(workplace, facts)
    if command is None:
        return None
    package = DISTRIBUTIONS.get(module, module)
    place = python.prefix or python.executable
    return Remedy(
        question=f"{module} is not installed. Install {package!r} into {place} with {command[0]}? [y/N] ",
        command=(*command[1], package),
        environment=workplace.environment,
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
    command = _installer(workplace, facts)
    if command is None:
        return RunnerError(f"{advice}, or choose another Python with --python.")
    folder = kernel_folder(workplace, facts)
    remedy = Remedy(
        question=f"{words}. Fetch it with {command[0]} into {folder}, leaving that Python as it is? [y/N] ",
        command=(*command[1], "--target", str(folder), "ipykernel"),
        environment=workplace.environment,
    )
    return Missing(f"{advice}, or choose another Python with --python.", remedy)


def _installer(workplace: Workplace, facts: Facts) -> tuple[str, tuple[str, ...]] | None:
    """Its name and the command, without what to install."""
    python = workplace.python.executable
    if uv := shutil.which("uv", path=workplace.environment.get("PATH")):
        return "uv", (uv, "pip", "install", "--python", python)
    if facts.pip:
        return "pip", (python, "-m", "pip", "install", "--disable-pip-version-check", "--no-input")
    return None


async def carry_out(remedy: Remedy, folder: str, stop: Stop) -> AsyncGenerator[str, None]:
    """Run the command in `folder`, as it prints. Raises `RunnerError` if it fails, `Stopped` after a stop."""
    process = await asyncio.create_subprocess_exec(
        *remedy.command,
        cwd=folder,
        env=dict(remedy.environment),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    last = ""
    try:
        async with aclosing(until_stopped(stop, process.stdout)) as lines:  # type: ignore[type-var]
            async for line in lines:
                text = clean(line.decode(errors="replace"))
                last = text.strip() or last
                yield text
    except Stopped:
        process.terminate()
        raise
    finally:
        with suppress(ProcessLookupError):
            if process.returncode is None and process.stdout.at_eof() is False:
                process.kill()
        code = await process.wait()
    if code:
        raise RunnerError(f"The installation failed (exit code {code}): {last}")
