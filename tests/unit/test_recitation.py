"""Completions of a table of norms: what is shown, asked, refused, read, kept apart, compared."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from ruamel.yaml import YAML

from emoalign.analyses.analysis_files import AnalysisFiles
from emoalign.analyses.recitation.analysis import RecitationJob
from emoalign.analyses.recitation.completed import compare_completions
from emoalign.analyses.recitation.section import SECTION
from emoalign.elicitation.engines.asked import AskedModel
from emoalign.elicitation.journal import Answer
from emoalign.elicitation.questions import questions_of
from emoalign.elicitation.rating import RatingJob, RatingTask, rate
from emoalign.elicitation.readings import read_answer
from emoalign.errors import StudyError
from emoalign.items.aggregation import aggregate
from emoalign.planning.analysed import analysed_study
from emoalign.planning.jobs import Jobs, reported
from emoalign.planning.loading import load_study
from emoalign.planning.opening import Opening
from emoalign.planning.plan import planned
from emoalign.planning.preflight import all_forbidden, check_prompts, why_forbidden
from emoalign.planning.rules import Files, together_rules
from emoalign.planning.studies import LoadedStudy
from emoalign.report.section import Absent, Results, View
from emoalign.stimuli.preparation import prepare
from emoalign.study.prompt_sets import AnswerFormat
from emoalign.study.protocols import Protocol
from emoalign.study.scales import HumanScale
from emoalign.tables import COMPLETIONS, ITEMS, NORMS, RECITATION, RECITATION_ITEMS, STIMULI

N = 60
RECITE: dict[str, Any] = {"name": "recite", "kind": "recitation", "prompts": "recitation"}
ASK: dict[str, Any] = {"name": "ask", "prompts": "asking", "participants": 2}
CHAT = {"chat": True, "completion": True}


@dataclass
class Own:
    """A study of one's own: a table of words, a model behind an address, recorded ratings."""

    folder: Path

    def write(self, name: str, content: object) -> None:
        path = self.folder / "config" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8") as stream:
            YAML(typ="safe").dump(content, stream)

    def dataset(self, **changes: Any) -> None:
        self.write("datasets/words.yaml", self.card() | changes)

    def card(self) -> dict[str, Any]:
        return {
            "title": "Norms of words",
            "modality": "word",
            "source": {
                "reader": "table",
                "table": {"file": str(self.folder / "norms-of-words.csv")},
                "id": "id",
                "text": "Word",
                "scales": {"valence": {"mean": "V.Mean"}},
            },
            "scales": {"valence": {"min": 1, "max": 9, "direction": "higher is more pleasant"}},
            "licence": "CC-BY-4.0",
            "citation": "@article{words}",
            "redistribute": True,
        }

    def words(self, means: Sequence[float], texts: Sequence[str] | None = None) -> None:
        texts = texts or [f"word {place}" for place in range(len(means))]
        table = pd.DataFrame({"id": [f"w{n:03}" for n in range(len(means))], "Word": texts})
        table.assign(**{"V.Mean": means}).to_csv(self.folder / "norms-of-words.csv", index=False)

    def model(self, address: str) -> None:
        card = {"title": "A", "engine": "openai", "model": "a", "base_url": address}
        self.write("models/a.yaml", card | {"capabilities": CHAT})

    def recorded(self, table: pd.DataFrame, **columns: Any) -> None:
        table.to_csv(self.folder / "recorded.csv", index=False)
        self.write(
            "models/recorded.yaml",
            {
                "title": "Recorded",
                "engine": "recorded",
                "source": {"file": str(self.folder / "recorded.csv")},
                "columns": {"item": "id", "rating": "rating"} | columns,
                "scale": "valence",
            },
        )

    def load(self, *protocols: dict[str, Any], **changes: Any) -> LoadedStudy:
        study = {
            "study": "own",
            "title": "T",
            "seed": 3,
            "models": ["a"],
            "datasets": [{"dataset": "words"}],
            "protocols": list(protocols or (ASK, RECITE)),
            "statistics": {"bootstrap_resamples": 200},
        }
        return load_study(study | changes, self.folder / "config")

    def prepared(self, loaded: LoadedStudy, dataset: str = "words") -> Path:
        results = self.folder / "results/own"
        prepare(
            Jobs(loaded).prepare(dataset),
            stimuli=results / f"stimuli/{dataset}.parquet",
            norms=results / f"norms/{dataset}.parquet",
            shards=results / f"stimuli/{dataset}.shards.json",
            files=loaded.datasets[dataset].files(),
        )
        return results

    def task(self, loaded: LoadedStudy, protocol: str = "recite") -> RatingTask:
        results = self.prepared(loaded)
        (job,) = Jobs(loaded).rate_together("a", protocol, "words")
        norms = NORMS.read(results / "norms/words.parquet")
        items = STIMULI.read(results / "stimuli/words.parquet")
        return RatingTask(job, items, self.folder / "journal", norms=norms)

    def prompts(self, loaded: LoadedStudy) -> dict[str, str]:
        """What the model is shown, by item."""
        card = loaded.models["a"]
        assert isinstance(card, AskedModel)
        shown = {}
        for question in questions_of(self.task(loaded), card):
            prompt = question.ask.request.prompt
            messages = prompt.messages or ()
            shown[question.item_id] = prompt.text or messages[-1].content
        return shown


