"""Which model answers: what was said, a key, weights that are here, servers that run; else three ways are told."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest

from interpreter.choosing import BY_KEY, Choice, Embedded, Remote, ToFetch, Unchosen, choose
from interpreter.errors import UsageError
from interpreter.models.catalogue import DEFAULT, named
from interpreter.models.found import Place, Server
from interpreter.places import Places
from interpreter.settings import Settings

pytest.importorskip("xllamacpp", reason="the extra `local` is not installed")
MODEL = named(DEFAULT)


def chosen(
    home: Path,
    settings: Settings = Settings(),  # noqa: B008 - frozen
    environment: Mapping[str, str] | None = None,
    servers: tuple[Server, ...] = (),
) -> Choice:
    """The choice, where these servers run."""

    async def find(places: tuple[Place, ...]) -> tuple[Server, ...]:
        assert places
        return servers

    places = Places(config=home / "config", data=home / "data", cache=home / "cache")
    return asyncio.run(choose(settings, places, environment or {}, find=find))


def with_weights(home: Path) -> Path:
    """A file that has the size of the embedded model's, and takes no room."""
    file = home / "data" / "models" / MODEL.file
    file.parent.mkdir(parents=True)
    with file.open("wb") as weights:
        weights.write(b"GGUF")
        weights.truncate(MODEL.size)
    return file


def test_the_model_that_was_named_comes_before_everything_else(tmp_path: Path) -> None:
    with_weights(tmp_path)
    settings = Settings(model="some/model", api_base="http://127.0.0.1:1")
    assert chosen(tmp_path, settings, {"OPENAI_API_KEY": "sk-1"}) == Remote(model="some/model")


def test_a_key_in_the_environment_means_its_providers_model(tmp_path: Path) -> None:
    with_weights(tmp_path)
    environment = {"MISTRAL_API_KEY": "key", "OPENAI_API_KEY": ""}
    assert chosen(tmp_path, environment=environment) == Remote(model=BY_KEY["MISTRAL_API_KEY"], why="MISTRAL_API_KEY")


def test_an_address_without_a_models_name_is_never_sent_another_providers_key(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"Name the model too: --model NAME --api-base http://127\.0\.0\.1:1"):
        chosen(tmp_path, Settings(api_base="http://127.0.0.1:1"), {"OPENAI_API_KEY": "sk-1"})


def test_weights_that_are_here_answer_when_nothing_was_said(tmp_path: Path) -> None:
    file = with_weights(tmp_path)
    running = (Server(server="Ollama", api_base="http://127.0.0.1:11434", models=("ollama_chat/a",)),)
    assert chosen(tmp_path, servers=running) == Embedded(weights=file, name=DEFAULT)


def test_local_means_the_embedded_model_which_is_fetched_if_it_is_not_here(tmp_path: Path) -> None:
    settings = Settings(local=True)
    assert chosen(tmp_path, settings) == ToFetch(weights=MODEL, folder=tmp_path / "data" / "models")
    file = with_weights(tmp_path)
    assert chosen(tmp_path, settings, {"OPENAI_API_KEY": "sk-1"}) == Embedded(weights=file, name=DEFAULT)


def test_a_model_and_local_at_once_are_one_too_many(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Give either --model or --local, not both"):
        chosen(tmp_path, Settings(model="some/model", local=True))


def test_local_with_a_file_means_that_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.gguf"
    file.write_bytes(b"GGUF...")
    assert chosen(tmp_path, Settings(local=str(file))) == Embedded(weights=file, name="mine")
    file.write_bytes(b"MZ")
    with pytest.raises(UsageError, match="is not a GGUF file"):
        chosen(tmp_path, Settings(local=str(file)))
    with pytest.raises(UsageError, match=r"Cannot read .*none\.gguf"):
        chosen(tmp_path, Settings(local=str(tmp_path / "none.gguf")))


def test_servers_that_run_are_named_with_the_command_that_uses_them(tmp_path: Path) -> None:
    models = tuple(f"ollama_chat/model{number}" for number in range(7))
    running = (Server(server="Ollama", api_base="http://127.0.0.1:11434", models=models),)
    choice = chosen(tmp_path, servers=running)
    assert isinstance(choice, Unchosen)
    assert choice.found == running
    lines = choice.words.splitlines()
    assert lines[0] == "No model is chosen. These run on this machine; name one:"
    assert lines[2].strip() == "interpreter --model ollama_chat/model0 --api-base http://127.0.0.1:11434"
    assert lines[-1].strip() == "(and 2 more)"


def test_where_there_is_nothing_the_three_ways_on_are_told(tmp_path: Path) -> None:
    choice = chosen(tmp_path)
    assert isinstance(choice, Unchosen)
    assert [line.split("  ")[1] for line in choice.words.splitlines()[1:]] == [
        "a key",
        "a server",
        "this machine",
    ]
    assert "--local: a small model, fetched once (1.1 GB)" in choice.words
