"""The bundle of a study for an archive: tables, licence, citation, and what describes them.

It is no part of the default target. start.smk says what to write where a study publishes nothing.
"""

from emoalign.planning.published import preregistered, published

BUNDLE = f"{RESULTS}/publication"
PUBLISHED = published(loaded)


rule publication:
    """Stage target: the bundle."""
    input:
        [f"{BUNDLE}/{file}" for file in PUBLISHED.files()] if PUBLISHED else [],
    localrule: True


if PUBLISHED:

    rule write_publication:
        """Items, ratings, manifest and configuration in; what an archive takes out."""
        input:
            unprepared,
            manifest=f"{RESULTS}/manifest.json",
            stimuli=STIMULI,
            item_tables=rules.items.input,
            ratings=rating_files,
            statistics=[
                file
                for file in rules.statistics.input
                if file.endswith(".parquet")
                and Path(file).stem in PUBLISHED.statistics
            ],
            norms=expand(
                f"{RESULTS}/norms/{{dataset}}.parquet", dataset=sorted(loaded.datasets)
            ),
            estimates=expand(
                f"{RESULTS}/estimates/{{dataset}}.parquet", dataset=PUBLISHED.estimated
            ),
            preregistration=preregistered(loaded),
        output:
            rules.publication.input,
        log:
            f"{RESULTS}/logs/write_publication.log",
        benchmark:
            f"{RESULTS}/benchmarks/write_publication.tsv"
        localrule: True
        conda:
            "../envs/emoalign.yaml"
        params:
            job=PUBLISHED.params(),
        script:
            "../scripts/write_publication.py"
