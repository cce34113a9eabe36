"""The preregistration of the study: what is planned, written down once."""


rule preregistration:
    """Stimuli, norms and the plan in; config/preregistrations/<study>.md and .json out.

    They are no outputs, because Snakemake would delete and replace them, and nothing may. What is
    there is left as it is; --config amend=true adds a dated amendment. Nothing is asked or spent.
    """
    input:
        stimuli=rules.plan.input.stimuli,
        norms=rules.plan.input.norms,
    log:
        f"{RESULTS}/logs/preregistration.log",
    localrule: True
    conda:
        "../envs/emoalign.yaml"
    params:
        job=lambda wildcards: analyses.registered().params(),
        ratings=lambda wildcards: [job.params() for job in jobs.plan()],
        precision=lambda wildcards: analyses.precision().params(),
        report=lambda wildcards: reported(loaded).params(),
        cards={model: loaded.card_name(model) for model in sorted(loaded.models)},
        journal="results/journal",
        amend=amend,
    script:
        "../scripts/preregister.py"
