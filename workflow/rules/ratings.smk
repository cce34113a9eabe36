"""Ratings of every model under every protocol: one job per dataset, scale and shard of items.

Scales that share a request are one job, named after all of them (arousal+valence). A model that is
slow to load rates a whole dataset under a protocol in one job. Sessions go through all items of a
dataset, whose shards they ignore.
"""

import re


rule ratings:
    """Stage target: all ratings."""
    input:
        rating_files,
        completion_files,
        unprepared,


rule rate:
    """Ask a model for the answers missing from the journal, and write all answers as ratings.

    Recorded ratings are read from their file.
    """
    input:
        stimuli=f"{RESULTS}/stimuli/{{dataset}}.parquet",
        recording=lambda wildcards: files.recordings(wildcards.model),
    output:
        f"{RESULTS}/ratings/{{model}}/{{protocol}}/{{dataset}}/{{scale}}/{{shard}}.parquet",
    log:
        f"{RESULTS}/logs/rate/{{model}}/{{protocol}}/{{dataset}}/{{scale}}/{{shard}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/rate/{{model}}/{{protocol}}/{{dataset}}/{{scale}}/{{shard}}.tsv"
    wildcard_constraints:
        model=models_pattern(loaded, together=False),
        shard=r"\d+",
    conda:
        "../envs/emoalign.yaml"
    threads: lambda wildcards: needs.threads(wildcards.model)
    resources:
        api=lambda wildcards: needs.api_slots(wildcards.model),
        gpu=lambda wildcards: needs.gpus(wildcards.model),
        mem_mb=lambda wildcards, attempt: needs.memory_mb(wildcards.model, attempt),
    params:
        jobs=lambda wildcards: [
            jobs.rate(
                wildcards.model, wildcards.protocol, wildcards.dataset, wildcards.scale
            ).params()
        ],
        forbidden=lambda wildcards: why_forbidden(
            loaded, wildcards.model, wildcards.dataset, wildcards.protocol
        ),
        card=lambda wildcards: loaded.card_name(wildcards.model),
        journal="results/journal",
    script:
        "../scripts/rate.py"


use rule rate as rate_in_sessions with:
    output:
        f"{RESULTS}/ratings/{{model}}/{{protocol}}/{{dataset}}/{{scale}}/sessions.parquet",
        f"{RESULTS}/trials/{{model}}/{{protocol}}/{{dataset}}/{{scale}}.parquet",
    log:
        f"{RESULTS}/logs/rate/{{model}}/{{protocol}}/{{dataset}}/{{scale}}/sessions.log",
    benchmark:
        f"{RESULTS}/benchmarks/rate/{{model}}/{{protocol}}/{{dataset}}/{{scale}}/sessions.tsv"


use rule rate as recite with:
    input:
        stimuli=f"{RESULTS}/stimuli/{{dataset}}.parquet",
        norms=f"{RESULTS}/norms/{{dataset}}.parquet",
        recording=lambda wildcards: files.recordings(wildcards.model),
    output:
        f"{RESULTS}/completions/{{model}}/{{protocol}}/{{dataset}}/{{scale}}/{{shard}}.parquet",
    log:
        f"{RESULTS}/logs/recite/{{model}}/{{protocol}}/{{dataset}}/{{scale}}/{{shard}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/recite/{{model}}/{{protocol}}/{{dataset}}/{{scale}}/{{shard}}.tsv"


for one in together_rules(loaded):

    rule:
        """Ask a model for all missing answers about a dataset, loading it once."""
        name:
            one.name
        input:
            stimuli=f"{RESULTS}/stimuli/{{dataset}}.parquet",
            norms=f"{RESULTS}/norms/{{dataset}}.parquet" if one.recites else [],
            recording=lambda wildcards: files.recordings(wildcards.model),
        output:
            one.files(RESULTS),
        log:
            f"{RESULTS}/logs/rate_together/{{model}}/{{protocol}}/{{dataset}}/{one.part}.log",
        benchmark:
            f"{RESULTS}/benchmarks/rate_together/{{model}}/{{protocol}}/{{dataset}}/{one.part}.tsv"
        wildcard_constraints:
            model=models_pattern(loaded, together=True),
            protocol=re.escape(one.protocol),
            dataset=re.escape(one.dataset),
        conda:
            "../envs/emoalign.yaml"
        threads: lambda wildcards: needs.threads(wildcards.model)
        resources:
            api=lambda wildcards: needs.api_slots(wildcards.model),
            gpu=lambda wildcards: needs.gpus(wildcards.model),
            mem_mb=lambda wildcards, attempt: needs.memory_mb(wildcards.model, attempt),
            runtime=lambda wildcards, attempt: 480 * attempt,
        params:
            jobs=lambda wildcards: [
                job.params()
                for job in jobs.rate_together(
                    wildcards.model, wildcards.protocol, wildcards.dataset
                )
            ],
            forbidden=lambda wildcards: why_forbidden(
                loaded, wildcards.model, wildcards.dataset, wildcards.protocol
            ),
            card=lambda wildcards: loaded.card_name(wildcards.model),
            journal="results/journal",
        script:
            "../scripts/rate.py"
