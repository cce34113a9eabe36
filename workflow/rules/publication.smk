"""The bundle of a study for an archive: tables, licence, citation, and what describes them.

It is no part of the default target.
"""

from emoalign.planning.published import WHAT_TO_WRITE, preregistered, published

AGREEMENT = [file for file in TABLES.get("alignment", []) if "/alignment.parquet" in file]
BUNDLE = f"{RESULTS}/publication"


def bundle(wildcards):
    """The files of the bundle, or the end of a run that asks a study without one for it."""
    if study.publication is None:
        raise WorkflowError(WHAT_TO_WRITE)
    return rules.write_publication.output


rule publication:
    """Stage target: the bundle."""
    input:
        bundle,


if study.publication is not None:
    PUBLISHED = published(loaded)

    rule write_publication:
        """Items, ratings, manifest and configuration in; what an archive can take out."""
        input:
            unprepared,
            manifest=f"{RESULTS}/manifest.json",
            stimuli=STIMULI,
            item_tables=rules.items.input,
            ratings=rating_files,
            agreement=AGREEMENT,
            preregistration=preregistered(loaded),
        output:
            [f"{BUNDLE}/{file}" for file in PUBLISHED.files()],
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
