"""Figures, each as PDF and as PNG with 300 dpi."""

KINDS = ["pdf", "png"]


rule figures:
    """Stage target: all figures."""
    input:
        expand(f"{RESULTS}/figures/correlations.{{kind}}", kind=KINDS),
        [
            f"{RESULTS}/figures/{dataset}/{scale}/means.pdf"
            for dataset in loaded.datasets
            for scale in jobs.drawn(dataset)
        ],


rule draw_scale:
    """One scale of one dataset: model means against human means, and the spread over raters."""
    input:
        item_table=f"{RESULTS}/items/{{dataset}}.parquet",
        stimuli=f"{RESULTS}/stimuli/{{dataset}}.parquet",
        alignment=f"{RESULTS}/statistics/alignment.parquet",
    output:
        expand(
            f"{RESULTS}/figures/{{{{dataset}}}}/{{{{scale}}}}/{{name}}.{{kind}}",
            name=["means", "spread"],
            kind=KINDS,
        ),
    log:
        f"{RESULTS}/logs/draw_scale/{{dataset}}/{{scale}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/draw_scale/{{dataset}}/{{scale}}.tsv"
    localrule: True
    conda:
        "../envs/emoalign.yaml"
    params:
        job=jobs.figures(),
    script:
        "../scripts/draw_scale.py"


rule draw_overview:
    """All cells: correlation with people, its interval, and the ceiling."""
    input:
        alignment=f"{RESULTS}/statistics/alignment.parquet",
    output:
        expand(f"{RESULTS}/figures/correlations.{{kind}}", kind=KINDS),
    log:
        f"{RESULTS}/logs/draw_overview.log",
    benchmark:
        f"{RESULTS}/benchmarks/draw_overview.tsv"
    localrule: True
    conda:
        "../envs/emoalign.yaml"
    params:
        job=jobs.figures(),
    script:
        "../scripts/draw_overview.py"
