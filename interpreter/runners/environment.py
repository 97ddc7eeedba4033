"""The environment that executed code gets: the user's own, without the keys of model providers.

A pattern decides, since every provider names its key in the same way; what is kept out is told by `interpreter doctor`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_KEYS = re.compile(
    r"^(?:\w+_)?(?:API_KEY|API_KEYS|AUTH_TOKEN|ACCESS_TOKEN|API_TOKEN)$"
    r"|^(?:INTERPRETER_\w*|HF_TOKEN|HUGGINGFACE_\w*TOKEN|AWS_SECRET_ACCESS_KEY|AWS_SESSION_TOKEN|AZURE_AD_TOKEN"
    r"|GOOGLE_APPLICATION_CREDENTIALS|VERTEX\w*CREDENTIALS|WATSONX_\w+|DATABRICKS_TOKEN)$",
    re.IGNORECASE,
)

_CALM = {"NO_COLOR": "1", "TQDM_MININTERVAL": "1", "PAGER": "cat", "GIT_PAGER": "cat", "PYTHONUNBUFFERED": "1"}
"""Programs that draw for a person at a terminal are told that there is none."""


def for_code(environment: Mapping[str, str], **more: str) -> dict[str, str]:
    """A copy of `environment` for a kernel or shell: without keys, with quiet defaults, and with `more`."""
    kept = {name: value for name, value in environment.items() if not _KEYS.match(name)}
    return {**kept, **_CALM, **more}
