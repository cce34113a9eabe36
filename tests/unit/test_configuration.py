"""Studies and cards: what is right loads, and what is wrong is told completely and in words."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from pydantic import ValidationError

from emoalign.errors import StudyError
from emoalign.planning.analysed import Analyses
from emoalign.planning.jobs import Jobs
from emoalign.planning.loading import MODELS, load_study
from emoalign.planning.preflight import check_prompts
from emoalign.planning.rules import Files, Needs
from emoalign.planning.studies import SHARED_FOLDERS, LoadedStudy
from emoalign.stimuli.dataset_cards import DatasetCard
from emoalign.study.fields import Entry, Job
from emoalign.study.prompt_sets import PromptSet
from emoalign.study.reading import nearest, read_card, read_yaml, validate
from emoalign.study.scales import OrdinalScale

Edit = Callable[[str, Callable[[Any], object]], None]

MODEL = "models/smollm2-135m.yaml"
DATASET = "datasets/vader.yaml"
SHEET = "prompts/rating-sheet.yaml"
INSTRUCTION = "prompts/instruction.yaml"
STUDY = "config.yaml"

REMOTE = {
    "title": "A model behind an API",
    "engine": "openai",
    "model": "remote-1",
    "revision": "2026-01",
    "capabilities": {
        "completion": True,
        "choices": 8,
        "top_logprobs": 20,
        "tokenizer": True,
        "seed_bits": 63,
        "sampling_extras": True,
    },
}


def content(file: Path) -> Any:
    found, problems = read_yaml(file)
    assert not problems
    return found


def load(config_dir: Path) -> LoadedStudy:
    return load_study(content(config_dir / STUDY), config_dir, "config/config.yaml")


def problems_of(config_dir: Path) -> tuple[str, ...]:
    with pytest.raises(StudyError) as error:
        load(config_dir)
    for problem in error.value.problems:
        assert problem in str(error.value)
    return error.value.problems


def the_problem(config_dir: Path) -> str:
    (problem,) = problems_of(config_dir)
    return problem


# What is shipped


def test_every_shipped_study_loads_and_its_prompts_render(repository: Path) -> None:
    config = repository / "config"
    studies = [config / "config.yaml", *sorted((config / "studies").glob("*.yaml"))]
    for study in studies:
        loaded = load_study(content(study), config, str(study))
        check_prompts(loaded)
        assert loaded.models
        assert loaded.datasets
        assert loaded.prompt_sets


def test_the_study_of_labels_and_dimensions_asks_for_the_published_640000_responses(
    repository: Path,
) -> None:
    file = repository / "config/studies/inoshita2026.yaml"
    loaded = load_study(content(file), repository / "config")
    responses = {
        (job.model, job.protocol.temperature, job.dataset): job.protocol.participants
        * (loaded.dataset_entry(job.dataset).sample or 0)
        for job in Jobs(loaded).plan()
    }
    assert len(responses) == len(Jobs(loaded).plan()) == 4 * 4 * 2
    assert set(responses.values()) == {20_000}
    assert sum(responses.values()) == 640_000


def test_every_shipped_card_is_valid_even_if_no_study_names_it(repository: Path) -> None:
    for file in sorted(repository.glob("src/emoalign/catalogue/models/*.yaml")):
        assert read_card(file, MODELS).title
    for file in sorted(repository.glob("src/emoalign/catalogue/datasets/*.yaml")):
        assert validate(DatasetCard, content(file), str(file))[1] == []
    for file in sorted(repository.glob("src/emoalign/catalogue/prompts/*.yaml")):
        assert validate(PromptSet, content(file), str(file))[1] == []


def test_all_protocols_of_the_default_study_can_be_compared_by_their_probabilities(
    default_study: LoadedStudy,
) -> None:
    asked = {entry.name: entry for entry in default_study.study.protocols}
    assert {name: set(protocol.readouts) for name, protocol in asked.items()} == {
        "rating-sheet": {"sampled", "exact"},
        "instruction": {"sampled", "exact"},
        "instruction-with-examples": {"exact"},
    }
    assert {protocol.temperature for protocol in asked.values()} == {1.0}
    assert default_study.dataset_entry("vader").sample == 300


# What is wrong


FAULTY = """
study: my/study
titel: A title
seed: "20"
models: [smolm2-135m, unfinished]
datasets:
  - dataset: vader
    sample: yes
  - dataset: vadr
