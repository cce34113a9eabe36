"""How outright texts say what people see in them, and whether models follow people better there.

Concerns scales of labels alone: in a study without any, nothing of it is made.
"""


rule transparency:
    """Stage target: the transparency of labels, and its gradient."""
    input:
        files.transparency_tables(),


rule describe_labels:
    """Texts and single human ratings in; a row per label, with how outright texts say it, out.

    Embeddings are kept in results/journal/embeddings, so that none is computed twice.
    """
    input:
        stimuli=expand(
            f"{RESULTS}/stimuli/{{dataset}}.parquet", dataset=loaded.labelled()
        ),
        norms=expand(f"{RESULTS}/norms/{{dataset}}.parquet", dataset=loaded.labelled()),
        weights=files.embedding_weights(),
    output:
        expand(
            f"{RESULTS}/statistics/transparency.{{kind}}",
            kind=["parquet", "csv"],
        ),
    log:
        f"{RESULTS}/logs/describe_labels.log",
    benchmark:
        f"{RESULTS}/benchmarks/describe_labels.tsv"
    conda:
        "../envs/emoalign.yaml"
    threads: needs.embedding_threads()
    params:
        job=analyses.transparency().params(),
        store="results/journal/embeddings",
    script:
        "../scripts/describe_labels.py"


rule compare_gradients:
    """Transparency and agreement by label in; their correlation over labels, cell by cell, out."""
    input:
        transparency=f"{RESULTS}/statistics/transparency.parquet",
        labels=f"{RESULTS}/statistics/labels.parquet",
    output:
        expand(
            f"{RESULTS}/statistics/transparency_gradient.{{kind}}",
            kind=["parquet", "csv"],
        ),
    log:
        f"{RESULTS}/logs/compare_gradients.log",
    benchmark:
        f"{RESULTS}/benchmarks/compare_gradients.tsv"
    localrule: True
    conda:
        "../envs/emoalign.yaml"
    params:
        job=analyses.gradient().params(),
    script:
        "../scripts/compare_gradients.py"
