"""Configuration that is passed on tells nothing of the machine, and keeps all else."""

from __future__ import annotations

import pytest

from emoalign.elicitation.engines.openai.openai_model import OpenAIModel
from emoalign.publication.configuration import model_configuration
from emoalign.publication.portable import portable, without_places


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("/home/jo/models/a b/model.gguf", "model.gguf"),
        ("/scratch/jo/models/", "models"),
        ("~/models/m.gguf", "m.gguf"),
        (r"C:\Users\Jo\m.gguf", "m.gguf"),
        (r"\\server\share\m.gguf", "m.gguf"),
        ("file:///home/jo/words.csv", "words.csv"),
        ("Put it to /home/jo/words.csv, then run.", "Put it to words.csv, then run."),
        ("served from '/data/jo/m' today", "served from 'm' today"),
    ],
)
def test_paths_of_a_machine_become_names_of_files(text: str, left: str) -> None:
    assert without_places(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "resources/words.csv",
        "https://example.org/a/b.csv",
        "Rate from 1/9 to 9/9, and/or say why.",
        "/no_think",
        "org/model-7B",
        "km/h",
        "{{ item.text }} / {{ scale.min }}",
        "// a comment of two/words",
        "Answer: ",
        "",
    ],
)
def test_all_else_stays(text: str) -> None:
    assert without_places(text) == text


def test_a_card_of_a_server_tells_neither_its_address_nor_its_key() -> None:
    card = OpenAIModel.model_validate(
        {
            "title": "A model",
            "engine": "openai",
            "model": "org/model-7B",
            "base_url": "http://gpu17.cluster.internal:8000/v1",
            "api_key_env": "THE_KEY_OF_JO",
            "headers": {"X-Group": "jo"},
            "capabilities": {"modalities": ["word"], "choices": 1},
            "limits": {"concurrency": 2},
        }
    )
    told = model_configuration(card, choice=True)
    assert told["model"] == "org/model-7B"
    assert told["capabilities"] == {"modalities": ["word"], "choices": 1}
    assert not any(part in str(told) for part in ("gpu17", "KEY", "X-Group"))


def test_whatever_looks_like_a_key_is_left_out() -> None:
    given = {
        "headers": {"x-api-key": "abc", "x-title": "T"},
        "extra_body": {"token": "abc", "note": "sk-0123456789abcdef0123", "temperature": 1},
        "listed": [{"password": "p", "path": "/home/jo/x"}, None, True],
        "words": ["a", "sk-0123456789abcdef0123", "https://jo:pw@example.org"],
        "api_key": ["abc", "def"],
    }
    assert portable(given) == {
        "headers": {"x-title": "T"},
        "extra_body": {"temperature": 1},
        "listed": [{"path": "x"}, None, True],
        "words": ["a"],
    }


@pytest.mark.parametrize(
    "address",
    [
        "http://gpu17:8000/v1",
        "https://models.cluster.internal/v1",
        "see http://10.2.3.4:8000, or ask",
        "smb://server/share/norms",
        "http://localhost:8000",
    ],
)
def test_addresses_that_only_one_network_knows_are_left_out(address: str) -> None:
    public = "https://example.org/a, file:///home/jo/words.csv"
    given = {"proxy": address, "listed": [address, public]}
    assert portable(given) == {"listed": ["https://example.org/a, words.csv"]}
