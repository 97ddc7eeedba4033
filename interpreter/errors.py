"""Every error this program raises on purpose, split by whose fault it is.

    InterpreterError                 its text is one line for the user that says what to do
    ├── UsageError                   the user's: flags, files, names          exit code 2
    │   └── SettingsError            a key or value in a file or variable     exit code 2
    ├── ModelError                   the provider's or the network's          exit code 1
    ├── RunnerError                  a kernel or shell that does not start    exit code 1
    └── StorageError                 a disk that does not take what we keep   exit code 1

What goes wrong inside a cell is no error of ours: it is an output that the model sees. A defect of this program is any
other exception.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Literal, TypeAlias

ModelFault: TypeAlias = Literal[
    "auth",  # the key is missing or refused
    "quota",  # the account has no credit left
    "rate",  # too many requests: wait
    "overload",  # the provider is overloaded: wait
    "server",  # an error inside the provider
    "connect",  # nobody answers at this address
    "timeout",  # no answer, or no next piece, in time
    "dropped",  # the connection ended in the middle of a reply
    "empty",  # the reply holds neither words nor a call
    "context",  # the conversation is longer than the model's window
    "model",  # the endpoint knows no such model
    "provider",  # litellm knows no such provider
    "protocol",  # a role or parameter of our request is not accepted
    "policy",  # the provider's filter refused the content
    "request",  # any other refusal
]
"""What can be wrong with a request to a model; `REMEDIES` says what follows, `models/faults.py` tells them apart."""

Remedy: TypeAlias = Literal["retry", "adapt", "make room", "tell"]
"""Ask again after a wait; ask in another way; send less; or tell the user, who alone can help."""

REMEDIES: Mapping[ModelFault, Remedy] = {
    "auth": "tell",
    "quota": "tell",
    "rate": "retry",
    "overload": "retry",
    "server": "retry",
    "connect": "retry",
    "timeout": "retry",
    "dropped": "retry",
    "empty": "retry",
    "context": "make room",
    "model": "adapt",
    "provider": "tell",
    "protocol": "adapt",
    "policy": "tell",
    "request": "adapt",
}

Feature: TypeAlias = Literal[
    "calls",  # function definitions, as tools or in the original form
    "role",  # a role of calls and their results
    "system",  # the system role
    "alternate",  # roles that do not alternate
    "stream",  # a reply in pieces
    "usage",  # a count of tokens at the end of a stream
    "pictures",  # parts that are not text
    "ids",  # ids of calls that are not nine letters and digits
    "parameter",  # an option of the request, named in the error
    "name",  # the model's name without what looks like a provider's prefix
]
"""What of a request an endpoint may refuse, each of which the program can do without."""


class InterpreterError(Exception):
    """The root. `str(error)` is one line for the user, without a traceback and without a key in it."""

    exit_code = 1


class UsageError(InterpreterError):
    """The command line, a path or a name the user gave cannot be used."""

    exit_code = 2


class SettingsError(UsageError):
    """A setting in a file or variable is unknown or has a wrong value; the text names the place."""


class ModelError(InterpreterError):
    """A request to the model failed.

    `fault` is what was wrong, `detail` the provider's own words (for the log and for classification, never executed
    or trusted), `retry_after` the seconds the provider asked us to wait, None if it did not say. `refused` is what of
    the request was not accepted, where that is known, and `parameter` its name; `window` is how many tokens the
    endpoint said it takes.
    """

    def __init__(
        self,
        message: str,
        *,
        fault: ModelFault,
        detail: str = "",
        retry_after: float | None = None,
        refused: Feature | None = None,
        parameter: str = "",
        window: int | None = None,
    ) -> None:
        super().__init__(message)
        self.fault: ModelFault = fault
        self.detail = detail
        self.retry_after = retry_after
        self.refused: Feature | None = refused
        self.parameter = parameter
        self.window = window

    @property
    def remedy(self) -> Remedy:
        """What follows from it."""
        return REMEDIES[self.fault]


class RunnerError(InterpreterError):
    """A kernel, a shell or a language's program could not be started or reached."""


class StorageError(InterpreterError):
    """What must be kept could not be written: a full disk, a read-only folder, a session in use."""


def installing(package: str) -> str:
    """What a person runs to have `package` where this program is, for an error's text."""
    return f"{sys.executable} -m pip install {package}"