@pytest.fixture
def own(tmp_path: Path) -> Own:
    study = Own(tmp_path)
    study.dataset()
    study.words(np.round(np.random.default_rng(1).uniform(1.2, 8.8, N), 2).tolist())
    study.model("http://127.0.0.1:9/v1")
    wording = {"instruction": "How pleasant?", "written_for": {"min": 1, "max": 9}}
    study.write(
        "prompts/asking.yaml",
        {
            "title": "Asking",
            "kind": "chat",
            "template": "{{ instruction }} {{ item.text }}",
            "answer": {"kind": "text"},
            "scales": {"valence": wording},
        },
    )
    return study


def means_of(own: Own) -> dict[str, float]:
    table = pd.read_csv(own.folder / "norms-of-words.csv")
    return dict(zip(table["id"], table["V.Mean"], strict=True))


# What is shown


def test_a_recitation_shows_rows_of_other_items_and_never_the_mean_that_is_asked_for(
    own: Own,
) -> None:
    shown, means = own.prompts(own.load()), means_of(own)
    assert len(shown) == N - 10
    for item_id, prompt in shown.items():
        word = f"word {int(item_id[1:])}"
        assert '"Norms of words" (file norms-of-words.csv)' in prompt
        assert "\nWord,V.Mean\n" in prompt
        assert f"\n{word},\n" in prompt
        assert not re.search(rf"^{word},[0-9]", prompt, re.MULTILINE)
        rows = re.findall(r"^(word [0-9]+),([0-9.]+)$", prompt, re.MULTILINE)
        assert len(rows) == 10
        assert all(f"{means[f'w{int(w[5:]):03}']:.2f}" == mean for w, mean in rows)
    assert len({re.sub(r"^word [0-9]+,$", "", each, flags=re.M) for each in shown.values()}) == 1


def test_as_many_rows_and_items_as_the_protocol_says_always_the_same(own: Own) -> None:
    few = RECITE | {"examples": 3, "items": 20}
    shown = own.prompts(own.load(ASK, few))
    assert len(shown) == 20
    assert {
        len(re.findall(r"^word [0-9]+,[0-9.]+$", one, re.MULTILINE)) for one in shown.values()
    } == {3}
    assert own.prompts(own.load(ASK, few)) == shown
    assert own.prompts(own.load(ASK, few, seed=4)).keys() != shown.keys()
    every = own.prompts(own.load(ASK, RECITE | {"examples": 3}))
    assert shown.items() <= every.items()  # a higher limit asks for the rest alone


