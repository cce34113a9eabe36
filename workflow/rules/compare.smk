"""Cells against each other: contrasts, frameworks, arousal, structure, sources of variance."""


rule compare:
    """Item tables and alignment in; contrasts of models and protocols, and a scorecard, out."""
    input:
        item_tables=expand(
            f"{RESULTS}/items/{{dataset}}.parquet", dataset=sorted(loaded.datasets)
        ),
        alignment=f"{RESULTS}/statistics/alignment.parquet",
    output:
        expand(
            f"{RESULTS}/statistics/{{table}}.{{kind}}",
            table=COMPARISONS,
            kind=["parquet", "csv"],
        ),
    log:
        f"{RESULTS}/logs/compare.log",
    benchmark:
        f"{RESULTS}/benchmarks/compare.tsv"
    conda:
        "../envs/emoalign.yaml"
    params:
        job=analyses.comparison().params(),
    script:
        "../scripts/compare.py"


rule compare_structure:
    """Item tables in; how alike the spaces of people and models are, out."""
    input:
        item_tables=expand(
            f"{RESULTS}/items/{{dataset}}.parquet", dataset=sorted(loaded.datasets)
        ),
    output:
        expand(
            f"{RESULTS}/statistics/{{table}}.{{kind}}",
            table=STRUCTURES,
            kind=["parquet", "csv"],
        ),
    log:
        f"{RESULTS}/logs/compare_structure.log",
    benchmark:
        f"{RESULTS}/benchmarks/compare_structure.tsv"
    conda:
        "../envs/emoalign.yaml"
    params:
        job=analyses.structure().params(),
    script:
        "../scripts/compare_structure.py"


rule decompose_variance:
    """Ratings in; the shares of items, prompts, temperatures and personas in their variance out."""
    input:
        ratings=rating_files,
    output:
        expand(
            f"{RESULTS}/statistics/variance.{{kind}}",
            kind=["parquet", "csv"],
        ),
    log:
        f"{RESULTS}/logs/decompose_variance.log",
    benchmark:
        f"{RESULTS}/benchmarks/decompose_variance.tsv"
    conda:
        "../envs/emoalign.yaml"
    params:
        job=analyses.decomposition().params(),
    script:
        "../scripts/decompose_variance.py"
