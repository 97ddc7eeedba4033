"""The languages of a gateway: a row for each of its kernelspecs, and the shell beside its Python. Starts no kernel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from interpreter.errors import RunnerError, UsageError
from interpreter.runners import ferry
from interpreter.runners.gateway import Gateway
from interpreter.runners.jupyter import JupyterRunner
from interpreter.runners.kernelspecs import Kernelspec
from interpreter.runners.languages import PYTHON, SHELL, Language, Late, Table, of_kernelspecs
from interpreter.runners.local_files import contents, keep
from interpreter.runners.remote import RemoteKernels
from interpreter.runners.remote_shell import ShellCells
from interpreter.seams import Runner

_SHELL = (
    "In shell each call is a new bash with the folder, variables and functions of the last; nobody can type into it."
)


class RemoteRunners(Table):
    """Implements `Runners` on a gateway. `kernel` is the kernelspec of the main language, None for the server's own.

    `id` is a foreign kernel of that language, to be joined. The main kernel is written down in `home`, and is to `keep`
    running when the session is over. Raises `UsageError` if there is no such kernelspec.
    """

    def __init__(
        self,
        *,
        gateway: Gateway,
        specs: Sequence[Kernelspec],
        interactive: bool,
        output_limit: int,
        kernel: str | None = None,
        id: str | None = None,
        home: Path | None = None,
        keep: bool = False,
    ) -> None:
        main = next((spec for spec in specs if kernel in (None, spec.name)), None)
        if main is None:
            known = ", ".join(spec.name for spec in specs) or "none"
            raise UsageError(f"There is no kernel named {kernel!r} at {gateway.address.url}. It has: {known}.")
        self._gateway = gateway
        self._interactive = interactive
        self._limit = output_limit
        self._main = RemoteKernels(gateway=gateway, name=main.name, id=id, home=home, keep=keep)
        super().__init__(_rows(main, specs), self._made)

    @property
    def main(self) -> RemoteKernels:
        """Where the kernel of the main language comes from."""
        return self._main

    @property
    def note(self) -> str:
        """What a model must know besides the names."""
        shell = f" {_SHELL}" if SHELL.name in self.languages else ""
        return (
            f"The code runs on the server {self._gateway.address.url}, in its folder and with its packages; "
            f"the user's own files are not there, but those attached were copied. At the prompt, /download FILE brings "
            f"what was written there to the user.{shell}"
        )

    async def upload(self, local: Path, folder: str) -> str:
        """Copy a file into that folder on the server, or where its Python runs; its path there."""
        if await self._gateway.keeps_files():
            return await self._gateway.upload(local, folder)
        path = f"{folder}/{local.name}"
        await ferry.put(self._python(), await contents(local), path)
        return path

    async def download(self, remote: str, local: Path) -> None:
        """Copy a file from the server's folder, or from where its Python runs, to `local`."""
        if await self._gateway.keeps_files():
            await self._gateway.download(remote, local)
        else:
            await keep(await ferry.get(self._python(), remote), local)

    def _python(self) -> JupyterRunner:
        runner = self.get(PYTHON.name) if PYTHON.name in self.languages else None
        if not isinstance(runner, JupyterRunner):
            raise RunnerError(f"The server at {self._gateway.address.url} keeps no files, and runs no Python.")
        return runner

    async def close(self) -> None:
        """Close every runner that was started, and the connections."""
        try:
            await super().close()
        finally:
            await self._gateway.close()

    def _made(self, row: Language, late: Late) -> Runner:
        spec = row.kernel or self._main.name
        kernels = self._main if row.name == self.languages[0] else RemoteKernels(gateway=self._gateway, name=spec)
        runner = JupyterRunner(kernels=kernels, interactive=self._interactive, late=late, output_limit=self._limit)
        return ShellCells(runner) if row.name == SHELL.name else runner


def _rows(main: Kernelspec, specs: Sequence[Kernelspec]) -> Iterator[Language]:
    """The main language first; the shell where there is a Python that can start one."""
    aliases = PYTHON.aliases if main.language == PYTHON.name else ()
    yield Language(name=main.language, aliases=aliases, kind="kernel", kernel=main.name)
    python = next((spec for spec in (main, *specs) if spec.language == PYTHON.name), None)
    if python is not None:
        yield replace(SHELL, kernel=python.name)
        if python is not main and main.language != PYTHON.name:
            yield replace(PYTHON, kernel=python.name)
    yield from (row for row in of_kernelspecs(specs) if row.name != main.language)
