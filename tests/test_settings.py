"""Settings: where each value comes from, what wins, and what is said of a value that cannot be used."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from interpreter.errors import SettingsError, UsageError
from interpreter.options import Value
from interpreter.places import Places, places
from interpreter.runners.languages import row_from_table
from interpreter.settings import Settings, options
from interpreter.sources import resolve


def resolved(
    folder: Path,
    text: str | None = None,
    environment: Mapping[str, str] | None = None,
    flags: Mapping[str, Value | None] | None = None,
) -> Settings:
    file = folder / "config.toml"
    if text is not None:
        file.write_text(text, encoding="utf-8")
    return resolve(flags=flags or {}, environment=environment or {}, file=file)


def refused(folder: Path, text: str | None = None, environment: Mapping[str, str] | None = None, **flags: Any) -> str:
    with pytest.raises(SettingsError) as caught:
        resolved(folder, text, environment, flags)
    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)
    return str(caught.value).replace(str(folder / "config.toml"), "FILE")


def test_without_any_source_the_defaults_hold(tmp_path: Path) -> None:
    assert resolved(tmp_path) == Settings()


def test_a_flag_wins_over_a_variable_and_a_variable_over_the_file(tmp_path: Path) -> None:
    text = 'model = "file"\nprotocol = "text"\nmax_steps = 3\n'
    environment = {"INTERPRETER_MODEL": "variable", "INTERPRETER_PROTOCOL": "tools"}
    flags: dict[str, Value | None] = {"model": "flag", "max_steps": None}
    assert resolved(tmp_path, text, environment, flags) == Settings(model="flag", protocol="tools", max_steps=3)


def test_every_setting_of_a_file_is_taken(tmp_path: Path) -> None:
    text = """
model = "m"
protocol = "functions"
api_base = "http://127.0.0.1:1/v1"
api_key = "k"
custom_llm_provider = "openai"
local = "weights.gguf"
plain = true
max_steps = 7
cell_timeout = 2
"""
    assert resolved(tmp_path, text) == Settings(
        model="m",
        protocol="functions",
        api_base="http://127.0.0.1:1/v1",
        api_key="k",
        custom_llm_provider="openai",
        local="weights.gguf",
        plain=True,
        max_steps=7,
        cell_timeout=2.0,
    )


SAMPLES: dict[str, tuple[str, object]] = {
    "text": ("text", "text"),
    "session": ("text", "text"),
    "switch": ("on", True),
    "weights": ("1", True),
    "count": ("7", 7),
    "seconds": ("0.5", 0.5),
    "number": ("0.5", 0.5),
    "address": ("localhost:1", "localhost:1"),
    "cost": ("2.50", 2.5),
}
"""For each kind of value, how a person writes one, and what is meant."""


def test_every_variable_of_an_option_is_read_and_others_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("[profiles.text]\n", encoding="utf-8")
    taken = [known for known in options() if known.env]
    samples = {known.name: SAMPLES[known.kind] if not known.choices else (known.choices[-1],) * 2 for known in taken}
    environment = {str(known.env): samples[known.name][0] for known in taken}
    environment |= {"INTERPRETER_OTHER": "x", "INTERPRETER_YES": "1"}
    expected: dict[str, Any] = {name: value for name, (_, value) in samples.items()}
    assert resolved(tmp_path, environment=environment) == Settings(**expected)


def test_a_profile_wins_over_the_top_of_the_file_and_loses_to_a_variable(tmp_path: Path) -> None:
    text = """
model = "top"
max_steps = 3
cell_timeout = 9

