"""What stands on the terminal, told from records as Snakemake makes them."""

from __future__ import annotations

import errno
import json
import logging
import os
import pickle
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from emoalign import progress
from emoalign.errors import DataError, StudyError
from emoalign.planning.loading import load_study
from emoalign.progress import Progress
from emoalign.stage import end_quietly, job_file, stage
from emoalign.study.fields import Params
from emoalign.study.overrides import overrides
from emoalign.study.reading import read_yaml
from emoalign.terminal import Terminal, duration, short_reason, what_changed
from tests.kit.datasets import ROOT

SETTINGS = {
    "verbose": False,
    "printshellcmds": False,
    "debug_dag": False,
    "dryrun": False,
    "show_failed_logs": False,
}


class Snakemake:
    """A logger like Snakemake's, with its terminal in a list."""

    def __init__(self, **settings: Any) -> None:
        self.lines: list[str] = []
        self.terminal = Terminal(
            lambda: "15 jobs", lambda: "The report: r.html", lambda job: f"key of {job}"
        )
        handler = logging.Handler()
        handler.name = "DefaultStreamHandler"
        handler.setFormatter(logging.Formatter("snakemake: %(message)s"))
        handler.emit = lambda record: self.lines.append(handler.format(record))  # type: ignore[method-assign]
        self.logger = logging.Logger("snakemake")
        self.logger.addHandler(handler)
        self.terminal.speak_for(self.logger, SimpleNamespace(**SETTINGS | settings))

    def says(self, message: str | None, event: str | None = None, **said: Any) -> None:
        level = logging.ERROR if event in ("job_error", "error") else logging.INFO
        self.logger.log(level, message, extra=said | ({"event": event} if event else {}))

    def begins(self, jobid: int, rule: str, log: str, **wildcards: str) -> None:
        named = {"jobid": jobid, "rule_name": rule, "log": [log], "wildcards": wildcards}
        self.says("a block", "job_info", reason="Missing output files: a", **named)

    def fails(self, jobid: int, rule: str, log: str, message: str | None = None) -> None:
        said = {"jobid": jobid, "rule_name": rule, "log": [log], "rule_msg": message}
        self.says("a block", "job_error", **said)

    def ends(self, jobid: int, done: int) -> None:
        self.says("Finished", "job_finished", job_id=jobid)
        self.says(None, "progress", done=done, total=3)


def test_a_job_is_one_line_once_it_has_ended() -> None:
    told = Snakemake()
    told.says("Building DAG of jobs...")
    told.says("Job stats", "run_info")
    told.begins(4, "rate", "a.log", model="m", scale="valence")
    told.says("Select jobs to execute...")
    told.ends(4, 1)
    told.says("Creating conda environment")
    assert told.lines == [
        "15 jobs",
        "[1/3] rate m valence: 0 s",
        "snakemake: Creating conda environment",
    ]


@pytest.mark.parametrize("wish", ["verbose", "printshellcmds", "debug_dag"])
def test_who_wants_all_that_snakemake_says_has_it(wish: str) -> None:
    told = Snakemake(**{wish: True})
    told.says("Building DAG of jobs...")
    assert told.lines == ["snakemake: Building DAG of jobs..."]


def test_a_dry_run_gives_a_reason_for_each_job() -> None:
    told = Snakemake(dryrun=True)
    told.begins(1, "align", "a.log")
    assert told.lines == ["align: Missing output files: a"]


def test_what_is_up_to_date_is_told_with_its_place() -> None:
    told = Snakemake()
    told.says("Nothing to be done (all requested files are present and up to date).")
    assert told.lines[0].endswith("up to date).\nThe report: r.html")


def test_the_last_words_of_a_failure_are_those_of_the_job_and_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = Snakemake()
    log = tmp_path / "rate.log"

    def run() -> None:
        with stage(log):
            logging.getLogger("emoalign").warning("not this")
            raise DataError("line 3: not a number.\nWrite one.")

    with pytest.raises(SystemExit):
        run()
    told.begins(1, "rate", str(log), model="m")
    told.fails(1, "rate", str(log))
    told.says('RuleException: CalledProcessError: "/p/.snakemake/scripts/x.rate.py"', "error")
    told.says("WorkflowError: At least one job did not complete successfully.", "error")
    assert told.lines == [f"[failed] rate m: 0 s; its log: {log}"]
    assert "not a number" not in capsys.readouterr().err, "it is said once, at the end"
    last = told.terminal.failure()
    assert f"1 job failed:\nrate m: line 3: not a number.\nWrite one.\n    its log: {log}\n" in last
    assert last.endswith("no answer that has arrived is asked for again.")


