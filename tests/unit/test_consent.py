"""Items leave the machine only when the terms of their dataset, or the user, allow it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from emoalign.elicitation.engines.openai.openai_model import OpenAIModel
from emoalign.elicitation.rating import rate
from emoalign.errors import StudyError
from emoalign.installed import CATALOGUE
from emoalign.planning.jobs import Jobs
from emoalign.planning.loading import load_study
from emoalign.planning.preflight import all_forbidden, why_forbidden
from emoalign.planning.studies import LoadedStudy
from tests.kit.datasets import ROOT, shipped

Edit = Callable[[str, Callable[[Any], object]], None]
LOCAL = "models/gpt-4o.yaml"


def study(**changes: Any) -> dict[str, Any]:
    return {
        "study": "pictures",
        "title": "T",
        "seed": 1,
        "models": ["gpt-4o"],
        "datasets": [{"dataset": "oasis"}],
        "protocols": [{"name": "p", "prompts": "instruction-image"}],
    } | changes


def load(config: Path = ROOT / "config", **changes: Any) -> LoadedStudy:
    return load_study(study(**changes), config)


def forbidden(config: Path = ROOT / "config", **changes: Any) -> str | None:
    """Why the pictures are not sent to the model."""
    loaded = load(config, **changes)
    (told,) = all_forbidden(loaded) or [None]
    assert told == why_forbidden(loaded, "gpt-4o", "oasis")
    return told


def test_a_restricted_set_is_not_sent_before_the_study_says_so() -> None:
    told = forbidden()
    assert told is not None
    assert "would be sent to gpt-4o (https://api.openai.com/v1)" in told
    assert "Nothing has been sent" in told
    assert "allow_remote: [oasis]" in told
    assert "for research, not for commerce" in told


def test_models_at_one_place_are_told_at_once() -> None:
    (told,) = all_forbidden(load(models=["gpt-4o", "gpt-4o-mini"]))
    assert "would be sent to gpt-4o, gpt-4o-mini (https://api.openai.com/v1)" in told


def test_the_study_can_say_so() -> None:
    assert forbidden(allow_remote=["oasis"]) is None


def test_leave_for_another_dataset_is_told_and_counts_for_nothing() -> None:
    with pytest.raises(StudyError) as error:
        load(allow_remote=["oasi"])
    assert (
        "allow_remote, entry 1: 'oasi' is not a dataset of the study; did you mean 'oasis'?"
        in str(error.value)
    )


@pytest.mark.parametrize(
    "address",
    [
        "http://localhost:8000/v1",
        "http://LOCALHOST:8000/v1",
        "http://0.0.0.0:8000/v1",
        "http://127.0.0.1:8000/v1",
        "http://127.1.2.3/v1",
        "http://[::1]:8000/v1",
    ],
)
def test_a_server_on_this_machine_needs_no_leave(
    address: str, config_dir: Path, edit: Edit
) -> None:
    edit(LOCAL, lambda card: card.update(base_url=address))
    assert forbidden(config_dir) is None


@pytest.mark.parametrize(
    "address",
    [
        "http://192.168.1.5:8000/v1",
        "http://node7:8000/v1",
        "https://localhost.example.org/v1",
        "http://[2001:db8::1]/v1",
    ],
)
def test_every_other_server_does(address: str, config_dir: Path, edit: Edit) -> None:
    edit(LOCAL, lambda card: card.update(base_url=address))
    assert "Nothing has been sent" in str(forbidden(config_dir))


@pytest.mark.parametrize(
    ("address", "proxy", "named"),
    [
        ("http://node7/v1", "http://me:secret@proxy.lab:3128", True),
        ("https://node7/v1", "http://me:secret@proxy.lab:3128", False),
        ("http://node7/v1", "http://localhost:3128", False),
    ],
)
def test_a_proxy_that_can_read_along_is_named(
    address: str,
    proxy: str,
    named: bool,
    config_dir: Path,
    edit: Edit,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("all_proxy", proxy)
    for variable in ("http_proxy", "https_proxy", "no_proxy"):
        monkeypatch.setenv(variable, "")
    edit(LOCAL, lambda card: card.update(base_url=address))
    told = str(forbidden(config_dir))
    by = ", through the proxy http://proxy.lab:3128, which can read them" if named else ""
    assert f"would be sent to gpt-4o ({address}{by}), but" in told


def test_where_the_card_says_deny_no_leave_helps(config_dir: Path, edit: Edit) -> None:
    edit("datasets/oasis.yaml", lambda card: card.update(remote_api="deny"))
    told = str(forbidden(config_dir, allow_remote=["oasis"]))
    assert "remote_api: deny" in told
    assert "Ask a model on this machine" in told


def test_where_the_card_says_allow_none_is_needed(config_dir: Path, edit: Edit) -> None:
    edit("datasets/oasis.yaml", lambda card: card.update(remote_api="allow"))
    assert forbidden(config_dir) is None


@pytest.mark.parametrize(
    ("dataset", "expected"),
    [
        ("vader", "allow"), ("emobank", "allow"), ("goemotions", "allow"),
        ("oasis", "ask"), ("anew", "ask"), ("anew-stevenson", "ask"), ("naps", "ask"),
        ("naps-be", "ask"), ("warriner", "ask"), ("spanish-words", "ask"),
    ],
)  # fmt: skip
def test_restricted_sets_ask_and_open_ones_do_not(dataset: str, expected: str) -> None:
    card = shipped(dataset)
    assert card.remote == expected
    assert card.redistribute == (expected == "allow")
    openly = [file.url for file in card.files().values() if file.url]
    assert not openly or card.redistribute, "only openly licensed files are downloaded"


@pytest.mark.parametrize("path", sorted((CATALOGUE / "datasets").glob("*.yaml")), ids=str)
def test_every_card_states_licence_citation_and_how_to_get_the_data(path: Path) -> None:
    card = shipped(path.stem)
    assert card.licence
    assert card.obtain
    assert card.citation.lstrip().startswith("@")
    assert card.citation.count("{") == card.citation.count("}")
    assert "doi" in card.citation or "url" in card.citation or "institution" in card.citation


def test_models_that_answer_nobody_elsewhere_are_not_remote() -> None:
    assert OpenAIModel.model_fields["base_url"].default.startswith("https://")
    local = {"models": ["smollm2-135m"], "datasets": [{"dataset": "anew", "scales": ["valence"]}]}
    protocol = [{"name": "p", "prompts": "instruction"}]
    assert all_forbidden(load(**local, protocols=protocol)) == []


def test_models_that_do_not_rate_the_set_are_sent_nothing_of_it() -> None:
    both = [{"dataset": "vader"}, {"dataset": "oasis", "models": ["gpt-4o"]}]
    loaded = load(
        models=["gpt-4o", "gpt-4o-mini"],
        datasets=both,
        protocols=[
            {"name": "p", "prompts": "instruction", "prompts_for": {"oasis": "instruction-image"}}
        ],
    )
    (told,) = all_forbidden(loaded)
    assert "gpt-4o (" in told


def test_a_job_that_is_not_allowed_to_send_its_items_sends_none(tmp_path: Path) -> None:
    loaded = load()
    job = Jobs(loaded).rate("gpt-4o", "p", "oasis", "valence")
    with pytest.raises(StudyError, match="Nothing has been sent"):
        rate(
            [job],
            loaded.models["gpt-4o"],
            tmp_path / "stimuli",
            "0000",
            tmp_path / "journal",
            [tmp_path / "ratings"],
            forbidden=why_forbidden(loaded, "gpt-4o", "oasis"),
        )
    assert list(tmp_path.iterdir()) == []
