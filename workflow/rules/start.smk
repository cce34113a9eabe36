"""What keeps a run from beginning: told now, and not when all models have been asked and paid for."""

from emoalign.baselines.baseline_cards import require_packages, require_weights
from emoalign.planning.estimate_checks import require_estimates
from emoalign.planning.publication_checks import require_publication

if loaded.estimates is None:

    rule estimates:
        """Stage target: the tables of estimates, of a study that asks for them."""
        localrule: True


onstart:
    # Where this workflow is a module, names of rules have a prefix.
    wanted = [job.rule.name for job in workflow.dag.needrun_jobs()]
    try:
        if any(name.endswith("estimates") for name in wanted):
            require_estimates(loaded)
        if any(name.endswith("publication") for name in wanted):
            require_publication(loaded)
        # Where Snakemake makes the environments of jobs itself, it installs the packages.
        needing = ("train_baseline", "predict_baseline")
        if not workflow.deployment_settings.deployment_method and any(
            name.endswith(needing) for name in wanted
        ):
            require_packages("a baseline of the study")
            require_weights(loaded.baselines)
    except EmoalignError as error:
        raise WorkflowError(str(error))