def test_a_text_to_be_continued_ends_where_the_mean_stands(own: Own) -> None:
    own.words([5.25] * N, texts=[f'so, "{place}"' for place in range(N)])
    shown = own.prompts(own.load(ASK, RECITE | {"prompts": "recitation-completion"}))
    for item_id, prompt in shown.items():
        assert prompt.endswith(f'\n"so, ""{int(item_id[1:])}""",')


@pytest.mark.parametrize(
    ("means", "native", "printed"),
    [
        ([round(1 + 0.1 * n, 1) for n in range(N)], None, r"[0-9]\.[0-9]"),
        ([round(1 + 0.101 * n, 3) for n in range(N)], None, r"[0-9]\.[0-9]{3}"),
        ([n / 2 for n in range(N)], {"min": 100, "max": 0}, r"[0-9]+\.[0-9]"),
        ([1 + n / 9 for n in range(N)], None, r"[0-9]\.[0-9]{2}"),
    ],
)
def test_means_are_printed_as_in_their_file(
    own: Own, means: list[float], native: dict[str, float] | None, printed: str
) -> None:
    own.words(means)
    scale = own.card()["scales"]["valence"]
    own.dataset(scales={"valence": scale | ({"native": native} if native else {})})
    prompt = next(iter(own.prompts(own.load()).values()))
    rows = re.findall(r"^word ([0-9]+),(.+)$", prompt, re.MULTILINE)
    assert len(rows) == 10
    for number, mean in rows:
        assert re.fullmatch(printed, mean)
        assert float(mean) == pytest.approx(means[int(number)], abs=0.005)


def test_a_recitation_asks_once_at_temperature_0(own: Own) -> None:
    loaded = own.load()
    card = loaded.models["a"]
    assert isinstance(card, AskedModel)
    questions = questions_of(own.task(loaded), card)
    assert {each.ask.participants for each in questions} == {(0,)}
    assert {each.ask.request.sampling.temperature for each in questions} == {0.0}
    warmer = own.load(ASK, RECITE | {"temperature": 1})
    assert warmer.protocol("recite").temperature == 1.0


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"participants": 5}, "participants: a recitation asks once"),
        ({"readouts": ["exact"]}, "readouts: a recitation is one text"),
        ({"prompts": "asking"}, "answers are decimal; use the prompt set recitation"),
        ({"kind": "rating"}, "asks for ratings, but the answers of its prompt set are decimal"),
        ({"prompts": None}, "'recite' has no prompt set for asking 'a'"),
        ({"prompts": None, "prompts_for": {"wordz": "recitation"}}, "did you mean 'words'?"),
    ],
)
def test_what_cannot_be_a_recitation_is_refused(
    own: Own, changes: dict[str, Any], told: str
) -> None:
    with pytest.raises(StudyError, match=re.escape(told)):
        own.load(ASK, RECITE | changes)


def test_keys_of_a_recitation_belong_to_no_other_protocol(own: Own) -> None:
    with pytest.raises(StudyError, match="examples: only a protocol of kind: recitation has it"):
        own.load(ASK | {"examples": 3})


def test_a_study_of_a_recitation_alone_is_refused(own: Own) -> None:
    with pytest.raises(StudyError, match="no protocol asks for ratings; add one"):
        own.load(RECITE)


def test_the_prompts_of_a_recitation_are_tried_before_anything_is_asked(own: Own) -> None:
    check_prompts(own.load())
    broken = {
        "title": "T",
        "kind": "chat",
        "template": "{{ table.rows[0] }} {{ table.mean }}",
        "answer": {"kind": "decimal"},
    }
    own.write("prompts/broken.yaml", broken)
    with pytest.raises(StudyError, match="has no attribute 'mean'"):
        check_prompts(own.load(ASK, RECITE | {"prompts": "broken"}))


# Permission


