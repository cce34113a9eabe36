"""Ratings of every model under every protocol: one job per dataset, scale and shard of items.

Scales that a prompt set asks about jointly are one job, named after all of them (arousal+valence).
"""


rule ratings:
    """Stage target: all ratings."""
    input:
        rating_files,


rule rate:
    """Ask a model for the answers the journal does not hold yet; write all of them as ratings.

    What a recorded model gave is read from its file.
    """
    input:
        stimuli=f"{RESULTS}/stimuli/{{dataset}}.parquet",
        recording=lambda wildcards: jobs.recordings(wildcards.model),
    output:
        f"{RESULTS}/ratings/{{model}}/{{protocol}}/{{dataset}}/{{scale}}/{{shard}}.parquet",
    log:
        f"{RESULTS}/logs/rate/{{model}}/{{protocol}}/{{dataset}}/{{scale}}/{{shard}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/rate/{{model}}/{{protocol}}/{{dataset}}/{{scale}}/{{shard}}.tsv"
    conda:
        "../envs/emoalign.yaml"
    threads: lambda wildcards: jobs.threads(wildcards.model)
    resources:
        api=lambda wildcards: jobs.api_slots(wildcards.model),
        gpu=lambda wildcards: jobs.gpus(wildcards.model),
        mem_mb=lambda wildcards, attempt: jobs.memory_mb(wildcards.model, attempt),
    params:
        job=lambda wildcards: jobs.rate(
            wildcards.model, wildcards.protocol, wildcards.dataset, wildcards.scale
        ),
        forbidden=lambda wildcards: jobs.forbidden(wildcards.model, wildcards.dataset),
        card="config/models/{model}.yaml",
        journal="results/journal",
    script:
        "../scripts/rate.py"
