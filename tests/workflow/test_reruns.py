"""What runs again after a change: exactly what the change concerns, and what depends on it."""

from __future__ import annotations

import orjson

from .conftest import STUDY, Project

SMALL = "config/studies/small.yaml"
SHARDS = ("0000", "0001")


def rate_jobs(models: tuple[str, ...], protocols: tuple[str, ...]) -> set[tuple[str, str]]:
    return {
        (
            "rate",
            f"model={model}, protocol={protocol}, dataset=vader, scale=valence, shard={shard}",
        )
        for model in models
        for protocol in protocols
        for shard in SHARDS
    }


PAGES = {("write_manifest", ""), ("write_report", "")}
STATISTICS = {
    ("align", ""),
    ("compare", ""),
    ("draw_overview", ""),
    ("draw_scale", "dataset=vader, scale=valence"),
    ("write_report", ""),
}
AGGREGATION = {
    ("aggregate_items", "dataset=vader"),
    ("compare_structure", ""),
    ("decompose_variance", ""),
    ("write_manifest", ""),
    *STATISTICS,
}


def test_a_finished_study_has_nothing_to_do(finished: Project) -> None:
    assert finished.planned() == set()


def test_a_third_model_runs_its_own_jobs_and_what_depends_on_them(rerun: Project) -> None:
    before = rerun.journal()
    rerun.edit(SMALL, models=["model-a", "model-b", "model-c"])
    expected = rate_jobs(("model-c",), ("sheet", "asked")) | AGGREGATION

    assert rerun.planned() == expected
    assert rerun.run() == expected

    after = rerun.journal()
    assert {path: after[path] for path in before} == before
    new = [path for path in after if path not in before]
    assert len(new) == 4
    assert all("/model-c/" in path for path in new)


def test_a_removed_model_leaves_only_the_aggregation_to_do(rerun: Project) -> None:
    rerun.edit(SMALL, models=["model-b"])
    assert rerun.planned() == AGGREGATION


def test_the_order_of_models_and_protocols_matters_to_nothing(rerun: Project) -> None:
    rerun.edit(SMALL, models=["model-b", "model-a"], protocols=list(reversed(STUDY["protocols"])))
    assert rerun.planned() == set()


def test_how_hard_a_server_is_worked_matters_to_nothing(rerun: Project) -> None:
    rerun.edit("config/models/model-a.yaml", limits={"concurrency": 2, "timeout_s": 60})
    assert rerun.planned() == set()


def test_a_new_title_of_the_study_concerns_only_its_pages(rerun: Project) -> None:
    rerun.edit(SMALL, title="Another title")
    assert rerun.planned() == PAGES


def test_one_prompt_changed_asks_only_the_protocols_that_use_it(rerun: Project) -> None:
    prompts = rerun.folder / "config/prompts/instruction.yaml"
    text = prompts.read_text(encoding="utf-8")
    assert "Answer with a number" in text
    prompts.write_text(text.replace("Answer with a number", "Reply with a number"), "utf-8")
    assert rerun.planned() == rate_jobs(("model-a", "model-b"), ("asked",)) | AGGREGATION


def test_more_resamples_concern_only_the_statistics(rerun: Project) -> None:
    rerun.edit(SMALL, statistics={**STUDY["statistics"], "bootstrap_resamples": 300})
    assert rerun.planned() == STATISTICS | PAGES


def test_more_permutations_concern_only_the_structure(rerun: Project) -> None:
    rerun.edit(SMALL, statistics={**STUDY["statistics"], "permutations": 200})
    assert rerun.planned() == {("compare_structure", "")} | PAGES


def test_more_participants_are_asked_without_asking_the_first_ones_again(rerun: Project) -> None:
    before = rerun.journal()
    protocols = [dict(protocol) for protocol in STUDY["protocols"]]
    protocols[0]["participants"] = 6
    rerun.edit(SMALL, protocols=protocols)

    assert rerun.run() == rate_jobs(("model-a", "model-b"), ("sheet",)) | AGGREGATION

    for path, content in rerun.journal().items():
        assert content.startswith(before[path])
        lines = [orjson.loads(line) for line in content.splitlines()]
        keys = [(line["request_id"], line["participant"]) for line in lines]
        assert len(keys) == len(set(keys))
        added = len(keys) - len(before[path].splitlines())
        assert added == (6 * 2 if "/sheet." in path else 0)


def test_lost_results_come_back_from_the_journal_without_a_request(rerun: Project) -> None:
    before = rerun.journal()
    for ratings in (rerun.folder / "results/small/ratings/model-a").rglob("*.parquet"):
        ratings.unlink()
    assert rate_jobs(("model-a",), ("sheet", "asked")) <= rerun.run("ratings")
    assert rerun.journal() == before


def test_one_shard_gives_the_same_items_as_two_and_asks_for_nothing(rerun: Project) -> None:
    table = rerun.folder / "results/small/items/vader.parquet"
    of_two, answers = table.read_bytes(), sum(map(len, rerun.journal().values()))
    rerun.edit(SMALL, shard_items=None)
    ran = rerun.run("items")
    assert ("aggregate_items", "dataset=vader") in ran
    assert not [job for job in ran if job[0] == "rate" and "shard=0001" in job[1]]
    assert table.read_bytes() == of_two
    assert sum(map(len, rerun.journal().values())) == answers