@pytest.mark.parametrize(
    ("card", "allowed", "told"),
    [
        ({}, (), None),
        ({"redistribute": False}, (), "the items of 'words' would be sent"),
        ({"redistribute": False}, ("words",), "write redistribute: true into a card of your own"),
        ({"redistribute": False, "remote_api": "allow"}, (), "norms of 'words' would be sent to a"),
        ({"remote_api": "deny"}, (), "remote_api: deny"),
    ],
)
def test_norms_go_to_other_machines_only_where_card_and_study_allow_both(
    own: Own, card: dict[str, Any], allowed: tuple[str, ...], told: str | None
) -> None:
    own.dataset(**card)
    own.model("https://api.example.org/v1")
    loaded = own.load(allow_remote=list(allowed))
    why = why_forbidden(loaded, "a", "words", "recite")
    assert (told is None) == (why is None)
    assert told is None or told in str(why)
    assert all_forbidden(loaded) == ([] if why is None else [why])
    items_may_go = told is None or "redistribute: true" in told or "norms" in told
    assert (why_forbidden(loaded, "a", "words", "ask") is None) == items_may_go


def test_a_model_on_this_machine_may_see_norms(own: Own) -> None:
    own.dataset(redistribute=False)
    assert all_forbidden(own.load()) == []


def test_a_recitation_that_names_other_datasets_shows_nothing_of_this_one(own: Own) -> None:
    own.dataset(redistribute=False, remote_api="allow")
    own.model("https://api.example.org/v1")
    own.write("datasets/open.yaml", own.card())
    named = {key: value for key, value in RECITE.items() if key != "prompts"}
    loaded = own.load(
        ASK,
        named | {"prompts_for": {"open": "recitation"}},
        datasets=[{"dataset": "words"}, {"dataset": "open"}],
    )
    assert all_forbidden(loaded) == []
    assert Jobs(loaded).rate_together("a", "recite", "words") == []
    assert analysed_study(loaded).datasets["words"].recited == ()
    assert analysed_study(loaded).datasets["open"].recited == ("recite",)


# The plan


def test_the_plan_counts_what_a_recitation_will_ask(own: Own) -> None:
    loaded = own.load(ASK, RECITE | {"items": 20})
    task = own.task(loaded)
    row = planned(task.job, loaded.models["a"], task.stimuli, own.folder, task.norms)
    assert row is not None
    assert (row["answers"], row["requests"]) == (20, 20)
    assert float(str(row["prompt_tokens_min"])) > 20 * 60
    jobs = [job for job in Jobs(loaded).plan() if job.protocol.recites]
    assert jobs == [task.job]
    opening = Opening(
        loaded, own.folder, own.folder, jobs=(), awaited=("words",), cores=None, items={"words": N}
    )
    assert f"at most {2 * N + 20} answers in {2 * N + 20} requests" in " ".join(opening.asking())


# What is kept apart


def test_no_file_of_a_recitation_is_a_rating_file(own: Own, tmp_path: Path) -> None:
    """All stages take ratings from `Files.ratings`; completions have a folder of their own."""
    shards = tmp_path / "shards.json"
    shards.write_text('["0000"]')
    files = Files(own.load(), "results/own")
    assert files.ratings("words", shards) == [
        "results/own/ratings/a/ask/words/valence/0000.parquet"
    ]
    assert files.completions("words", shards) == [
        "results/own/completions/a/recite/words/valence/0000.parquet"
    ]


def test_analyses_and_report_know_a_recitation_as_no_way_of_rating(own: Own) -> None:
    loaded = own.load()
    assert list(analysed_study(loaded).protocols) == ["ask"]
    job = reported(loaded)
    assert (list(job.protocols), list(job.recitations)) == (["ask"], ["recite"])
    assert job.order["protocol"] == ["ask"]


def test_a_study_without_a_recitation_has_the_jobs_it_had(own: Own) -> None:
    for job in Jobs(own.load(ASK)).plan():
        assert not {"recited", "kind", "examples", "items"} & {
            *job.params(),
            *job.params()["protocol"],
        }


# How answers are read


