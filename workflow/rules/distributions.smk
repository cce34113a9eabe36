"""How models spread their answers, beside how people do and what else comes as near."""


rule distributions:
    """Stage target: all that compares distributions."""
    input:
        expand(
            f"{RESULTS}/statistics/{{table}}.{{kind}}",
            table=[*DISTRIBUTIONS, "distribution_scorecard"],
            kind=["parquet", "csv"],
        ),


rule compare_distributions:
    """Items, norms and stimuli in; distances, entropies, labels and contrasts out."""
    input:
        item_tables=expand(
            f"{RESULTS}/items/{{dataset}}.parquet", dataset=sorted(loaded.datasets)
        ),
        norms=expand(
            f"{RESULTS}/norms/{{dataset}}.parquet", dataset=sorted(loaded.datasets)
        ),
        stimuli=expand(
            f"{RESULTS}/stimuli/{{dataset}}.parquet", dataset=sorted(loaded.datasets)
        ),
        predictions=files.predictions(),
    output:
        expand(
            f"{RESULTS}/statistics/{{table}}.{{kind}}",
            table=DISTRIBUTIONS,
            kind=["parquet", "csv"],
        ),
    log:
        f"{RESULTS}/logs/compare_distributions.log",
    benchmark:
        f"{RESULTS}/benchmarks/compare_distributions.tsv"
    conda:
        "../envs/emoalign.yaml"
    params:
        job=analyses.distributions().params(),
    script:
        "../scripts/compare_distributions.py"


rule score_distributions:
    """What was found about distributions in; beside what published studies found, out."""
    input:
        entropy=f"{RESULTS}/statistics/entropy.parquet",
        contrasts=f"{RESULTS}/statistics/distribution_contrasts.parquet",
        calibration=f"{RESULTS}/statistics/calibration.parquet",
        gradient=(
            [f"{RESULTS}/statistics/transparency_gradient.parquet"]
            if loaded.labelled()
            else []
        ),
    output:
        expand(
            f"{RESULTS}/statistics/distribution_scorecard.{{kind}}",
            kind=["parquet", "csv"],
        ),
    log:
        f"{RESULTS}/logs/score_distributions.log",
    benchmark:
        f"{RESULTS}/benchmarks/score_distributions.tsv"
    localrule: True
    conda:
        "../envs/emoalign.yaml"
    params:
        job=analyses.expectations().params(),
    script:
        "../scripts/score_distributions.py"
