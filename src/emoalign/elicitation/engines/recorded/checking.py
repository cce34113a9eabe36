"""All that is wrong with a recorded table, before anything runs."""

from __future__ import annotations

from emoalign.elicitation.engines.recorded.recorded_model import RecordedModel
from emoalign.elicitation.engines.recorded.trial_reading import trial_reader
from emoalign.elicitation.engines.recorded.trials import filled, trials_of
from emoalign.elicitation.rating import RatingJob
from emoalign.stimuli.mistakes import Mistakes
from emoalign.study.source_files import locate_verified

MISFITS = "Rows that do not match the model's card"


def table_problems(job: RatingJob, card: RecordedModel) -> list[str]:
    """The problems that keep a table from giving the ratings of a job, each with its place.

    Whether its items are those of the study is not among them: that is known once stimuli are
    prepared.
    """
    mistakes = Mistakes()
    with mistakes.noted():
        path, _ = locate_verified(card.source)
        for scale in job.scales:
            with mistakes.noted():
                trials, _ = trials_of(path, job.protocol.name, scale, card)
                read = trial_reader(job, scale, card, mistakes)
                for trial in trials:
                    with mistakes.noted(MISFITS):
                        filled(trial, card.columns.item_key)
                        read(trial)
    return mistakes.problems()