@pytest.mark.parametrize(
    ("text", "finish_reason", "expected"),
    [
        ("5.37", "stop", ("ok", 5.37)),
        (" 5.370\n", "stop", ("ok", 5.37)),
        ("**5**", "stop", ("ok", 5.0)),
        ("9.01", "stop", ("off_scale", None)),
        ("-1", "stop", ("off_scale", None)),
        ("about 5.3", "stop", ("unparsable", None)),
        ("5.37, 2.10", "stop", ("unparsable", None)),
        ("5,37", "stop", ("unparsable", None)),
        ("5.3", "length", ("truncated", None)),
        ("5.3", "", ("truncated", None)),
        ("I'm sorry, but I can't.", "stop", ("refusal", None)),
    ],
)
def test_a_completion_is_a_number_and_nothing_else(
    text: str, finish_reason: str, expected: tuple[str, float | None]
) -> None:
    scale = HumanScale(min=1, max=9, direction="higher is more pleasant")
    answer = Answer(
        request_id="",
        participant=0,
        text=text,
        finish_reason=finish_reason,
        model_reported="",
        prompt_tokens=0,
        completion_tokens=0,
        latency_s=0,
        received="",
    )
    read = read_answer(answer, {"valence": scale}, AnswerFormat(kind="decimal"))["valence"]
    assert (read.status, read.rating) == expected


# What comes of it


def completed(
    own: Own, loaded: LoadedStudy, models: Sequence[str] = ("recorded",)
) -> dict[str, pd.DataFrame]:
    """The tables of recitation, from the rating jobs of recorded models."""
    results = own.prepared(loaded)
    stimuli, norms = (results / f"{stage}/words.parquet" for stage in ("stimuli", "norms"))
    written: dict[str, list[Path]] = {"ratings": [], "completions": []}
    for job in Jobs(loaded).plan():
        stage = "completions" if job.protocol.recites else "ratings"
        output = results / stage / job.model / job.protocol.name / f"words/{job.asked}/0000.parquet"
        card = loaded.models[job.model]
        rate([job], card, stimuli, "0000", own.folder / "journal", [output], norms=norms)
        written[stage].append(output)
    items = results / "items/words.parquet"
    aggregate(Jobs(loaded).aggregate("words"), written["ratings"], norms, stimuli, items)
    assert set(ITEMS.read(items)["protocol"]) <= {"asked"}
    job = RecitationJob.of(analysed_study(loaded))
    compare_completions(job, AnalysisFiles.within(results))
    return {
        table.path: table.read(results / table.path) for table in (RECITATION, RECITATION_ITEMS)
    }


RECORDED = ({"name": "asked"}, {"name": "recite", "kind": "recitation"})


def answers(own: Own, known: float = 0.4) -> pd.DataFrame:
    rng = np.random.default_rng(2)
    means = pd.Series(means_of(own))
    judged = np.clip(means + rng.normal(0, 0.8, len(means)), 1, 9).round()
    recited = rng.random(len(means)) < known
    made_up = np.clip(judged + rng.random(len(means)).round(2) - 0.5, 1, 9).round(2)
    written = np.where(recited, means, made_up)
    return pd.DataFrame(
        {"id": means.index, "rating": judged, "next": written.astype(str)}
    ).reset_index(drop=True)


def test_a_recorded_model_that_knows_some_norms_by_heart_is_found_out(own: Own) -> None:
    table = answers(own)
    table.loc[3, "next"] = "about 5"
    table.loc[4, "next"] = ""
    own.recorded(table, completions={"valence": "next"})
    made = completed(own, own.load(*RECORDED, models=["recorded"]))
    (row,) = made[RECITATION.path].to_dict("records")
    assert pd.isna(row["reason"])
    assert (row["n_asked"], row["n_completions"], row["n_unreadable"]) == (N - 1, N - 2, 1)
    assert row["p"] < 0.01
    assert row["exact"] > 15
    assert row["hits"] > 3 * row["hits_by_chance"]
    assert row["r_beyond_low"] < row["r_beyond"] < row["r_beyond_high"]
    assert (row["rated_under"], row["rated_readout"], row["n_rated"]) == ("asked", "sampled", N - 2)
    items = made[RECITATION_ITEMS.path].set_index("item_id")
    assert items.loc["w003", "status"] == "unparsable"
    assert np.isnan(items.loc["w003", "completion"])
    assert items.loc["w005", "norm"] == means_of(own)["w005"]
    assert len(items) == N


