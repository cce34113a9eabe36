"""emoalign: how human-like are the ratings language models give to emotional stimuli?

Targets: data, plan, preregistration, stimuli, ratings, items, statistics, distributions,
calibration, estimates, figures, report (the default: everything), publication.
A study is a YAML file: snakemake --cores 8 --configfile config/studies/<study>.yaml
"""

import sys
from importlib.util import find_spec
from pathlib import Path

from snakemake.jobs import Job
from snakemake.utils import min_version, update_config

min_version("9.0")

# In a clone the package travels with the workflow: nothing to install, and jobs on a cluster see the
# same code. Where pip has installed it, there is no such folder.
sys.path.insert(
    0, str(Path(workflow.current_basedir.get_path_or_uri(secret_free=False), "src"))
)

if not (find_spec("emoalign") and find_spec("pydantic")):
    raise WorkflowError(
        f"{sys.executable}, which runs Snakemake, has not all packages that emoalign needs. In a clone: "
        "make env && . .venv/bin/activate. Elsewhere: pip install emoalign"
    )

# None of these names may be one of Snakemake's own, such as Resources: it would take its place.
from emoalign.stage import (
    end_quietly,
    importable_in_jobs,
    keep_out_of_log,
    remember_before_failures,
)

end_quietly(logger)  # first: until then, Ctrl-C shows a traceback

from emoalign.errors import EmoalignError
from emoalign.installed import date_scripts, tell_environments
from emoalign.planning.analysed import Analyses
from emoalign.planning.jobs import Jobs, figures, reported, undrawn
from emoalign.planning.loading import check_file, load_study
from emoalign.planning.place import require_default_study
from emoalign.planning.preflight import all_forbidden, check_prompts, why_forbidden
from emoalign.planning.rules import Files, Needs, models_pattern, together_rules
from emoalign.study.overrides import overrides, taken_out

importable_in_jobs()
remember_before_failures(Job)
tell_environments()
date_scripts()

# A study given with --configfile, or to a module, stands alone: the default study is not mixed into it.
if not workflow.overwrite_configfiles and not workflow.modifier.skip_configfile:
    try:
        require_default_study(workflow.main_snakefile)
        check_file("config/config.yaml")
    except EmoalignError as error:
        raise WorkflowError(str(error))

    configfile: "config/config.yaml"


try:
    options = overrides(workflow.config_settings.config_args or [])
    amend = taken_out("amend", options, config)
    update_config(config, options)
    loaded = load_study(
        config,
        Path("config"),
        next(iter(workflow.configfiles), "config"),
        workflow.configfiles,
        options,
    )
    check_prompts(loaded)
except EmoalignError as error:
    raise WorkflowError(str(error))

study = loaded.study
RESULTS = f"results/{study.study}"
jobs, files, needs = Jobs(loaded), Files(loaded, RESULTS), Needs(loaded)
analyses = Analyses(loaded, files)
keep_out_of_log(logger, needs.key_variables())
for file in loaded.shadowing:
    logger.warning(f"{file} is used in place of what emoalign ships under this name.")
for forbidden in all_forbidden(loaded):
    logger.warning(f"Its ratings will not be asked for: {forbidden}")
for why in undrawn(loaded):
    logger.warning(f"A figure of the study will not be drawn: {why}")


report: "workflow/captions/workflow.rst"


rule all:
    """Everything: the report, which reads what other stages make, and files of estimated norms."""
    input:
        f"{RESULTS}/report.html",
        f"{RESULTS}/manifest.json",
        analyses.targets().get("estimates", []),


include: "workflow/rules/inputs.smk"
include: "workflow/rules/terminal.smk"
include: "workflow/rules/start.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/stimuli.smk"
include: "workflow/rules/plan.smk"
include: "workflow/rules/preregistration.smk"
include: "workflow/rules/ratings.smk"
include: "workflow/rules/items.smk"
include: "workflow/rules/baselines.smk"
include: "workflow/rules/analyses.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/publication.smk"
