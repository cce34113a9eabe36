"""The item tables: ratings by cell and item, beside the human norm."""


rule items:
    """Stage target: all item tables."""
    input:
        expand(f"{RESULTS}/items/{{dataset}}.parquet", dataset=loaded.datasets),


rule aggregate_items:
    """Ratings, norms and stimuli of one dataset in; one row per cell and item out."""
    input:
        unprepared,
        ratings=rating_files,
        norms=f"{RESULTS}/norms/{{dataset}}.parquet",
        stimuli=f"{RESULTS}/stimuli/{{dataset}}.parquet",
    output:
        f"{RESULTS}/items/{{dataset}}.parquet",
    log:
        f"{RESULTS}/logs/aggregate_items/{{dataset}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/aggregate_items/{{dataset}}.tsv"
    conda:
        "../envs/emoalign.yaml"
    threads: 2
    params:
        job=lambda wildcards: jobs.aggregate(wildcards.dataset).params(),
    script:
        "../scripts/aggregate_items.py"