def test_as_a_module_whose_hooks_are_not_run_the_last_words_are_said() -> None:
    """The hooks of a module's Snakefile are not run by Snakemake."""
    well, badly, hooked = Snakemake(), Snakemake(), Snakemake()
    well.says("Complete log(s): x.log")
    assert well.lines == ["Done in 0 s. The report: r.html\nsnakemake: Complete log(s): x.log"]
    badly.begins(1, "emo_rate", "none.log", model="m")
    badly.fails(1, "emo_rate", "none.log")
    badly.says("Complete log(s): x.log")
    assert "1 job failed:\nemo_rate m: it ended without a message" in badly.lines[-1]
    assert badly.lines[-1].endswith("snakemake: Complete log(s): x.log")
    hooked.terminal.success()
    hooked.says("Complete log(s): x.log")
    assert hooked.lines == ["snakemake: Complete log(s): x.log"]


def test_a_full_disk_is_told_though_closing_the_file_fails_as_well(tmp_path: Path) -> None:
    """As matplotlib does it with a PDF."""
    log = tmp_path / "draw.log"

    def draw() -> None:
        with stage(log):
            try:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "a.pdf")
            finally:
                raise RuntimeError("inconsistent stream state")

    with pytest.raises(SystemExit):
        draw()
    said = log.read_text(encoding="utf-8")
    assert "a.pdf could not be written: No space left on device. Free some space" in said
    assert "Traceback" not in said


def test_the_log_of_a_killed_job_may_be_empty(tmp_path: Path) -> None:
    told = Snakemake()
    log = tmp_path / "rate.log"
    log.touch()
    told.fails(1, "rate", str(log))
    assert "rate: it ended without a message; it was probably killed" in told.terminal.failure()


def test_a_fault_is_told_without_its_traceback(tmp_path: Path) -> None:
    told = Snakemake()
    log = tmp_path / "rate.log"
    with pytest.raises(SystemExit), stage(log):
        raise RuntimeError("inside")
    told.fails(1, "rate", str(log))
    last = told.terminal.failure()
    assert "rate: This is a fault in emoalign itself; please report it with this log.\n" in last
    assert "Traceback" not in last


def test_what_a_cluster_says_of_a_killed_job_is_told(tmp_path: Path) -> None:
    told = Snakemake()
    told.fails(1, "rate", str(tmp_path / "none.log"), "SLURM status is: 'OUT_OF_MEMORY'")
    assert told.lines == [f"[failed] rate: 0 s; its log: {tmp_path / 'none.log'}"]
    assert "rate: SLURM status is: 'OUT_OF_MEMORY'" in told.terminal.failure()
    told.says("Trying to restart job 1.")
    assert told.lines[-1] == "rate is being started again: SLURM status is: 'OUT_OF_MEMORY'"


def test_a_job_that_ended_well_when_it_was_started_again_has_not_failed(tmp_path: Path) -> None:
    told = Snakemake()
    for job in (1, 2):
        told.begins(job, "rate", "a.log", model=f"m{job}")
        told.fails(job, "rate", str(tmp_path / "none.log"))
    told.says("Trying to restart job 1.")
    assert told.lines[-1] == "rate m1 is being started again."
    told.ends(1, 1)
    last = told.terminal.failure()
    assert (
        "1 job failed:\nrate m2: it ended without a message; it was probably killed, perhaps "
        "because memory ran out" in last
    )


def test_after_ctrl_c_no_failure_is_told() -> None:
    told = Snakemake()
    end_quietly(told.logger)
    told.begins(1, "rate", "a.log")
    told.says("Terminating processes on user request, this might take some time.")
    told.fails(1, "rate", "a.log")
    assert len(told.lines) == 1
    assert told.terminal.failure() == ""


def test_what_had_failed_before_ctrl_c_is_told(tmp_path: Path) -> None:
    told = Snakemake()
    log = tmp_path / "rate.log"
    with pytest.raises(SystemExit), stage(log):
        raise DataError("line 3: not a number")
    told.begins(1, "rate", str(log))
    told.fails(1, "rate", str(log))
    told.begins(2, "rate", str(tmp_path / "none.log"))
    told.says("Terminating processes on user request, this might take some time.")
    told.fails(2, "rate", str(tmp_path / "none.log"))
    assert "1 job failed:\nrate: line 3: not a number\n" in told.terminal.failure()


def test_a_message_that_cannot_be_said_well_is_said_as_snakemake_says_it() -> None:
    told = Snakemake()
    told.terminal._opening = lambda: str(1 / 0)
    told.says("Job stats", "run_info")
    assert told.lines == ["snakemake: Job stats"]


# Reasons


def test_a_reason_names_few_files_and_not_what_follows_from_another() -> None:
    reason = "Missing output files: a, b, c, d; Input files updated by another job: e"
    assert short_reason(reason) == "Missing output files: a, b and 2 more"
    assert short_reason("Input files updated by another job: e") == (
        "Input files updated by another job: e"
    )