@pytest.mark.shared_data
def test_recorded_completions_have_the_published_numbers(own: Own, shared: Path) -> None:
    """GPT-4 on the arousal of the Glasgow norms (Trott 2024), from a rating job to the table."""
    scale = {"min": 1, "max": 9, "direction": "higher is more arousing"}
    own.dataset(
        source=own.card()["source"]
        | {
            "table": {"file": str(shared / "glasgow/glasgow.csv")},
            "id": "word",
            "text": "word",
            "scales": {"arousal": {"mean": "Arousal.M", "sd": "Arousal.SD", "n": "Arousal.N"}},
        },
        scales={"arousal": scale},
    )
    gpt4 = shared / "glasgow/gpt4_data_contamination_test.csv"
    columns = {"item": "word", "rating": "Arousal", "completions": {"arousal": "num_response"}}
    own.write(
        "models/recorded.yaml",
        {
            "title": "GPT-4",
            "engine": "recorded",
            "source": {"file": str(gpt4)},
            "columns": columns,
            "scale": "arousal",
        },
    )
    made = completed(own, own.load(*RECORDED, models=["recorded"]))
    (row,) = made[RECITATION.path].to_dict("records")
    assert (row["n_completions"], row["decimals"]) == (859, 3)
    assert (row["exact"], row["hits"]) == (1, 37)
    assert row["hits_by_chance"] == pytest.approx(31.35, abs=0.15)
    assert row["hits_by_chance_sd"] == pytest.approx(3.22, abs=0.1)
    assert row["p"] == pytest.approx(0.0559, abs=0.008)
    published = {
        "r_norm": 0.5063,
        "r_rating_norm": 0.6636,
        "r_rating": 0.5478,
        "r_beyond": 0.2282,
        "r_decimals": -0.0452,
    }
    assert {name: row[name] for name in published} == pytest.approx(published, abs=5e-5)
    rated = pd.read_csv(shared / "glasgow/glasgow_gpt-4.csv").set_index("word")["Arousal"]
    items = made[RECITATION_ITEMS.path].dropna().set_index("item_id")
    assert (items["rating"] == rated.reindex(items.index)).all()


def test_completions_are_kept_word_for_word(own: Own) -> None:
    table = answers(own)
    table.loc[3, "next"] = "about 5"
    own.recorded(table, completions={"valence": "next"})
    completed(own, own.load(*RECORDED, models=["recorded"]))
    (file,) = (own.folder / "results/own/completions").rglob("*.parquet")
    kept = COMPLETIONS.read(file).set_index("item_id")
    assert kept["text"].to_dict() == dict(zip(table["id"], table["next"], strict=True))
    assert set(kept["protocol"]) == {"recite"}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda t: t.assign(next=[*t["next"][:19], *[""] * (N - 19)]), "only 19 completions; at"),
        (lambda t: t.assign(next="never"), "no completion; at least 20 are needed"),
    ],
)
def test_too_few_completions_give_a_reason(own: Own, change: Any, reason: str) -> None:
    own.recorded(change(answers(own)), completions={"valence": "next"})
    made = completed(own, own.load(*RECORDED, models=["recorded"]))
    (row,) = made[RECITATION.path].to_dict("records")
    assert row["reason"].startswith(reason)
    assert np.isnan(row["p"])


