"""The jobs that Snakemake plans and runs of the small study."""

from __future__ import annotations

import re

Job = tuple[str, str]
"""A rule and its wildcards, as Snakemake prints them."""


def jobs(log: str) -> set[Job]:
    """The jobs in what Snakemake prints, without targets and the order they came in."""
    found = set()
    for block in re.split(r"\n(?=(?:local)?(?:rule|checkpoint) \w+:\n)", log)[1:]:
        head = re.match(r"(?:local)?(?:rule|checkpoint) (\w+):\n((?:    .*\n?)*)", block)
        assert head is not None
        wildcards = re.search(r"^    wildcards: (.*)$", head[2], re.MULTILINE)
        found.add((head[1], wildcards[1] if wildcards else ""))
    return {job for job in found if job[0] != "all"}


SHARDS = ("0000", "0001")


def rate_jobs(models: tuple[str, ...], protocols: tuple[str, ...]) -> set[Job]:
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
    ("compare_distributions", ""),
    ("compare_forms", ""),
    ("compare_with_raters", ""),
    ("explain", ""),
    ("review_calibration", ""),
    ("check_expectations", ""),
    ("write_report", ""),
}
"""What more resamples concern."""

FIGURES = {("draw_figures", ""), ("draw_figures_vader", "")}
"""The figures of the study, and those of its dataset."""

AGGREGATION = {
    ("aggregate_items", "dataset=vader"),
    ("calibrate", "dataset=vader"),
    ("compare_structure", ""),
    ("decompose_variance", ""),
    *STATISTICS,
    *PAGES,
}
"""What follows from ratings, but for figures."""
