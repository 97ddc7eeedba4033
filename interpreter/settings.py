"""Every setting, once: the manual that `--help` and the page of settings are made from. Reads no file and no flag."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Literal, TypeAlias

from interpreter.options import Option, option, read_value

LATEST = "latest"
"""What `--resume` means without a value."""
Keys: TypeAlias = Literal["emacs", "vi"]
ProtocolChoice: TypeAlias = Literal["auto", "tools", "functions", "text"]
ThemeChoice: TypeAlias = Literal["auto", "dark", "light", "mono"]
ImageChoice: TypeAlias = Literal["auto", "kitty", "iterm2", "sixel", "none"]
Notify: TypeAlias = Literal["off", "bell", "desktop"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a session is built from. Raises `SettingsError` for a value that an option does not take."""

    profile: str | None = option(
        None,
        "--profile",
        metavar="NAME",
        env="INTERPRETER_PROFILE",
        help="Use the settings of [profiles.NAME] in the configuration file over those at its top.",
    )
    model: str | None = option(
        None,
        "-m",
        "--model",
        metavar="NAME",
        env="INTERPRETER_MODEL",
        help="The model that answers, as litellm names it (PROVIDER/NAME), or as the endpoint at --api-base does.",
    )
    yes: bool = option(
        False,
        "-y",
        "--yes",
        kind="switch",
        help="Run every piece of code without asking. Can only be said on the command line.",
    )
    protocol: ProtocolChoice = option(  # noqa: RUF009 - gives a field, as all the others do
        "auto",
        "--protocol",
        kind="choice",
        choices=("auto", "tools", "functions", "text"),
        env="INTERPRETER_PROTOCOL",
        help="How code travels inside a reply: as a tool call, as a function call, or in fenced text.",
    )
    api_base: str | None = option(
        None,
        "--api-base",
        kind="address",
        metavar="URL",
        env="INTERPRETER_API_BASE",
        help="The address of the endpoint that serves the model.",
    )
    api_key: str | None = option(
        None,
        "--api-key",
        metavar="KEY",
        env="INTERPRETER_API_KEY",
        secret=True,
        help="The endpoint's key. Better given in the environment: a command line is seen by others.",
    )
    custom_llm_provider: str | None = option(
        None,
        "--custom-llm-provider",
        metavar="NAME",
        env="INTERPRETER_CUSTOM_LLM_PROVIDER",
        help="The provider whose way of speaking the endpoint has, in litellm's words.",
    )
    local: str | bool = option(
        False,
        "--local",
        kind="weights",
        metavar="FILE.gguf",
        env="INTERPRETER_LOCAL",
        help="Answer with the embedded model, or with the weights in FILE.gguf, on this machine.",
    )
    json: bool = option(
        False, "--json", kind="switch", help="Write one event a line, as JSON, and nothing else on stdout."
    )
    plain: bool = option(
        False,
        "--plain",
        kind="switch",
        env="INTERPRETER_PLAIN",
        help="Write plain text: no colours and nothing redrawn.",
    )
    theme: ThemeChoice = option(  # noqa: RUF009 - gives a field, as all the others do
        "auto",
        kind="choice",
        choices=("auto", "dark", "light", "mono"),
        env="INTERPRETER_THEME",
        help="The colours: for any background, for a dark or a light one, or none but bold and dim.",
    )
    images: ImageChoice = option(  # noqa: RUF009
        "auto",
        kind="choice",
        choices=("auto", "kitty", "iterm2", "sixel", "none"),
        env="INTERPRETER_IMAGES",
        help="How pictures are drawn in the terminal; auto looks for a terminal known to draw them. Each is kept as a "
        "file too. For sixel, Pillow must be installed.",
    )
    notify: Notify = option(  # noqa: RUF009
        "off",
        kind="choice",
        choices=("off", "bell", "desktop"),
        env="INTERPRETER_NOTIFY",
        help="What tells of the end of a turn that took longer than ten seconds: nothing, a bell, a notification.",
    )
    keys: Keys = option(  # noqa: RUF009 - gives a field, as all the others do
        "emacs",
        kind="choice",
        choices=("emacs", "vi"),
        env="INTERPRETER_KEYS",
        help="How the keys of the prompt edit: as in emacs or as in vi.",
    )
    resume: str | None = option(
        None,
        "--resume",
        kind="session",
        metavar="ID",
        help="Go on with a kept session: the one whose id (or its beginning) is given, else the latest; at a terminal, "
        "the latest at which a person was.",
    )
    max_steps: int = option(
        50,
        "--max-steps",
        kind="count",
        metavar="N",
        env="INTERPRETER_MAX_STEPS",
        help="End a turn after N requests to the model.",
    )
    max_cost: float | None = option(
        None,
        "--max-cost",
        kind="cost",
        metavar="USD",
        env="INTERPRETER_MAX_COST",
        help="Ask the model nothing more once the session has cost this much; warn at four fifths of it.",
    )
    temperature: float | None = option(
        None,
        kind="number",
        env="INTERPRETER_TEMPERATURE",
        help="How freely the model chooses its words; without it, as its endpoint has it.",
    )
    max_tokens: int | None = option(
        None,
        kind="count",
        env="INTERPRETER_MAX_TOKENS",
        help="How long one reply of the model may be, in tokens; without it, as its endpoint has it.",
    )
    timeout: float = option(
        600.0,
        kind="seconds",
        env="INTERPRETER_TIMEOUT",
        help="Give a request up after so many seconds without any part of a reply.",
    )
    instructions: str | None = option(
        None,
        env="INTERPRETER_INSTRUCTIONS",
        help="What the model should always keep in mind, added to what it is told of this program.",
    )
    cell_timeout: float | None = option(
        None,
        "--cell-timeout",
        kind="seconds",
        metavar="S",
        env="INTERPRETER_CELL_TIMEOUT",
        help="Interrupt code that runs for longer than S seconds; without it, code may run for ever.",
    )
    python: str | None = option(
        None,
        "--python",
        metavar="PATH",
        env="INTERPRETER_PYTHON",
        help="The Python that code runs in, or its environment's folder; without it the active environment's, the "
        "nearest .venv's, or this program's own.",
    )
    kernel: str | None = option(
        None,
        "--kernel",
        metavar="NAME",
        env="INTERPRETER_KERNEL",
        help="The Jupyter kernelspec that Python code runs in, instead of a Python; one of another language makes that "
        "the main language.",
    )
    gateway: str | None = option(
        None,
        "--gateway",
        kind="address",
        metavar="URL",
        env="INTERPRETER_GATEWAY",
        secret=True,  # a token may stand in it
        help="Run code on the Jupyter Server or Enterprise Gateway at URL, as a browser shows it; behind a JupyterHub "
        "it ends in /user/NAME. The token may stand in URL, in INTERPRETER_GATEWAY_TOKEN or in JUPYTER_TOKEN, else the "
        "conversation asks for it; --kernel chooses one of its kernelspecs, and /download fetches files from there.",
    )
    existing: str | None = option(
        None,
        "--existing",
        metavar="FILE",
        help="Join the running kernel of that connection file, or with --gateway the one of that id; it is neither "
        "started nor ended.",
    )
    keep_kernel: bool = option(
        False,
        "--keep-kernel",
        kind="switch",
        env="INTERPRETER_KEEP_KERNEL",
        help="Leave the kernel of the main language running at the end, with all its variables; --resume finds it "
        "again and leaves it running too. `interpreter attach` tells how other programs join it, and with --stop ends "
        "it.",
    )
    memory_limit: int | None = option(
        None,
        kind="count",
        env="INTERPRETER_MEMORY_LIMIT",
        help="The megabytes of address space that the Python kernel, and each process it starts, may take; without it, "
        "all there are.",
    )
    output_limit: int = option(
        200,
        kind="count",
        env="INTERPRETER_OUTPUT_LIMIT",
        help="Interrupt code that has printed more than so many megabytes.",
    )
    background_after: float | None = option(
        None,
        kind="seconds",
        env="INTERPRETER_BACKGROUND_AFTER",
        help="Let code that runs for longer than so many seconds go on in the background of a conversation; without "
        "it, only when it is told to.",
    )
    keep_days: int | None = option(
        None,
        kind="count",
        env="INTERPRETER_KEEP_DAYS",
        help="Delete sessions that nobody went on with for so many days; without it, sessions are kept for ever.",
    )
    keep_megabytes: int | None = option(
        None,
        kind="count",
        env="INTERPRETER_KEEP_MEGABYTES",
        help="Delete the oldest sessions once all of them take more than so many megabytes.",
    )

    languages: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    """Languages of the user's own, as their tables in the configuration file; no flag and no variable gives them."""

    notebook: str | None = None
    """A notebook to begin with; given as the prompt, so neither a flag nor a variable is for it."""

    def __post_init__(self) -> None:
        for known in options():
            given = getattr(self, known.name)
            if given is not None:
                read_value(known, given, known.name)


def options() -> tuple[Option, ...]:
    """Every option, in the order of the manual."""
    return tuple(Option(name=declared.name, **declared.metadata) for declared in fields(Settings) if declared.metadata)