[profiles.work]
model = "work"
protocol = "text"
max_steps = 4
"""
    flags: dict[str, Value | None] = {"profile": "work"}
    environment = {"INTERPRETER_MAX_STEPS": "5"}
    expected = Settings(profile="work", model="work", protocol="text", max_steps=5, cell_timeout=9)
    assert resolved(tmp_path, text, environment, flags) == expected
    assert resolved(tmp_path, text) == Settings(model="top", max_steps=3, cell_timeout=9)
    assert resolved(tmp_path, f'profile = "work"\n{text}').model == "work"


def test_languages_of_the_file_are_kept_as_they_are_written(tmp_path: Path) -> None:
    text = '[language.lua]\ncommand = "lua"\naliases = ["l"]\n'
    assert resolved(tmp_path, text) == Settings(languages={"lua": {"command": "lua", "aliases": ["l"]}})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('model = "m"\n[profiles.work]\nmodle = "w"\n', "FILE:3: there is no setting 'modle'. Did you mean 'model'?"),
        ('[profiles.work]\nmax_steps = 0\n', "FILE:2: max_steps must be a whole number from 1 to 999999999, not 0."),
        ('[profiles.work]\nprofile = "x"\n', "FILE:2: a profile cannot name another one. Remove it here."),
        ('profile = "wrok"\n[profiles.work]\n', "FILE has no profile 'wrok'. Did you mean 'work'?"),
        ('profile = "work"\n', "FILE has no profile 'work'. Write [profiles.work] there."),
        ('profiles = 3\n', "FILE:1: profiles holds tables. Write [profiles.NAME] and the lines below it."),
        ('[profile.work]\nmodel = "w"\n', "FILE:1: there is no table [profile]. Did you mean 'profiles'?"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_profile_is_named_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    assert refused(tmp_path, text) == said


def test_an_empty_variable_says_nothing(tmp_path: Path) -> None:
    assert resolved(tmp_path, 'model = "m"', {"INTERPRETER_MODEL": ""}) == Settings(model="m")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('plain = true\nmodle = "m"\n', "FILE:2: there is no setting 'modle'. Did you mean 'model'?"),
        ('\n"api-base" = "x"\n', "FILE:2: there is no setting 'api-base'. Did you mean 'api_base'?"),
        ("[zebra]\nx = 1\n", "FILE:1: there is no table [zebra]."),
        ("yes = true\n", "FILE:1: yes can only be given as -y/--yes. Remove it here."),
        ("max_steps = 0\n", "FILE:1: max_steps must be a whole number from 1 to 999999999, not 0."),
        (
            "max_steps = 1000000000\n",
            "FILE:1: max_steps must be a whole number from 1 to 999999999, not 1000000000.",
        ),
        ("max_steps = true\n", "FILE:1: max_steps must be a whole number from 1 to 999999999, not True."),
        ("cell_timeout = nan\n", "FILE:1: cell_timeout must be a number of seconds above 0, not nan."),
        ("plain = 2\n", "FILE:1: plain must be true or false, not 2."),
        ("model = 4\n", "FILE:1: model must be text that is not empty, not 4."),
        ("local = 1.5\n", "FILE:1: local must be true, false, or the path of a GGUF file, not 1.5."),
        (
            'protocol = "tool"\n',
            "FILE:1: protocol must be one of auto, tools, functions, text, not 'tool'. Did you mean 'tools'?",
        ),
    ],
)
def test_a_wrong_line_of_the_file_is_named_with_what_is_right(tmp_path: Path, text: str, said: str) -> None:
    assert refused(tmp_path, text) == said


def test_the_example_of_the_manual_is_a_file_that_is_taken(tmp_path: Path) -> None:
    manual = (Path(__file__).parent.parent / "docs" / "settings.md").read_text(encoding="utf-8")
    example = manual.partition("```toml\n")[2].partition("```")[0]
    languages: dict[str, dict[str, object]] = {
        "octave": {"command": "octave --quiet", "suffix": ".m"},
        "stata": {"kernel": "stata", "aliases": ["do"]},
    }
    at_work = resolved(tmp_path, example, flags={"profile": "work"})
    assert at_work == Settings(
        profile="work",
        model="qwen3-coder",
        api_base="http://10.0.0.7:8000/v1",
        max_cost=2.0,
        languages=languages,
    )
    assert [row_from_table(name, table).kind for name, table in at_work.languages.items()] == ["program", "kernel"]


def test_a_file_that_is_no_toml_is_refused_with_the_place(tmp_path: Path) -> None:
    said = refused(tmp_path, 'plain = true\nmodel = "m\n')
    assert said.startswith("FILE is not valid TOML: ")
    assert "line 2" in said


@pytest.mark.parametrize("value", ["9" * 5000, "[" * 100_000], ids=["a number", "brackets"])
def test_a_value_without_end_is_no_toml(tmp_path: Path, value: str) -> None:
    assert refused(tmp_path, f"max_steps = {value}\n").startswith("FILE is not valid TOML: ")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_bytes(b'model = "\xff"')
    assert refused(tmp_path) == "FILE is not UTF-8 text. Save it as UTF-8."


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.toml").mkdir()
    assert refused(tmp_path).startswith("FILE cannot be read: ")


def test_a_wrong_variable_or_flag_is_called_by_its_own_name(tmp_path: Path) -> None:
    assert refused(tmp_path, environment={"INTERPRETER_MAX_STEPS": "many"}) == (
        "INTERPRETER_MAX_STEPS must be a whole number from 1 to 999999999, not 'many'."
    )
    assert refused(tmp_path, cell_timeout="-1") == "--cell-timeout must be a number of seconds above 0, not '-1'."


def test_a_wrong_value_given_in_python_is_refused_too() -> None:
    with pytest.raises(SettingsError, match=r"^max_steps must be a whole number from 1 to 999999999, not 0\.$"):
        Settings(max_steps=0)


def test_a_key_is_neither_shown_nor_repeated_in_an_error(tmp_path: Path) -> None:
    assert "hidden" not in repr(Settings(api_key="hidden"))
    assert refused(tmp_path, 'api_key = ["hidden"]') == "FILE:1: api_key must be text that is not empty."


def test_control_characters_of_a_file_are_written_out(tmp_path: Path) -> None:
    assert refused(tmp_path, '"\\u001b[2J" = 1') == "FILE: there is no setting '\\x1b[2J'."


def test_each_option_has_flags_of_its_own_and_a_manual() -> None:
    flags = [flag for known in options() for flag in known.flags]
    assert len(flags) == len(set(flags))
    assert all(known.help.endswith(".") for known in options())


def test_one_variable_moves_all_places(tmp_path: Path) -> None:
    assert places({"INTERPRETER_HOME": str(tmp_path)}) == Places(
        config=tmp_path / "config", data=tmp_path / "data", cache=tmp_path / "cache"
    )
    assert places({"INTERPRETER_HOME": str(tmp_path)}).settings == tmp_path / "config" / "config.toml"


def test_a_home_of_nobody_is_named() -> None:
    with pytest.raises(UsageError) as caught:
        places({"INTERPRETER_HOME": "~nobody-of-that-name/x"})
    assert str(caught.value) == "INTERPRETER_HOME is ~nobody-of-that-name/x, and nobody of that name is known here."


def test_a_file_may_begin_with_the_mark_of_its_encoding(tmp_path: Path) -> None:
    assert resolved(tmp_path, '\ufeffmodel = "a/b"\n').model == "a/b"


@pytest.mark.parametrize("address", ["http://[bad", "ftp://host/v1", "http://host:99999", "http://", "two words", 7])
def test_what_is_no_address_of_a_server_is_refused_and_not_repeated(tmp_path: Path, address: object) -> None:
    said = "must be an http or https address, such as http://localhost:8080/v1."
    assert refused(tmp_path, api_base=address) == f"--api-base {said}"


@pytest.mark.parametrize("address", ["localhost:8080", "https://user:word@host/v1?token=t", "http://[::1]:8080"])
def test_an_address_is_taken_as_it_is_written(tmp_path: Path, address: str) -> None:
    assert resolved(tmp_path, flags={"api_base": address}).api_base == address


def test_without_that_variable_the_places_are_absolute_and_distinct() -> None:
    found = places({})
    folders = {found.config / "c", found.data / "d", found.cache / "e"}
    assert all(folder.is_absolute() for folder in folders)
    assert len(folders) == 3


def test_settings_without_a_file_import_nothing_slow(tmp_path: Path) -> None:
    slow = ("tomllib", "difflib", "argparse", "litellm", "jupyter_client", "prompt_toolkit", "rich", "pydantic")
    program = (
        "import sys; from pathlib import Path; from interpreter.sources import resolve\n"
        f"resolve(flags={{}}, environment={{}}, file=Path({str(tmp_path / 'none')!r}))\n"
        f"sys.exit(' '.join(name for name in {slow!r} if name in sys.modules) or 0)"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")


@pytest.mark.parametrize(
    ("kept", "variables", "flags", "expected"),
    [
        ("local = true", {}, {"model": "a/b"}, ("a/b", False)),
        ('model = "a/b"', {}, {"local": "true"}, (None, True)),
        ('model = "a/b"', {"INTERPRETER_LOCAL": "1"}, {"model": "c/d"}, ("c/d", False)),
        ('model = "a/b"', {"INTERPRETER_LOCAL": "0"}, {}, ("a/b", False)),
    ],
)
def test_who_names_a_model_takes_back_local_of_below_and_the_other_way_round(
    tmp_path: Path, kept: str, variables: dict[str, str], flags: dict[str, str], expected: tuple[str | None, bool]
) -> None:
    file = tmp_path / "config.toml"
    file.write_text(kept, encoding="utf-8")
    settings = resolve(flags=flags, environment=variables, file=file)
    assert (settings.model, settings.local) == expected
