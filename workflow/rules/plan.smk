"""What the study would ask: requests, tokens, money, time. Spends nothing."""


rule plan:
    """Say what is still to be asked, and write it to plan.csv.

    It declares no output and no benchmark, so that it runs each time it is asked for: answers
    arrive outside of Snakemake.
    """
    input:
        stimuli=expand(
            f"{RESULTS}/stimuli/{{dataset}}.parquet", dataset=sorted(loaded.datasets)
        ),
    log:
        f"{RESULTS}/logs/plan.log",
    localrule: True
    conda:
        "../envs/emoalign.yaml"
    params:
        jobs=jobs.plan(),
        cards=expand("config/models/{model}.yaml", model=sorted(loaded.models)),
        journal="results/journal",
        output=f"{RESULTS}/plan.csv",
        max_usd=study.max_usd,
    script:
        "../scripts/plan.py"
