"""Baselines: classifiers that learn from people's answers, or that somebody has published.

They need the extra finetune. What is learned is kept in results/trainings/, which no rule declares:
Snakemake would delete it, and with it what a training that was killed goes on from.
"""

from emoalign.baselines.extra import require

TRAININGS = "results/trainings"


localrules:
    baselines,


onstart:
    # A missing package is told now, and not when all models have been asked and paid for. Where
    # Snakemake makes the environments of jobs itself, it installs the package.
    needing = {"train_baseline", "predict_baseline"}
    if not workflow.deployment_settings.deployment_method and any(
        job.rule.name in needing for job in workflow.dag.needrun_jobs()
    ):
        try:
            require("a baseline of the study")
        except EmoalignError as error:
            raise WorkflowError(str(error))


rule baselines:
    """Stage target: what all baselines of the study predict."""
    input:
        jobs.prediction_files(RESULTS),
        jobs.baseline_tables(RESULTS),


rule describe_baselines:
    """Predictions and records of trainings in; what each baseline knows and is tested on, out."""
    input:
        predictions=jobs.prediction_files(RESULTS),
        records=jobs.training_records(RESULTS),
    output:
        expand(
            f"{RESULTS}/statistics/trainings.{{kind}}",
            kind=["parquet", "csv"],
        ),
    log:
        f"{RESULTS}/logs/describe_baselines.log",
    benchmark:
        f"{RESULTS}/benchmarks/describe_baselines.tsv"
    localrule: True
    conda:
        "../envs/emoalign.yaml"
    params:
        leakage=jobs.leakage(),
    script:
        "../scripts/describe_baselines.py"


rule train_baseline:
    """People's answers to the train split in; the record of a training, and where its weights are.

    A training that was killed goes on from its last checkpoint.
    """
    input:
        tables=lambda wildcards: jobs.tables(jobs.baseline_dataset(wildcards.baseline)),
        weights=lambda wildcards: jobs.weight_files(wildcards.baseline),
        held_out=lambda wildcards: jobs.held_out(wildcards.baseline, RESULTS),
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
        gpu=lambda wildcards: loaded.baselines[wildcards.baseline].gpus,
        mem_mb=lambda wildcards, attempt: jobs.baseline_mb(wildcards.baseline, attempt),
        runtime=lambda wildcards, attempt: 480 * attempt,
    params:
        job=lambda wildcards: jobs.train(wildcards.baseline, int(wildcards.seed)),
        card="config/baselines/{baseline}.yaml",
        dataset=lambda wildcards: f"config/datasets/{jobs.baseline_dataset(wildcards.baseline)}.yaml",
        trainings=TRAININGS,
    script:
        "../scripts/train_baseline.py"


rule predict_baseline:
    """Items in; the share of people who chose each answer, as a baseline predicts it, out."""
    input:
        stimuli=f"{RESULTS}/stimuli/{{dataset}}.parquet",
        tables=lambda wildcards: jobs.tables(wildcards.dataset),
        weights=lambda wildcards: jobs.weight_files(wildcards.baseline),
        records=lambda wildcards: jobs.training_records(RESULTS, wildcards.baseline),
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
        gpu=lambda wildcards: loaded.baselines[wildcards.baseline].gpus,
        mem_mb=lambda wildcards, attempt: jobs.baseline_mb(wildcards.baseline, attempt),
    params:
        job=lambda wildcards: jobs.predict(wildcards.baseline),
        card="config/datasets/{dataset}.yaml",
    script:
        "../scripts/predict_baseline.py"
