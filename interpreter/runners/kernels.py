"""Where the kernels of this machine come from: which program is started, with what, and what it may lack.

A kernelspec whose program is an ipykernel stands for its Python, and is started as our own is.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from interpreter.errors import RunnerError
from interpreter.runners import borrowing, probing
from interpreter.runners.channels import Channel, Message, Received
from interpreter.runners.environment import Workplace
from interpreter.runners.installing import Remedy, kernel_folder, kernel_remedy, module_remedy
from interpreter.runners.kernel import Launch, LocalKernel
from interpreter.runners.kernelspecs import QUIRKS, SOCKETS, Quirks, data_folders
from interpreter.runners.probing import Facts

_OPTIONS = (
    "--HistoryManager.enabled=False",
    "--InteractiveShell.colors=NoColor",
    "--InteractiveShell.xmode=Plain",
    "--InteractiveShellApp.ignore_cwd=True",
    "--InteractiveShellApp.exec_PYTHONSTARTUP=False",
    "--IPCompleter.use_jedi=False",
)


class Kernel(Protocol):
    """A kernel's process and channels, wherever it runs. `died` is set when it ended by itself."""

    @property
    def died(self) -> asyncio.Event:
        """Set when the process ended without being told to."""

    @property
    def exit_code(self) -> int | None:
        """What it ended with: a signal's number is negative; None if it lives or nobody knows."""

    @property
    def language(self) -> str:
        """What it runs, in its own words and small letters."""

    @property
    def foreign(self) -> bool:
        """Whether somebody else began it and it is not ours to end: it is joined and left."""

    @property
    def ours(self) -> bool:
        """Whether it answers for its variables beside a running cell: our launcher does, and who was taught to."""

    async def start(self) -> None:
        """Return when it answers. Raises `RunnerError` with its own words if it does not."""

    def send(self, channel: Channel, kind: str, content: Mapping[str, object]) -> tuple[str, asyncio.Future[Message]]:
        """Send a request; its message id, and the reply when it comes."""

    async def interrupt(self) -> None:
        """Interrupt the running cell; harmless when there is none."""

    async def close(self) -> None:
        """End it and what it started, unless it is `foreign`."""

    async def leave(self) -> None:
        """The session is over: let it run on if it is to be kept or `foreign`, else close it."""

    def log(self) -> str:
        """The end of what it wrote outside any cell, for whoever must explain its end."""


class Kernels(Protocol):
    """A source of kernels, each new one like the one before."""

    @property
    def unasked(self) -> bool:
        """Whether a kernel may be started before anybody approved a cell."""

    async def kernel(self, received: Received) -> Kernel:
        """A kernel that is not started yet.

        Raises `Missing` if something must be installed before, `RunnerError` if nothing helps.
        """

    async def remedy(self, module: str) -> Remedy | None:
        """How `module` could be installed for the cells; None where it cannot."""


@dataclass(slots=True, kw_only=True)
class LocalKernels:
    """Implements `Kernels`. `name` is a kernelspec, None for the workplace's Python.

    `home` is the folder of a kernel that is to run on when the session is over.
    """

    workplace: Workplace
    name: str | None = None
    home: Path | None = None
    _facts: Facts | None = field(default=None, init=False)

    @property
    def unasked(self) -> bool:
        """A Python that was merely found in a folder waits for a person's yes to its first cell."""
        return self.name is None and self.workplace.python.why != "found"

    async def kernel(self, received: Received) -> Kernel:
        """See `Kernels.kernel`."""
        if self.name is not None:
            launch = await asyncio.to_thread(self._of_spec, self.name)
        else:
            launch = await self._of_python()
        return LocalKernel(launch=launch, received=received, home=self.home)

    async def remedy(self, module: str) -> Remedy | None:
        """See `Kernels.remedy`."""
        if self.name is not None:
            return None
        return module_remedy(module, self.workplace, await self._asked())

    async def _asked(self) -> Facts:
        if self._facts is None:
            place = self.workplace
            self._facts = await probing.ask(place.python.executable, place.environment, place.cache)
        return self._facts

    async def _of_python(self) -> Launch:
        python = self.workplace.python
        borrowed: Mapping[str, str] = {}
        if not python.own:
            facts = await self._asked()
            borrowed = {} if facts.kernel else await asyncio.to_thread(self._borrowed, facts)
        launch = self._launch((python.executable,), borrowed)
        if not borrowed:
            return launch
        # A package of that environment may be too old for what is lent to it.
        return replace(launch, advice=f"Install what fits there with: {python.executable} -m pip install ipykernel")

    def _borrowed(self, facts: Facts) -> Mapping[str, str]:
        """What a kernel needs, for a Python without it. Raises `Missing`, or `RunnerError` where nothing helps."""
        if borrowing.fits(facts) and (modules := borrowing.closure()):
            return modules
        folder = kernel_folder(self.workplace, facts)
        if (folder / "ipykernel").is_dir():
            return borrowing.in_folder(folder)
        raise kernel_remedy(self.workplace, facts)

    def _launch(
        self, python: Sequence[str], borrowed: Mapping[str, str], more: Mapping[str, str] | None = None
    ) -> Launch:
        environment = {**self.workplace.environment, **(more or {})}
        plan = {
            "borrowed": borrowed,
            "python_path": environment.pop("PYTHONPATH", None),
            "memory_limit": self.workplace.memory_limit,
            "output_limit": self.workplace.output_limit,
        }
        launcher = str(Path(__file__).with_name("inside") / "launcher.py")
        return Launch(
            argv=(*python, launcher, json.dumps(plan), "-f", "{connection_file}", *_OPTIONS),
            folder=self.workplace.folder,
            environment=environment,
            ours=True,
        )

    def _of_spec(self, name: str) -> Launch:
        from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
        from traitlets import TraitError

        folders = data_folders(self.workplace.environment)
        specs = KernelSpecManager(kernel_dirs=[str(folder / "kernels") for folder in folders])
        try:
            spec = specs.get_kernel_spec(name)
        except NoSuchKernel as error:
            known = ", ".join(sorted(specs.find_kernel_specs())) or "none"
            raise RunnerError(f"There is no kernel named {name!r}. Installed here: {known}.") from error
        except (OSError, ValueError, TypeError, AttributeError, TraitError) as error:
            words = f"The kernelspec of {name!r} cannot be read: {error}. Install that kernel again."
            raise RunnerError(words) from error
        if not spec.argv:
            raise RunnerError(f"The kernelspec of {name!r} names no program. Install that kernel again.")
        if spec.argv[0] in ("python", "python3"):  # whichever it lies beside
            ours = Path(spec.resource_dir).is_relative_to(sys.prefix)
            spec.argv[0] = sys.executable if ours else self.workplace.python.executable
        if "ipykernel_launcher" in spec.argv and spec.argv[1] != "-c":
            return self._launch((spec.argv[0],), {}, spec.env)
        return Launch(
            name=name,
            spec=spec,
            folder=self.workplace.folder,
            environment=self.workplace.environment,
            quirks=QUIRKS.get(spec.language.lower(), Quirks()),
            sockets=any(word in part for part in spec.argv for word in SOCKETS),
        )
