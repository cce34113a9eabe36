"""Baselines: classifiers that learn from people's answers, or that somebody has published.

They need the extra finetune. What is learned is kept in results/trainings/, which no rule declares:
Snakemake would delete it, and with it what a training that was killed goes on from.
"""

TRAININGS = "results/trainings"


rule train_baseline:
    """Human answers to the train split in; the record of a training and its weights out.

    A training that was killed continues from its last checkpoint.
    """
    input:
        tables=lambda wildcards: files.tables(
            loaded.baselines[wildcards.baseline].dataset
        ),
        weights=lambda wildcards: files.baseline_weights(wildcards.baseline),
        held_out=lambda wildcards: files.held_out(wildcards.baseline),
    output:
        f"{RESULTS}/baselines/{{baseline}}/seed-{{seed}}.training.json",
    log:
        f"{RESULTS}/logs/train_baseline/{{baseline}}/seed-{{seed}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/train_baseline/{{baseline}}/seed-{{seed}}.tsv"
    wildcard_constraints:
        seed=r"\d+",
    conda:
        "../envs/finetune.yaml"
    threads: 8
    resources:
        gpu=lambda wildcards: needs.baseline_gpus(wildcards.baseline),
        mem_mb=lambda wildcards, attempt: needs.baseline_mb(wildcards.baseline, attempt),
        runtime=lambda wildcards, attempt: 480 * attempt,
    params:
        job=lambda wildcards: jobs.train(
            wildcards.baseline, int(wildcards.seed)
        ).params(),
        dataset=lambda wildcards: loaded.baselines[wildcards.baseline].dataset,
        trainings=TRAININGS,
    script:
        "../scripts/train_baseline.py"


rule predict_baseline:
    """Items in; the share of people who chose each answer, as a baseline predicts it, out."""
    input:
        stimuli=f"{RESULTS}/stimuli/{{dataset}}.parquet",
        tables=lambda wildcards: files.tables(wildcards.dataset),
        weights=lambda wildcards: files.baseline_weights(wildcards.baseline),
        records=lambda wildcards: files.trainings(wildcards.baseline),
    output:
        f"{RESULTS}/baselines/{{baseline}}/{{dataset}}.parquet",
    log:
        f"{RESULTS}/logs/predict_baseline/{{baseline}}/{{dataset}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/predict_baseline/{{baseline}}/{{dataset}}.tsv"
    conda:
        "../envs/finetune.yaml"
    threads: 8
    resources:
        gpu=lambda wildcards: needs.baseline_gpus(wildcards.baseline),
        mem_mb=lambda wildcards, attempt: needs.baseline_mb(wildcards.baseline, attempt),
    params:
        job=lambda wildcards: jobs.predict(wildcards.baseline).params(),
    script:
        "../scripts/predict_baseline.py"