@pytest.mark.parametrize(
    ("means", "completed_as"),
    [
        (range(N), str),
        ([1 + n % 9 for n in range(N)], str),
        ([1 + n % 9 for n in range(N)], lambda mean: f"{mean:.2f}"),
        ([1 + n / 10 for n in range(N)], lambda mean: str(round(mean))),
        ([5] * N, lambda mean: f"{mean:.2f}"),
    ],
    ids=["all-apart", "whole-norms", "whole-with-decimals", "whole-completions", "one-norm"],
)
def test_completions_whose_hits_chance_cannot_change_give_a_reason(
    own: Own, means: Sequence[float], completed_as: Any
) -> None:
    own.words(list(map(float, means)))
    scale = own.card()["scales"]["valence"]
    own.dataset(scales={"valence": scale | {"native": {"min": 0, "max": 100}}})
    written = [completed_as(mean) for mean in means]
    own.recorded(
        pd.DataFrame({"id": means_of(own).keys(), "rating": 5, "next": written}),
        completions={"valence": "next"},
    )
    made = completed(own, own.load(*RECORDED, models=["recorded"]))
    (row,) = made[RECITATION.path].to_dict("records")
    assert row["reason"].startswith("completions with the same whole part, or their norms, are")
    assert np.isnan(row["p"])


def test_norms_of_a_reversed_file_are_compared_in_its_numbers(own: Own) -> None:
    own.recorded(answers(own), completions={"valence": "next"})
    straight = completed(own, own.load(*RECORDED, models=["recorded"]))[RECITATION.path].iloc[0]
    scale = own.card()["scales"]["valence"]
    own.dataset(scales={"valence": scale | {"native": {"min": 9, "max": 1}}})
    own.recorded(
        answers(own).assign(rating=lambda t: 10 - t["rating"]), completions={"valence": "next"}
    )
    reversed_ = completed(own, own.load(*RECORDED, models=["recorded"]))[RECITATION.path].iloc[0]
    for name in ("exact", "hits", "p", "r_norm", "r_rating", "r_rating_norm", "r_beyond"):
        assert reversed_[name] == pytest.approx(straight[name]), name


def test_a_model_without_completions_has_a_row_that_says_so(own: Own) -> None:
    own.recorded(answers(own), completions={"valence": "next"})
    card = YAML(typ="safe").load(own.folder / "config/models/recorded.yaml")
    del card["columns"]["completions"]
    own.write("models/people.yaml", card | {"title": "People"})
    made = completed(own, own.load(*RECORDED, models=["recorded", "people"]))
    rows = made[RECITATION.path].set_index("model")
    assert (
        rows.loc["people", "reason"] == "its ratings are recorded, without completions of the norms"
    )
    assert rows["reason"].isna().to_dict() == {"people": False, "recorded": True}


def test_columns_of_completions_are_no_participants(own: Own) -> None:
    table = answers(own).rename(columns={"rating": "v_1", "next": "v_next"}).assign(v_2=5)
    own.recorded(table)
    card = YAML(typ="safe").load(own.folder / "config/models/recorded.yaml")
    del card["scale"]
    columns = {"item": "id", "ratings": {"valence": "v_*"}, "completions": {"valence": "v_next"}}
    own.write("models/recorded.yaml", card | {"columns": columns})
    made = completed(own, own.load(*RECORDED, models=["recorded"]))
    assert made[RECITATION.path]["n_completions"].tolist() == [N]


def test_a_recitation_that_nobody_can_answer_is_refused(own: Own) -> None:
    own.recorded(answers(own))
    with pytest.raises(StudyError, match=r"asks nobody: .* columns.completions in its card"):
        own.load(*RECORDED, models=["recorded"])


def test_the_tolerance_is_that_of_the_study(own: Own) -> None:
    own.recorded(answers(own), completions={"valence": "next"})
    hits = [
        completed(own, own.load(*RECORDED, models=["recorded"], recitation={"tolerance": each}))[
            RECITATION.path
        ]["hits"].iloc[0]
        for each in (0.01, 0.5)
    ]
    assert hits[0] < hits[1]


