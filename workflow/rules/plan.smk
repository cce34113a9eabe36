"""What the study would ask: requests, tokens, money, time; and how exactly it would then know."""


rule plan:
    """Say what is still to be asked and how wide intervals will be: plan.csv and precision.csv.

    It declares no output and no benchmark, so that it runs each time it is asked for: answers
    arrive outside of Snakemake. Spends nothing.
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
        max_usd=study.max_usd,
    script:
        "../scripts/plan.py"
