"""The terminal: the jobs that will run, a line for each finished job, and how the run ended."""

import os
from functools import cache

from emoalign.planning.opening import Opening
from emoalign.terminal import Terminal, what_changed


def is_rule(job, name):
    """Tell whether a job is one of a rule, which has a prefix where this workflow is a module."""
    return job.rule.name.endswith(name)


def opening():
    """The first lines of a run."""
    levels = workflow.dag.toposorted(set(workflow.dag.needrun_jobs()))
    planned = [job for level in levels for job in sorted(level, key=str)]
    prepared = {
        job.wildcards.dataset for job in planned if is_rule(job, "prepare_stimuli")
    }
    # No ratings follow where none are read, as for the target stimuli.
    awaiting = [
        concerned(job.wildcards)
        for job in planned
        if {rating_files, completion_files}.intersection(job.rule.input)
    ]
    told = Opening(
        loaded=loaded,
        results=Path(RESULTS),
        journal=Path("results/journal"),
        jobs=[
            (job.rule.name, job.wildcards_dict)
            for job in planned
            if job.output or job.log
        ],
        awaited=prepared.intersection(sum(awaiting, [])),
        cores=workflow.cores if workflow.local_exec else None,
    ).text()
    if amend and not any(is_rule(job, "preregistration") for job in planned):
        told += "\n--config amend=true amends nothing here: name the target preregistration."
    return told


def where():
    """The place of the requested results."""
    if any(is_rule(job, "write_report") for job in workflow.dag.jobs):
        return f"The report: {RESULTS}/report.html"
    targets = list(workflow.dag.targetjobs)
    if targets and all(is_rule(job, "preregistration") for job in targets):
        file = Path(analyses.registered().file)
        return f"The preregistration: {file.with_suffix('.md')}"
    if targets and all(is_rule(job, "estimates") for job in targets):
        return f"Estimated norms: {RESULTS}/estimates"
    made = [
        os.path.abspath(file)
        for job in workflow.dag.targetjobs
        for file in job.output or job.input
    ]
    return f"Results: {os.path.relpath(os.path.commonpath(made))}" if made else ""


@cache
def numbered():
    """All jobs of a dry run, by their numbers."""
    return {job.jobid: job for job in workflow.dag.jobs}


def changed(jobid):
    """The changes in a job's configuration since its last run; shown by dry runs only."""
    job = numbered()[jobid]
    return what_changed(job.log[0], job.params) if job.log else None


terminal = Terminal(opening, where, changed)
if workflow.is_main_process:
    terminal.speak_for(logger, workflow.output_settings)


onsuccess:
    logger.info(terminal.success())


onerror:
    logger.error(terminal.failure())