def test_a_changed_job_is_told_by_the_keys_that_changed(tmp_path: Path) -> None:
    log = tmp_path / "rate.log"

    def params(**job: Any) -> dict[str, object]:
        return {"jobs": [{"version": 1, "card": {"weights": "w"}, **job}], "card": "m.yaml"}

    with stage(log, params(protocol={"participants": 5}, prompts={"text": "a" * 99})):
        pass
    now = params(protocol={"participants": 6, "wave": 2}, prompts={"text": "b" * 99})
    changed = what_changed(str(log), now)
    assert changed == (
        "protocol.participants (5, now 6), protocol.wave (null, now 2), prompts.text"
    )
    reason = "Params have changed since last execution: before: sha256:1 now: sha256:2"
    assert short_reason(reason, changed).startswith("Configuration has changed: protocol.part")
    assert short_reason(reason) == "Params have changed since last execution"
    assert what_changed(str(tmp_path / "other.log"), now) is None
    assert json.loads(job_file(log).read_text())["jobs"][0]["protocol"] == {"participants": 5}


# Params


JOB = {"version": 3, "prompts": {"text": "x" * 3000}, "participants": 20}


def test_a_param_is_printed_short_and_changes_exactly_with_its_content() -> None:
    shown = repr(Params(JOB))
    assert len(shown) < 30
    assert f"{[Params(JOB)]}" == f"[{shown}]"
    assert repr(Params(json.loads(json.dumps(JOB)))) == shown
    others = [
        JOB | {"participants": 20.0},
        JOB | {"prompts": {"text": "x" * 2999 + "y"}},
        dict(reversed(JOB.items())),
    ]
    assert len({repr(Params(other)) for other in [JOB, *others]}) == 4
    nested = [repr(Params({"run": Params(job)})) for job in (JOB, others[0])]
    assert nested[0] != nested[1]


def test_a_script_gets_a_plain_dictionary() -> None:
    arrived = pickle.loads(pickle.dumps([Params({"run": Params(JOB)})], protocol=4))
    assert type(arrived[0]) is dict
    assert type(arrived[0]["run"]) is dict
    assert arrived == [{"run": JOB}]


# --config


def test_values_on_the_command_line_are_read_as_in_a_file() -> None:
    said = [
        "statistics={bootstrap_resamples: 500, split_halves: 1e2}",
        "calibration={methods: [isotonic], folds: 5, nested: {deep: [1, 2.5, true, null, no]}}",
        "max_usd=2.5",
        "title='12'",
        "study=Study #2",
        "sample=",
        "data_mirror=/our/data=copy",
    ]
    assert overrides(said) == {
        "statistics": {"bootstrap_resamples": 500, "split_halves": 100.0},
        "calibration": {
            "methods": ["isotonic"],
            "folds": 5,
            "nested": {"deep": [1, 2.5, True, None, "no"]},
        },
        "max_usd": 2.5,
        "title": "12",
        "study": "Study #2",
        "sample": None,
        "data_mirror": "/our/data=copy",
    }


@pytest.mark.parametrize(
    ("said", "says", "advice"),
    [
        ("statistics={bootstrap_resamples: 500", "is not valid YAML", "Close each bracket"),
        ("models=[a,b", "is not valid YAML", "Close each bracket"),
        ("calibration={methods:[isotonic]}", "is not valid YAML", "a space after each colon"),
        ("title=@home", "is not valid YAML", "write --config 'title=\"@home\"'"),
        (
            "statistics={split_halves:5}",
            "no space after",
            "--config 'statistics={split_halves: 5}'",
        ),
        ("a={b: {c:5, d: 6}}", "so 'c:5' is read", "--config 'a={b: {c: 5, d: 6}}'"),
    ],
)
def test_a_value_that_is_not_the_yaml_that_was_meant_is_told_with_what_to_type(
    said: str, says: str, advice: str
) -> None:
    with pytest.raises(StudyError, match=f"--config {said.partition('=')[0]}: ") as told:
        overrides([said])
    assert says in str(told.value)
    assert advice in str(told.value)


FILE = ROOT / "config/config.yaml"


def test_a_text_with_a_colon_is_to_be_put_in_quotation_marks() -> None:
    study = read_yaml(FILE)[0]
    options = overrides(["title=A: b"])
    with pytest.raises(StudyError) as told:
        load_study(study | options, ROOT / "config", FILE, [FILE], options)
    assert "expected text, found keys with values" in str(told.value)
    assert "--config 'title=\"A: b\"'" in str(told.value)
    with pytest.raises(StudyError, match='`title: "A: b"`'):
        load_study(study | options, ROOT / "config", FILE)


# Progress


def test_progress_is_in_the_log_and_on_the_terminal_more_and_more_rarely(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr(progress.time, "monotonic", lambda: now)
    with stage(tmp_path / "a.log"), Progress("rating", 600, 0) as bar:
        for second in range(1, 600):
            now = float(second)
            bar.add(1)
    assert capsys.readouterr().err.count("rating: ") == 4, "after 1, 2, 4 and 8 minutes"
    assert (tmp_path / "a.log").read_text().count("rating: ") == 60


@pytest.mark.parametrize(
    ("seconds", "words"), [(4.4, "4 s"), (102, "1 min 42 s"), (7500, "2 h 5 min")]
)
def test_durations_are_told_in_words(seconds: float, words: str) -> None:
    assert duration(seconds) == words