protocols:
  - name: one
    prompts: instrction
    participants: "20"
    readouts: [sampled, exakt]
  - name: two
    prompts: rating-sheet
    temprature: .5
    temperature: yes
    wave: 1.5
  - prompts: broken
statistics: {bootstrap_resamples: 10}
"""

TOLD = [
    ("study.yaml, line 2: study: ", "a name of letters", "found my/study: write my-study"),
    ("study.yaml, line 3: titel: unknown key", "did you mean 'title'?"),
    ("study.yaml: title: missing", "Title of the report"),
    ("line 4: seed: ", "a whole number", 'found "20"', "write 20 without quotation marks"),
    ("line 8: datasets, entry 1, sample: ", "a whole number", "found yes", "Number of items"),
    ("line 13: protocols, entry 1, participants: ", "a whole number", 'found "20"'),
    ("line 14: protocols, entry 1, readouts, entry 2: ", "did you mean 'exact'?", "found exakt"),
    ("line 17: protocols, entry 2, temprature: unknown key", "did you mean 'temperature'?"),
    ("line 18: protocols, entry 2, temperature: ", "expected a number", "found yes"),
    ("line 19: protocols, entry 2, wave: ", "a whole number", "found 1.5"),
    ("line 20: protocols, entry 3, name: missing", "Name in results and figures"),
    ("line 21: statistics.bootstrap_resamples: ", "must be 100 or more", "found 10"),
    ("smolm2-135m.yaml", "line 5: models, entry 1: ", "did you mean 'smollm2-135m'?"),
    ("vadr.yaml", "line 9: datasets, entry 2, dataset: ", "did you mean 'vader'?"),
    ("instrction.yaml", "line 12: protocols, entry 1, prompts: ", "did you mean 'instruction'?"),
    ("models/unfinished.yaml: weights: missing", "The GGUF file"),
    ("unfinished.yaml, line 3: capabilities.chioces: unknown key", "did you mean 'choices'?"),
    ("models/unfinished.yaml, line 4: limits.timeout_s: ", "more than 0", "found 0"),
    ("prompts/broken.yaml, line ", "answer.kind: ", "did you mean 'next_token'?"),
]


def test_all_problems_of_a_study_and_of_what_it_names_are_told_at_once(config_dir: Path) -> None:
    (config_dir / "study.yaml").write_text(FAULTY)
    (config_dir / "models" / "unfinished.yaml").write_text(
        "title: No weights\nengine: llamacpp\ncapabilities: {chioces: 4}\nlimits: {timeout_s: 0}\n"
    )
    (config_dir / "prompts" / "broken.yaml").write_text(
        (config_dir / SHEET).read_text().replace("next_token", "nexttoken")
    )
    file = config_dir / "study.yaml"
    with pytest.raises(StudyError) as error:
        load_study(content(file), config_dir, file, [file])
    problems = error.value.problems
    for fragments in TOLD:
        told = [problem for problem in problems if all(part in problem for part in fragments)]
        assert len(told) == 1, (fragments, problems)
    assert len(problems) == len(TOLD), problems
    assert str(error.value).startswith(f"{len(TOLD)} problems in the configuration:\n  1. ")


def test_the_old_name_of_a_key_is_told_with_its_name_of_today_and_nothing_else(
    config_dir: Path, edit: Edit
) -> None:
    edit(SHEET, lambda prompts: prompts.update(form=prompts.pop("kind")))
    assert "rating-sheet.yaml, line 2: form: form is now called kind" in the_problem(config_dir)
    edit(SHEET, lambda prompts: prompts.update(kind=prompts.pop("form")))
    edit(SHEET, lambda prompts: prompts["answer"].update(form=prompts["answer"].pop("kind")))
    assert the_problem(config_dir).endswith("answer.form: form is now called kind")


def test_a_scale_the_dataset_lacks_is_told_with_the_nearest_one(
    config_dir: Path, edit: Edit
) -> None:
    edit(STUDY, lambda study: study["datasets"][0].update(scales=["valance"]))
    problem = the_problem(config_dir)
    assert "datasets, entry 1, scales, entry 1: 'vader' has no scale 'valance'; did" in problem


def test_a_prompt_set_without_words_for_a_scale_is_told(config_dir: Path, edit: Edit) -> None:
    edit(SHEET, lambda prompts: prompts["scales"].update(arousal=prompts["scales"].pop("valence")))
    problem = the_problem(config_dir)
    assert "prompts/rating-sheet.yaml, line " in problem
    assert "scales: no wording for 'valence'" in problem
    assert "known: arousal" in problem or "did you mean" in problem


def test_wording_written_for_another_range_is_refused(config_dir: Path, edit: Edit) -> None:
    wording: dict[str, Any] = {"written_for": {"min": 1, "max": 7}}
    edit(INSTRUCTION, lambda prompts: prompts["scales"]["valence"].update(wording))
    problem = the_problem(config_dir)
    assert "prompts/instruction.yaml, line " in problem
    assert "scales.valence.written_for: 1 to 7" in problem
    assert "'vader' runs from 1 to 9" in problem


@pytest.mark.parametrize(
    ("capability", "told"),
    [
        ({"completion": False}, ["'rating-sheet' asks model 'smollm2-135m' for a completion"]),
        (
            {"chat": False},
            ["'instruction' asks model 'smollm2-135m' for a chat answer",
             "'instruction-with-examples' asks model 'smollm2-135m' for a chat answer"],
        ),
        (
            {"top_logprobs": 0},
            ["'rating-sheet' asks model 'smollm2-135m' for the exact readout",
             "'instruction' asks model 'smollm2-135m' for the exact readout",
             "'instruction-with-examples' asks model 'smollm2-135m' for the exact readout"],
        ),
        (
            {"tokenizer": False},
            ["'rating-sheet' asks model 'smollm2-135m' for an answer read from single tokens"],
        ),
        ({"modalities": ["sentence"]}, ["model 'smollm2-135m' cannot be shown items of 'vader'"]),
    ],
)  # fmt: skip
def test_a_model_that_cannot_do_what_is_asked_is_refused(
    capability: dict[str, object], told: list[str], config_dir: Path, edit: Edit
) -> None:
    edit(MODEL, lambda card: card["capabilities"].update(capability))
    problems = problems_of(config_dir)
    assert len(problems) == len(told)
    for problem, expected in zip(problems, told, strict=True):
        assert expected in problem


def test_next_token_answers_need_a_tokenizer_even_without_the_exact_readout(
    config_dir: Path, edit: Edit
) -> None:
    edit(STUDY, lambda s: [protocol.update(readouts=["sampled"]) for protocol in s["protocols"]])
    edit(MODEL, lambda card: card["capabilities"].update(tokenizer=False))
    assert "'rating-sheet'" in the_problem(config_dir)


def test_everything_that_does_not_fit_together_is_told_at_once(
    config_dir: Path, edit: Edit
) -> None:
    edit(MODEL, lambda card: card["capabilities"].update(completion=False, chat=False))
    edit(
        SHEET, lambda prompts: prompts["scales"]["valence"].update(written_for={"min": 0, "max": 9})
    )
    edit(STUDY, lambda study: study["datasets"][0].update(scales=["valence", "arousel"]))
    problems = "\n".join(problems_of(config_dir))
    for part in ("completion: false", "chat: false", "0 to 9", "'arousel'"):
        assert part in problems


@pytest.mark.parametrize(
    ("list_name", "double"),
    [("models", "smollm2-135m"), ("datasets", "vader"), ("protocols", "instruction")],
)
def test_what_is_named_twice_is_refused(
    list_name: str, double: str, config_dir: Path, edit: Edit
) -> None:
    edit(STUDY, lambda study: study[list_name].append(study[list_name][-1]))
    problem = the_problem(config_dir)
    assert problem.startswith(f"config/config.yaml: {list_name}: named more than once: {double}")


@pytest.mark.parametrize("name", ["journal", "trainings", "Journal"])
def test_a_study_is_not_called_like_a_folder_that_all_studies_share(
    config_dir: Path, edit: Edit, name: str
) -> None:
    edit(STUDY, lambda study: study.update(study=name))
    said = the_problem(config_dir)
    assert f"config/config.yaml: study: results/{name.lower()} is used by all studies" in said


@pytest.mark.parametrize("name", ["spending", "embeddings"])
def test_a_model_is_not_called_like_a_folder_of_the_journal(
    config_dir: Path, edit: Edit, name: str
) -> None:
    models = config_dir / "models"
    (models / "smollm2-135m.yaml").rename(models / f"{name}.yaml")
    edit(STUDY, lambda study: study.update(models=[name]))
    assert f"models: results/journal/{name} is used for other files" in the_problem(config_dir)


def test_the_folders_that_all_studies_share_are_those_of_the_workflow(repository: Path) -> None:
    rules = [repository / "Snakefile", *(repository / "workflow" / "rules").glob("*.smk")]
    named = {
        name
        for file in rules
        for name in re.findall(r"\"results/(\w+)\"", file.read_text(encoding="utf-8"))
    }
    assert named == set(SHARED_FOLDERS)


@pytest.mark.parametrize("name", ["my/study", "../out", "", ".hidden", "a b", "a\n", "é"])
def test_a_name_that_is_no_file_name_is_refused(name: str, config_dir: Path, edit: Edit) -> None:
    edit(STUDY, lambda study: study.update(study=name))
    assert "config/config.yaml: study: expected a name of letters" in the_problem(config_dir)


def test_a_model_is_never_read_from_outside_its_folder(config_dir: Path, edit: Edit) -> None:
    edit(STUDY, lambda study: study.update(models=["../models/smollm2-135m"]))
    assert "models, entry 1: expected a name of letters" in problems_of(config_dir)[0]


@pytest.mark.parametrize(
    ("value", "told"),
    [(True, "a whole number"), (None, "found nothing"), (-1, "0 or more"), ([], "a whole number")],
)
def test_the_seed_must_be_a_whole_number_from_0(
    value: object, told: str, config_dir: Path, edit: Edit
) -> None:
    edit(STUDY, lambda study: study.update(seed=value))
    problem = the_problem(config_dir)
    assert problem.startswith("config/config.yaml: seed: ")
    assert told in problem


@pytest.mark.parametrize("empty", ["models", "datasets", "protocols"])
def test_a_study_of_nothing_is_refused(empty: str, config_dir: Path, edit: Edit) -> None:
    edit(STUDY, lambda study: study.update({empty: []}))
    assert f"config/config.yaml: {empty}: " in the_problem(config_dir)


def test_a_study_that_is_no_mapping_is_refused(config_dir: Path) -> None:
    nothing: tuple[Any, ...] = (None, [], "study", 7)
    for found in nothing:
        with pytest.raises(StudyError, match="expected keys with values"):
            load_study(found, config_dir)


def test_an_unknown_engine_is_told_with_the_nearest_one(config_dir: Path, edit: Edit) -> None:
    edit(MODEL, lambda card: card.update(engine="llamacp"))
    problem = the_problem(config_dir)
    assert MODEL in problem
    assert "engine: unknown engine 'llamacp'; did you mean 'llamacpp'?" in problem


def test_a_missing_model_card_is_told_when_it_is_read_by_itself(config_dir: Path) -> None:
    with pytest.raises(StudyError, match=r"smollm3\.yaml; did you mean 'smollm2-135m'"):
        read_card(config_dir / "models" / "smollm3.yaml", MODELS)


def test_a_misspelt_name_is_answered_with_the_nearest_or_with_all() -> None:
    assert nearest("valense", ["valence", "arousal"]) == "did you mean 'valence'?"
    assert nearest("xyz", ["valence", "arousal"]) == "known: arousal, valence"
    assert nearest("xyz", []) == "none are known"


# Files that are no configuration


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("title: one\nengine: [llamacpp\n", "line 2"),
        ("title: one\n  engine: two\n", "line 2"),
        ("title: one\n\tengine: two\n", "line 2"),
        ("", "the file is empty"),
        ("# only a comment\n", "the file is empty"),
        ("just text\n", ""),
        ("- a\n- list\n", ""),
    ],
)
def test_a_card_that_cannot_be_read_is_told_with_its_file_and_line(
    text: str, told: str, config_dir: Path
) -> None:
    (config_dir / MODEL).write_text(text)
    problem = the_problem(config_dir)
    assert str(config_dir / MODEL) in problem
    assert told in problem


def test_every_key_that_is_there_twice_is_named_beside_other_mistakes(config_dir: Path) -> None:
    with (config_dir / DATASET).open("a") as file:
        file.write("licence: CC0-1.0\ntitle: VADER\nkep: x\n")
    problems = problems_of(config_dir)
    assert [
        found[1] for told in problems if (found := re.search(r"duplicate key: (\w+) ", told))
    ] == ["licence", "title"]
    assert "kep: unknown key" in problems[-1]


def test_a_card_that_is_not_utf8_is_told(config_dir: Path) -> None:
    (config_dir / MODEL).write_bytes("title: Modèle\n".encode("latin-1"))
    assert "not UTF-8 text" in the_problem(config_dir)


@pytest.mark.parametrize("text", ["title: a\x07b\n", "title: 2026-13-45\n"])
def test_odd_yaml_is_a_problem_like_any_other(text: str, config_dir: Path) -> None:
    (config_dir / MODEL).write_text(text)
    assert str(config_dir / MODEL) in the_problem(config_dir)


# Values that stand


def test_nothing_that_was_validated_can_be_changed(default_study: LoadedStudy) -> None:
    entries: list[tuple[Entry, str]] = [
        (default_study.study, "seed"),
        (default_study.protocol("instruction"), "temperature"),
        (default_study.models["smollm2-135m"], "title"),
        (default_study.models["smollm2-135m"].capabilities, "choices"),
        (default_study.datasets["vader"], "licence"),
        (default_study.prompt_sets["instruction"], "template"),
    ]
    for entry, field in entries:
        with pytest.raises(ValidationError, match="frozen"):
            setattr(entry, field, getattr(entry, field))


# Providers


@pytest.mark.parametrize(
    ("model", "temperature", "told"),
    [
        (
            "claude-haiku-4-5",
            1.5,
            "asks model 'claude-haiku-4-5' for temperature 1.5, but its card",
        ),
        ("gpt-4o", 2.5, "its card says 0 to 2"),
        ("claude-haiku-4-5", 1.0, None),
        ("gpt-5.4-mini", 0.3, None),
    ],
)
def test_a_temperature_that_a_provider_would_change_in_silence_is_refused(
    config_dir: Path, model: str, temperature: float, told: str | None
) -> None:
    study = content(config_dir / STUDY)
    study["models"] = [model]
    study["protocols"] = [{"name": "warm", "prompts": "instruction", "temperature": temperature}]
    if told is None:
        assert load_study(study, config_dir).models[model]
        return
    with pytest.raises(StudyError, match=told):
        load_study(study, config_dir)


@pytest.mark.parametrize("model", ["gpt-4o", "gpt-4o-mini", "gpt-5.4-mini"])
def test_the_exact_readout_needs_no_tokenizer_along_a_reply(config_dir: Path, model: str) -> None:
    study = content(config_dir / STUDY)
    study["models"] = [model]
    study["protocols"] = [{"name": "p", "prompts": "instruction", "readouts": ["exact"]}]
    assert load_study(study, config_dir).models[model].able.along_replies


def test_the_exact_readout_is_refused_where_no_probabilities_are_reported(config_dir: Path) -> None:
    study = content(config_dir / STUDY)
    study["models"] = ["claude-haiku-4-5"]
    study["protocols"] = [{"name": "p", "prompts": "instruction", "readouts": ["exact"]}]
    with pytest.raises(StudyError, match="the exact readout, but its card says top_logprobs: 0"):
        load_study(study, config_dir)


# Scales


def scale(**fields: Any) -> OrdinalScale:
    return OrdinalScale(**{"min": 1, "max": 9, "direction": "up", **fields})


@pytest.mark.parametrize(
    ("fields", "points"),
    [
        ({"min": 1, "max": 5}, (1, 2, 3, 4, 5)),
        ({"min": -4, "max": 4}, tuple(range(-4, 5))),
        ({"min": 1, "max": 3, "step": 0.5}, (1, 1.5, 2, 2.5, 3)),
        ({"min": 0, "max": 1, "step": 0.1}, (0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1)),
        ({"min": 0, "max": 100, "step": 25}, (0, 25, 50, 75, 100)),
        ({"min": 1, "max": 2}, (1, 2)),
    ],
)
def test_points_are_every_step_from_min_to_max(
    fields: dict[str, float], points: tuple[float, ...]
) -> None:
    assert scale(**fields).points == points


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"max": 8.5}, "whole number of steps of 1"),
        ({"step": 3}, "whole number of steps of 3"),
        ({"step": 0}, "greater than 0"),
        ({"step": -1}, "greater than 0"),
        ({"min": 9}, r"min \(9\) must be below max \(9\)"),
        ({"min": 10}, r"min \(10\) must be below max \(9\)"),
        ({"anchors": {0: "below"}}, "anchor 0 is not a point"),
        ({"anchors": {4.5: "between"}}, "anchor 4.5 is not a point"),
        ({"kind": "labels"}, "ordinal"),
    ],
)
def test_a_scale_that_cannot_be_is_refused(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        scale(**fields)


def test_an_anchor_may_stand_on_any_point_of_a_fine_scale() -> None:
    fine = scale(min=0, max=1, step=0.1, anchors={0.3: "a bit", 0.7: "a lot"})
    assert fine.anchors == {0.3: "a bit", 0.7: "a lot"}


# Prompt sets


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            lambda p: p["scales"]["valence"]["demonstrations"].append(
                {"text": "awe", "rating": 10}
            ),
            "demonstration 'awe' has rating 10, outside 1 to 9",
        ),
        (lambda p: p.update(system="Be brief."), "a completion prompt has no system message"),
        (lambda p: p["answer"].update(max_tokens=2), "max_tokens must be 1"),
        (lambda p: p["scales"].clear(), "scales: it is empty"),
    ],
)
def test_a_prompt_set_that_contradicts_itself_is_refused(
    change: Callable[[Any], object], told: str, config_dir: Path, edit: Edit
) -> None:
    edit(SHEET, change)
    assert told in the_problem(config_dir)


def test_a_pattern_that_is_no_regular_expression_is_refused(config_dir: Path, edit: Edit) -> None:
    edit(DATASET, lambda card: card.update(keep="[a-z"))
    assert "keep: not a regular expression" in the_problem(config_dir)


# Jobs: exactly what an output depends on


@pytest.mark.parametrize(
    ("frameworks", "problem"),
    [
        ({"emotions": ["valense"]}, "no scale 'valense'; did you mean 'valence'?"),
        (
            {"emotions": ["valence"], "dimensions": ["valence"]},
            "named more than once: valence",
        ),
        ({"feelings": ["valence"]}, "unknown key"),
    ],
)
def test_frameworks_name_scales_of_the_card_once(
    frameworks: dict[str, list[str]], problem: str, config_dir: Path, edit: Edit
) -> None:
    edit(DATASET, lambda card: card.update(frameworks=frameworks))
    (told,) = problems_of(config_dir)
    assert problem in told


@pytest.fixture
def with_remote(config_dir: Path, edit: Edit) -> Path:
    """The default study with a second model, behind an API."""
    (config_dir / "models" / "remote.yaml").write_text("{}\n")
    edit("models/remote.yaml", lambda card: card.update(REMOTE))
    edit(STUDY, lambda study: study["models"].append("remote"))
    return config_dir


COMPUTED = ("align", "compare", "compare_structure", "decompose_variance", "explain")


def work(config_dir: Path) -> dict[str, object]:
    """The jobs that read data, ask models and compute, by name. (Figures show titles.)"""
    loaded = load(config_dir)
    jobs, analyses = Jobs(loaded), Analyses(loaded, Files(loaded, "results/s"))
    every: dict[str, Job] = {
        "prepare": jobs.prepare("vader"),
        "aggregate": jobs.aggregate("vader"),
        **{
            f"rate {model} {protocol.name}": jobs.rate(model, protocol.name, "vader", "valence")
            for model in loaded.models
            for protocol in loaded.study.protocols
        },
    }
    of_analyses = {rule.name: rule.jobs for rule in analyses.rules() if rule.name in COMPUTED}
    return {name: job.params() for name, job in every.items()} | of_analyses


def changes(before: dict[str, object], after: dict[str, object]) -> set[str]:
    assert before.keys() == after.keys()
    return {name for name in before if before[name] != after[name]}


@pytest.mark.parametrize(
    ("file", "change"),
    [
        (STUDY, lambda s: s.update(title="Another title")),
        (STUDY, lambda s: s.update(study="another-name")),
        (STUDY, lambda s: s["models"].reverse()),
        (STUDY, lambda s: s["protocols"].reverse()),
        (MODEL, lambda m: m.update(title="Another title")),
        (MODEL, lambda m: m.update(limits={"concurrency": 3, "timeout_s": 9, "retries": 1})),
        (MODEL, lambda m: m.update(threads=2, context_tokens=2048, gpu_layers=9)),
        (MODEL, lambda m: m["weights"].update(obtain="Ask the authors.")),
        (MODEL, lambda m: m["capabilities"].update(choices=10)),
        ("models/remote.yaml", lambda m: m.update(title="Another title")),
        ("models/remote.yaml", lambda m: m.update(base_url="http://127.0.0.1:8000/v1")),
        ("models/remote.yaml", lambda m: m.update(api_key_env="MY_OTHER_KEY")),
        ("models/remote.yaml", lambda m: m.update(limits={"concurrency": 64})),
        (DATASET, lambda d: d.update(title="Another title", citation="@misc{x}")),
        (DATASET, lambda d: d.update(licence="none", remote_api="allow")),
        (DATASET, lambda d: d.update(obtain="Ask the authors.")),
        (STUDY, lambda s: s.update(allow_remote=["vader"], data_mirror="/elsewhere")),
        (DATASET, lambda d: d.update(caveats=["Careful."])),
        (DATASET, lambda d: d["source"]["lexicon"].update(obtain="Ask the authors.")),
        (SHEET, lambda p: p.update(title="Another title", source="A paper.")),
        (INSTRUCTION, lambda p: p.update(title="Another title", source="A paper.")),
    ],
)
def test_what_changes_no_result_changes_no_job(
    file: str, change: Callable[[Any], object], with_remote: Path, edit: Edit
) -> None:
    before = work(with_remote)
    edit(file, change)
    assert changes(before, work(with_remote)) == set()


def test_only_preparation_knows_whether_items_may_be_shown(with_remote: Path, edit: Edit) -> None:
    before = work(with_remote)
    edit(DATASET, lambda card: card.update(redistribute=False))
    assert changes(before, work(with_remote)) == {"prepare"}


EVERY_SHEET = {"rate smollm2-135m rating-sheet", "rate remote rating-sheet"}
EVERY_INSTRUCTION = {"rate smollm2-135m instruction", "rate remote instruction"}
PROTOCOLS = ("rating-sheet", "instruction", "instruction-with-examples")
SMOLLM = {f"rate smollm2-135m {name}" for name in PROTOCOLS}
REMOTELY = {f"rate remote {name}" for name in PROTOCOLS}
EVERY_RATE = SMOLLM | REMOTELY


@pytest.mark.parametrize(
    ("file", "change", "expected"),
    [
        (
            STUDY,
            lambda s: s["protocols"][0].update(temperature=0.5),
            EVERY_SHEET | {"decompose_variance"},
        ),
        (STUDY, lambda s: s["protocols"][1].update(participants=40), EVERY_INSTRUCTION),
        (
            STUDY,
            lambda s: s["protocols"][1].update(wave=2),
            EVERY_INSTRUCTION | {"decompose_variance"},
        ),
        (
            STUDY,
            lambda s: s["protocols"][0].update(readouts=["exact"]),
            EVERY_SHEET | {"decompose_variance"},
        ),
        (STUDY, lambda s: s["datasets"][0].update(sample=200), {"prepare"}),
        (STUDY, lambda s: s.update(shard_items=50), {"prepare"}),
        (
            STUDY,
            lambda s: s.update(seed=1),
            {"prepare", "align", "compare", "compare_structure", "decompose_variance", "explain"},
        ),
        (STUDY, lambda s: s.update(embedding="smollm2-135m"), {"explain"}),
        (STUDY, lambda s: s.update(statistics={"split_halves": 50}), {"align"}),
        (
            STUDY,
            lambda s: s.update(statistics={"bootstrap_resamples": 500}),
            {"align", "compare", "explain"},
        ),
        (STUDY, lambda s: s.update(statistics={"permutations": 99}), {"compare_structure"}),
        (STUDY, lambda s: s.update(statistics={"structure_items": 99}), {"compare_structure"}),
        (STUDY, lambda s: s.update(statistics={"worst_items": 5}), {"compare"}),
        (STUDY, lambda s: s.update(statistics={"min_answers": 5}), {"compare"}),
        (
            DATASET,
            lambda d: d.update(frameworks={"dimensions": ["valence"]}),
            {"compare", "compare_structure"},
        ),
        (MODEL, lambda m: m["weights"].update(sha256="0" * 64), SMOLLM),
        (MODEL, lambda m: m["weights"].update(file="other.gguf"), SMOLLM),
        ("models/remote.yaml", lambda m: m.update(model="remote-2"), REMOTELY),
        ("models/remote.yaml", lambda m: m.update(revision="2026-02"), REMOTELY),
        (INSTRUCTION, lambda p: p.update(template="Rate {{ item.text }}"), EVERY_INSTRUCTION),
        (INSTRUCTION, lambda p: p.update(system="Be human."), EVERY_INSTRUCTION),
        (INSTRUCTION, lambda p: p["answer"].update(max_tokens=9), EVERY_INSTRUCTION),
        (
            INSTRUCTION,
            lambda p: p["scales"]["valence"].update(instruction="How does it feel, 1 to 9?"),
            EVERY_INSTRUCTION,
        ),
        (
            SHEET,
            lambda p: p["scales"]["valence"]["demonstrations"].append({"text": "so", "rating": 5}),
            EVERY_SHEET | {"prepare"},
        ),
        (DATASET, lambda d: d.update(keep="[a-z]{3,}"), {"prepare"}),
        (DATASET, lambda d: d["source"]["lexicon"].update(sha256="0" * 64), {"prepare"}),
        (
            DATASET,
            lambda d: d["scales"]["valence"].update(direction="higher is better"),
            {"prepare", "aggregate", "align"} | EVERY_RATE,
        ),
    ],
)  # fmt: skip
def test_what_changes_a_result_changes_exactly_its_jobs(
    file: str,
    change: Callable[[Any], object],
    expected: set[str],
    with_remote: Path,
    edit: Edit,
) -> None:
    before = work(with_remote)
    edit(file, change)
    assert changes(before, work(with_remote)) == expected


def test_a_temperature_of_1_and_one_of_1_0_are_the_same_to_the_byte(
    config_dir: Path, edit: Edit
) -> None:
    before = orjson.dumps(work(config_dir))
    edit(STUDY, lambda study: [protocol.update(temperature=1) for protocol in study["protocols"]])
    assert "temperature: 1\n" in (config_dir / STUDY).read_text()
    assert orjson.dumps(work(config_dir)) == before


def test_wording_of_a_scale_nobody_asks_about_changes_no_job(with_remote: Path, edit: Edit) -> None:
    before = work(with_remote)
    arousal = {"arousal": {"instruction": "How calm?", "written_for": {"min": 1, "max": 9}}}
    edit(INSTRUCTION, lambda prompts: prompts["scales"].update(arousal))
    assert changes(before, work(with_remote)) == set()


def test_adding_a_model_changes_no_job_of_the_others(config_dir: Path, edit: Edit) -> None:
    before = work(config_dir)
    (config_dir / "models" / "remote.yaml").write_text("{}\n")
    edit("models/remote.yaml", lambda card: card.update(REMOTE))
    edit(STUDY, lambda study: study["models"].insert(0, "remote"))
    after = work(config_dir)
    assert after.keys() - before.keys() == REMOTELY
    assert {name: after[name] for name in before} == before


def test_demonstrations_of_all_protocols_are_kept_out_of_the_sample(
    config_dir: Path, edit: Edit
) -> None:
    shown = [{"text": "zest", "rating": 8}]
    edit(INSTRUCTION, lambda prompts: prompts["scales"]["valence"].update(demonstrations=shown))
    excluded = Jobs(load(config_dir)).prepare("vader").excluded_texts
    on_the_sheet = content(config_dir / SHEET)["scales"]["valence"]["demonstrations"]
    assert excluded == tuple(
        sorted({"zest", *(demonstration["text"] for demonstration in on_the_sheet)})
    )
    assert len(excluded) > 20


def test_rating_files_are_named_in_the_same_order_however_the_study_lists_them(
    with_remote: Path, edit: Edit, tmp_path: Path
) -> None:
    shards = tmp_path / "shards.json"
    shards.write_text('["0000", "0001"]')
    files = Files(load(with_remote), "results/default").ratings("vader", shards)
    assert len(files) == 2 * 3 * 2
    assert files[0] == "results/default/ratings/remote/instruction/vader/valence/0000.parquet"
    edit(STUDY, lambda s: (s["models"].reverse(), s["protocols"].reverse()))
    assert Files(load(with_remote), "results/default").ratings("vader", shards) == files


def test_only_jobs_that_talk_to_a_server_elsewhere_take_an_api_slot(
    with_remote: Path, edit: Edit
) -> None:
    edit(MODEL, lambda card: card.update(threads=2))
    needs = Needs(load(with_remote))
    assert (needs.api_slots("remote"), needs.api_slots("smollm2-135m")) == (1, 0)
    assert (needs.threads("remote"), needs.threads("smollm2-135m")) == (1, 2)
