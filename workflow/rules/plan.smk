"""The plan of the study: requests, tokens, cost and time, and the expected width of intervals."""


rule plan:
    """Stimuli and norms in; what is still to be asked (plan.csv) and interval widths
    (precision.csv) out.

    It declares no output and no benchmark, so that it runs whenever it is requested: answers arrive
    outside of Snakemake. Nothing is asked or spent.
    """
    input:
        stimuli=expand(
            f"{RESULTS}/stimuli/{{dataset}}.parquet", dataset=sorted(loaded.datasets)
        ),
        norms=expand(
            f"{RESULTS}/norms/{{dataset}}.parquet", dataset=sorted(loaded.datasets)
        ),
    log:
        f"{RESULTS}/logs/plan.log",
    localrule: True
    conda:
        "../envs/emoalign.yaml"
    params:
        jobs=[job.params() for job in jobs.plan()],
        precision=analyses.precision().params(),
        cards={model: loaded.card_name(model) for model in sorted(loaded.models)},
        journal="results/journal",
        costs=f"{RESULTS}/plan.csv",
        widths=f"{RESULTS}/precision.csv",
        found=f"{RESULTS}/statistics/generalizability.parquet",
        max_usd=study.max_usd,
    script:
        "../scripts/plan.py"
