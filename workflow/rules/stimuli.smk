"""Items and human norms of each dataset, on the study's scales, cut into shards."""


rule stimuli:
    """Stage target: all items and norms."""
    input:
        expand(PREPARED, dataset=sorted(loaded.datasets)),


checkpoint prepare_stimuli:
    """Read a dataset, draw the sample, write its items, its norms and the names of its shards."""
    input:
        tables=lambda wildcards: files.prepared_from(wildcards.dataset),
    output:
        stimuli=PREPARED[0],
        norms=PREPARED[1],
        shards=PREPARED[2],
    log:
        f"{RESULTS}/logs/prepare_stimuli/{{dataset}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/prepare_stimuli/{{dataset}}.tsv"
    localrule: True
    conda:
        "../envs/emoalign.yaml"
    params:
        job=lambda wildcards: jobs.prepare(wildcards.dataset).params(),
    script:
        "../scripts/prepare_stimuli.py"
