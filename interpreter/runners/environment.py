"""What executed code is given: the folder, the Python, the user's environment without the keys of model providers.

A pattern decides what is a key, since every provider names its key in the same way; what is kept out is told by
`interpreter doctor`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from interpreter.runners.pythons import PythonChoice, choose

_KEYS = re.compile(
    r"^\w*API_?(?:KEYS?|SECRET|TOKEN)$|^(?:\w+_)?(?:AUTH_TOKEN|ACCESS_TOKEN|AI_TOKEN)$"
    r"|^(?:INTERPRETER_\w*|JUPYTER_TOKEN|HF_TOKEN|HUGGING_?FACE_\w*TOKEN|CLARIFAI_PAT|AWS_SECRET_ACCESS_KEY"
    r"|AWS_SESSION_TOKEN|AWS_BEARER_TOKEN_\w+|AZURE_(?:AD_TOKEN|CLIENT_SECRET|PASSWORD)|GOOGLE_APPLICATION_CREDENTIALS"
    r"|VERTEX\w*CREDENTIALS|WATSONX_\w+|DATABRICKS_(?:TOKEN|CLIENT_SECRET)|FRIENDLI_TOKEN|GIGACHAT_CREDENTIALS"
    r"|SCW_SECRET_KEY|SNOWFLAKE_JWT|VERCEL_OIDC_TOKEN)$",
    re.IGNORECASE,
)

_CALM = {"NO_COLOR": "1", "TQDM_MININTERVAL": "1", "PAGER": "cat", "GIT_PAGER": "cat", "PYTHONUNBUFFERED": "1"}
"""Programs that draw for a person at a terminal are told that there is none."""

_WITHOUT_PIP = () if os.name == "nt" else (str(Path(__file__).with_name("without_pip")),)
"""A folder on PATH behind that of the Python, with a `pip` for a Python that has none, as one made by uv."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workplace:
    """Where code runs. `environment` is what it gets: keys are out, and `python` means `python.executable`.

    `cache` keeps what this program fetches or learns about Pythons. `memory_limit` in megabytes is for each process of
    a kernel; `output_limit` in megabytes is how much one cell may print.
    """

    folder: str
    environment: Mapping[str, str]
    python: PythonChoice
    cache: Path
    memory_limit: int | None = None
    output_limit: int = 200


def workplace(
    *,
    folder: str,
    environment: Mapping[str, str],
    cache: Path,
    python: str | None = None,
    memory_limit: int | None = None,
    output_limit: int = 200,
) -> Workplace:
    """The workplace for the user's `environment` and wish for a Python. Starts nothing.

    Raises `UsageError` if `python` is none.
    """
    choice = choose(python, environment, folder)
    return Workplace(
        folder=folder,
        environment=for_code(environment, choice),
        python=choice,
        cache=cache,
        memory_limit=memory_limit,
        output_limit=output_limit,
    )


def for_code(environment: Mapping[str, str], python: PythonChoice | None = None) -> dict[str, str]:
    """A copy of `environment` for a kernel or shell: without keys, with quiet defaults, `python` first on PATH."""
    kept = {name: value for name, value in environment.items() if not _KEYS.match(name)}
    kept.update(_CALM)
    if python is None:
        return kept
    for name in ("PYTHONHOME", "VIRTUAL_ENV", "VIRTUAL_ENV_PROMPT", "CONDA_PREFIX"):
        kept.pop(name, None)
    folders = (str(Path(python.executable).parent), *_WITHOUT_PIP, kept.get("PATH", os.defpath))
    kept["PATH"] = os.pathsep.join(folders)
    if python.prefix:
        kept["CONDA_PREFIX" if (Path(python.prefix) / "conda-meta").is_dir() else "VIRTUAL_ENV"] = python.prefix
    return kept