def test_the_seed_of_a_recitation_is_part_of_its_job(own: Own) -> None:
    (job,) = Jobs(own.load()).rate_together("a", "recite", "words")
    again = RatingJob.model_validate(job.params())
    assert again == job
    assert again.recited is not None
    assert again.recited.seed == 3
    assert Protocol.model_validate(job.params()["protocol"]).participants == 1


# What the report says


def view_of(own: Own, loaded: LoadedStudy) -> View | Absent | None:
    completed(own, loaded)
    return SECTION.view(Results(reported(loaded), own.folder / "results/own"))


def test_hits_above_chance_are_told_as_evidence_and_those_at_chance_as_none(own: Own) -> None:
    told = []
    for known in (0.5, 0.0):
        own.recorded(answers(own, known), completions={"valence": "next"})
        view = view_of(own, own.load(*RECORDED, models=["recorded"]))
        assert isinstance(view, View)
        told.append(" ".join(view.findings[0]))
        assert "permutations of the norms" in view.methods[0]
        assert view.values["spread"] == "1 in 11"
    assert re.search(
        r"by chance, p < .001\), [0-9]+ of them to the last decimal: either it has", told[0]
    )
    assert "it has seen the published norms, or it judges items to a fraction" in told[0]
    assert "no evidence that it recites them, which does not show that it has not seen" in told[1]
    assert "Beyond its own ratings (asked, sampled answers), its completions" in told[0]
    assert re.search(r"r = −?\.[0-9]{2}, 95% CI \[−?\.[0-9]{2}, −?\.[0-9]{2}\]", told[0])


@pytest.mark.parametrize(("digits", "spread"), [(1, ""), (2, "1 in 11"), (3, "1 in 101")])
def test_how_many_hits_of_a_judge_are_exact_follows_from_the_decimals(
    own: Own, digits: int, spread: str
) -> None:
    own.words(np.random.default_rng(8).uniform(2, 8, N).round(digits).tolist())
    own.recorded(answers(own), completions={"valence": "next"})
    view = view_of(own, own.load(*RECORDED, models=["recorded"]))
    assert isinstance(view, View)
    assert view.values["spread"] == spread


def test_a_model_that_cannot_be_assessed_is_told_beside_others_or_alone(own: Own) -> None:
    own.recorded(answers(own), completions={"valence": "next"})
    card = YAML(typ="safe").load(own.folder / "config/models/recorded.yaml")
    own.write(
        "models/people.yaml",
        card | {"title": "People", "columns": {"item": "id", "rating": "rating"}},
    )
    both = view_of(own, own.load(*RECORDED, models=["recorded", "people"]))
    assert isinstance(both, View)
    assert len(both.findings) == 2
    assert "not assessable for recitation: its ratings are recorded, without" in both.findings[1][0]
    own.recorded(answers(own).assign(next="never"), completions={"valence": "next"})
    alone = view_of(own, own.load(*RECORDED, models=["recorded"]))
    assert alone == Absent("Not assessable: no completion; at least 20 are needed.")


def test_answers_that_are_no_numbers_are_told_at_once_as_such(
    own: Own, caplog: pytest.LogCaptureFixture
) -> None:
    own.recorded(answers(own).assign(next="never"), completions={"valence": "next"})
    completed(own, own.load(*RECORDED, models=["recorded"]))
    assert f"Only 0 of {N} answers (0%; sampled) of recorded under recite" in caplog.text
    assert "are numbers on the scale. The others, which count for nothing" in caplog.text


def test_a_model_loaded_once_recites_in_a_job_of_its_own(own: Own) -> None:
    loaded = own.load(models=["qwen3-8b"])
    rules = {rule.protocol: rule for rule in together_rules(loaded)}
    assert rules["ask"].files("r") == [
        "r/ratings/{model}/{protocol}/{dataset}/valence/{shard}.parquet"
    ]
    assert rules["recite"].files("r") == [
        "r/completions/{model}/{protocol}/{dataset}/valence/{shard}.parquet"
    ]
