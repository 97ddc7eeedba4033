"""The settings that every command heeds which runs code, and what its help says of them. Declares nothing."""

from __future__ import annotations

from collections.abc import Mapping

RUNNING: Mapping[str, str] = {
    "cell_timeout": "",
    "python": "",
    "kernel": "",
    "gateway": "Run code on the Jupyter Server or Enterprise Gateway at URL, as a browser shows it; behind a "
    "JupyterHub it ends in /user/NAME. The token may stand in URL, in INTERPRETER_GATEWAY_TOKEN or in JUPYTER_TOKEN; "
    "--kernel chooses one of its kernelspecs.",
}
"""Where the words are empty, the setting's own are told."""
