"""The first words of a run: its jobs, and what asking costs at most."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from emoalign.elicitation.journal import Answer, JournalWriter
from emoalign.planning.jobs import Jobs
from emoalign.planning.loading import load_study
from emoalign.planning.opening import Opening, Planned, usual_text
from emoalign.planning.plan import planned
from emoalign.planning.studies import LoadedStudy
from emoalign.tables import STIMULI

ROOT = Path(__file__).parents[2]
SHEET = {"name": "p", "prompts": "rating-sheet", "readouts": ["sampled", "exact"]}
PREPARING: list[Planned] = [("prepare_stimuli", {"dataset": "vader"}), ("align", {})]


def study(models: list[str], sample: int | None = 300, **more: Any) -> LoadedStudy:
    content = {
        "study": "s",
        "title": "T",
        "seed": 1,
        "models": models,
        "datasets": [{"dataset": "vader", "sample": sample}],
        "protocols": [{**SHEET, "participants": 20}],
        **more,
    }
    return load_study(content, ROOT / "config")


def told(
    loaded: LoadedStudy,
    folder: Path,
    jobs: list[Planned] = PREPARING,
    awaited: tuple[str, ...] = ("vader",),
    cores: int | None = 1,
) -> str:
    opening = Opening(loaded, folder / "results", folder / "journal", jobs, awaited, cores)
    return " ".join(opening.text().split())


def rating_jobs(model: str, *shards: str, rule: str = "rate") -> list[Planned]:
    cell = {"model": model, "protocol": "p", "dataset": "vader", "scale": "valence"}
    return [(rule, {**cell, "shard": shard}) for shard in shards]


def test_before_the_items_are_there_it_says_how_many_ratings_will_follow(tmp_path: Path) -> None:
    said = told(study(["smollm2-135m"], shard_items=100), tmp_path)
    assert said.startswith("Study s, 2 jobs: prepare_stimuli, align. Once the items are prepared, ")
    assert "3 rating jobs follow (vader)." in said
    assert (
        "smollm2-135m: at most 6,300 answers in 600 requests; on this machine, at no cost; "
        "running time unknown until it has answered once." in said
    )


def test_what_asking_takes_is_told_whatever_a_module_calls_the_rule(tmp_path: Path) -> None:
    jobs = rating_jobs("gpt-4o", "0", rule="theirs_rate")
    instruction = {"name": "p", "prompts": "instruction", "participants": 20}
    loaded = study(["gpt-4o"], protocols=[instruction])
    said = told(loaded, tmp_path, jobs, awaited=())
    assert "gpt-4o: is asked about all items" in said


def test_where_no_ratings_follow_none_are_told(tmp_path: Path) -> None:
    said = told(study(["smollm2-135m"]), tmp_path, jobs=PREPARING[:1], awaited=())
    assert said == "Study s, 1 job: prepare_stimuli."
    assert told(study(["smollm2-135m"]), tmp_path, jobs=[], awaited=()) == "Study s, no job."


@pytest.mark.parametrize(
    ("model", "more"),
    [
        ("gpt-4o", {}),
        ("gpt-5.4-mini", {"thinking": "off"}),
        ("gpt-5.4-mini", {"thinking": "high", "temperature": "provider"}),
        ("gpt-5.4-mini", {"prompts": "words-stated", "readouts": ["stated"]}),
        ("gpt-4o", {"prompts": "words-stated-structured", "readouts": ["stated"]}),
    ],
)
def test_what_an_api_costs_is_about_what_the_plan_says(
    model: str, more: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emoalign.elicitation.engines.api.vocabularies.CARRIED", ())
    protocol = {"name": "p", "prompts": "instruction", "participants": 20, **more}
    loaded = study([model], protocols=[protocol], max_usd=1)
    words = pd.DataFrame(
        {
            "item_id": map(str, range(300)),
            "modality": "word",
            "text": map("{:07d}".format, range(300)),
        }
    )
    row = planned(
        Jobs(loaded).rate(model, "p", "vader", "valence"),
        loaded.models[model],
        words,
        tmp_path / "journal",
    )
    assert row is not None
    said = told(loaded, tmp_path)
    assert f"at most {row['answers']:,} answers in {row['requests']:,} requests" in said
    usd = float(said.partition("Together at most about ")[2].split()[0].replace(",", ""))
    assert usd == pytest.approx(float(str(row["usd_max"])), rel=0.1)
    assert "the study stops at max_usd = 1." in said


TEXTS = {
    "short": ("word", ["joy", "fear", "calm"]),
    "arabic": ("sentence", ["\u0643\u0631\u0627\u0647\u064a\u0629 " * 9, "\u062d\u0628"]),
    "chinese": ("sentence", ["\u6545\u4e8b\u7ee7\u7eed" * 500, "\u7231"]),
    "long": ("sentence", ["The story goes on and on. " * 800, "It ends.", "So it does."]),
    "images": ("image", []),
}


@pytest.mark.parametrize("prepared", [True, False], ids=["prepared", "checked"])
@pytest.mark.parametrize("name", list(TEXTS))
def test_the_upper_limit_is_not_below_that_of_the_plan(
    name: str, prepared: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emoalign.elicitation.engines.api.vocabularies.CARRIED", ())
    modality, texts = TEXTS[name]
    model = "gpt-6-sol"
    protocol = {"name": "p", "prompts": "instruction", "participants": 20}
    dataset = {"dataset": "vader", "sample": len(texts)}
    if modality == "image":
        protocol["prompts"] = "instruction-image"
        dataset = {"dataset": "oasis", "sample": 3, "scales": ["valence"]}
    rated = str(dataset["dataset"])
    loaded = study(
        [model], protocols=[protocol], datasets=[dataset], allow_remote=["oasis"] * (not texts)
    )
    rows = pd.DataFrame(
        {**dict.fromkeys(STIMULI.schema.names), "text": texts or [None] * 3, "modality": modality}
    )
    rows["item_id"] = [f"i{place}" for place in range(len(rows))]
    rows["shard"], rows["image_sha256"], rows["image_path"] = "0000", "0" * 64, "a.jpg"
    job = Jobs(loaded).rate(model, "p", rated, "valence")
    row = planned(job, loaded.models[model], rows, tmp_path / "journal")
    assert row is not None
    jobs: list[Planned] = []
    if prepared:
        STIMULI.write(rows, tmp_path / f"r/stimuli/{rated}.parquet")
        jobs = [("rate", {"model": model, "protocol": "p", "dataset": rated, "shard": "0000"})]
        jobs[0][1]["scale"] = "valence"
    opening = Opening(
        loaded,
        tmp_path / "r",
        tmp_path / "j",
        jobs,
        () if prepared else (rated,),
        None,
        {} if prepared else {rated: len(rows)},
        {} if prepared or not texts else {rated: str(usual_text(texts))},
    )
    said = " ".join(opening.text().split())
    amount = said.partition("Together ")[2]
    most = float(str(row["usd_max"]))
    told = float(amount.removeprefix("at most about ").removeprefix("< ").split()[0])
    assert round(most, 2) <= told <= 4 * most + 0.01, amount


def test_the_usual_text_is_the_shortest_that_is_not_below_the_average() -> None:
    assert usual_text(["a", "bb", "ccc", "dddd"]) == "ccc"
    assert usual_text(["a" * 4, "\u6545" * 3, "b"]) == "\u6545" * 3, "tokens, not letters"
    assert usual_text(["one"]) == "one"
    assert usual_text([None, None]) is None


def test_items_that_are_not_sampled_are_counted_once_they_are_prepared(tmp_path: Path) -> None:
    said = told(study(["smollm2-135m"], None, shard_items=100), tmp_path)
    assert "1 rating job follows (vader), or more for a dataset without a sample size" in said
    assert "smollm2-135m: is asked about all items; their number is known once" in said


def test_prepared_items_are_counted_by_the_shards_that_are_asked_about(tmp_path: Path) -> None:
    shards = ["0000"] * 4 + ["0001"] * 3
    rows = {**dict.fromkeys(STIMULI.schema.names), "modality": "word", "shard": shards}
    rows |= {"item_id": list("abcdefg"), "text": list("abcdefg")}
    (tmp_path / "results/stimuli").mkdir(parents=True)
    STIMULI.write(pd.DataFrame(rows), tmp_path / "results/stimuli/vader.parquet")
    jobs = rating_jobs("smollm2-135m", "0001")
    said = told(study(["smollm2-135m"]), tmp_path, jobs, awaited=())
    assert "at most 63 answers in 6 requests" in said


def test_a_model_on_this_machine_takes_as_long_as_before(tmp_path: Path) -> None:
    answers = [
        Answer(f"r{number}", one, "7", "stop", "m", 50, 1, 3.0 if one is None else 9.0, "now")
        for number in range(5)
        for one in (None, 0, 1)
    ]
    file = tmp_path / "journal/smollm2-135m/emobank/arousal/other.0000.jsonl"
    with JournalWriter(file) as journal:
        journal.append(answers)
    said = told(study(["smollm2-135m"]), tmp_path)
    assert "about 60 min of one core" in said, "300 requests of 9 s and 300 of 3 s"


def test_items_that_may_not_be_sent_cost_nothing(tmp_path: Path) -> None:
    oasis = {"dataset": "oasis", "scales": ["valence"], "sample": 10}
    protocol = {"name": "p", "prompts": "instruction-image", "participants": 20}
    loaded = study(["gpt-4o"], datasets=[oasis], protocols=[protocol])
    said = told(loaded, tmp_path, [("prepare_stimuli", {"dataset": "oasis"})], ("oasis",))
    assert "gpt-4o" not in said


@pytest.mark.parametrize(
    ("cores", "shard_items", "advice"),
    [(8, None, 38), (8, 150, 38), (2, 150, None), (1, None, None), (None, None, None)],
)
def test_idle_cores_are_told_with_what_would_use_them(
    cores: int | None, shard_items: int | None, advice: int | None, tmp_path: Path
) -> None:
    said = told(study(["smollm2-135m"], shard_items=shard_items), tmp_path, cores=cores)
    assert ("will be idle while ratings are collected" in said) == (advice is not None)
    if advice is not None:
        assert f"`shard_items: {advice}`" in said
        assert told(study(["smollm2-135m"], shard_items=advice), tmp_path, cores=cores) != said
        better = told(study(["smollm2-135m"], shard_items=advice), tmp_path, cores=cores)
        assert "will be idle while ratings" not in better
