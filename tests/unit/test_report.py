"""What the report says, in words and on the page."""

from __future__ import annotations

import base64
import gzip
import re
import shutil
import subprocess
from collections import Counter
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from PIL import Image

from emoalign import report
from emoalign.analyses.alignment.in_words import findings
from emoalign.analyses.alignment.section import alignment_gaps
from emoalign.figures.drawing import save
from emoalign.figures.style import style
from emoalign.installed import git_commit
from emoalign.planning.jobs import (
    reported,
)
from emoalign.report.carried import Pictures, Script, screen_picture
from emoalign.report.conditions import condition, named
from emoalign.report.nearest import higher_first
from emoalign.tables import ALIGNMENT, CONTRASTS, STATUSES, records
from emoalign.wording import coefficient, number, p_value, percent
from tests.kit.ratings import norms, rating_rows, ratings
from tests.kit.stages import make, make_page, page
from tests.kit.words import EVIL, report_job, study

NORM_ROWS = norms()


def refusing() -> pd.DataFrame:
    """Ratings of which one in ten is a refusal."""
    answers = ratings(NORM_ROWS)
    answers[:, 0] = np.nan
    return rating_rows(answers, f"No. {EVIL}")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tables of the study."""
    folder = tmp_path_factory.mktemp("made")
    make(folder, study(), refusing(), NORM_ROWS)
    return folder


def outside_scripts(page: str) -> str:
    """What of a page is neither code, data nor a picture."""
    return re.sub(r"<script[ >].*?</script>|data:image[^\"]*", "", page, flags=re.DOTALL)


def test_nothing_untrusted_reaches_the_page_as_markup(made: Path) -> None:
    shown = page(made, report_job(models={"m": f'A "quoted" {EVIL} & model'}))
    assert EVIL not in shown
    text = outside_scripts(shown)
    assert "<script" not in text
    assert "A &#34;quoted&#34; &lt;script&gt;" in text
    assert text.count("No. &lt;script&gt;") == 1  # an example of a refusal
    assert "Rate it. &lt;script&gt;" in text  # the example prompt


def test_the_page_allows_its_own_code_and_no_connection(made: Path) -> None:
    shown = page(made, report_job())
    policy = re.search(r'http-equiv="Content-Security-Policy" content="(.*?)"', shown)
    assert policy is not None
    assert "default-src 'none'" in policy[1]
    assert "connect-src 'none'" in policy[1]
    [own] = re.findall(r"<script>(.*?)</script>", shown, flags=re.DOTALL)
    [library] = re.findall(r'<script type="text/plain" id="plotly">(.*?)</script>', shown)
    code = [gzip.decompress(base64.b64decode(library)), own.encode()]
    allowed = re.findall(r"'sha256-(.*?)'", policy[1])
    assert [base64.b64encode(sha256(one).digest()).decode() for one in code] == allowed


def test_code_that_would_end_its_own_element_is_refused() -> None:
    with pytest.raises(ValueError, match="end its own element"):
        Script.of("const text = '</SCRIPT>';")


def test_items_that_may_not_be_shown_are_not_on_the_page(made: Path) -> None:
    shown = page(made, report_job(show_items=False))
    text = outside_scripts(shown)
    assert "$x_1$" not in text
    assert "Rate it. (item not shown)" in text
    assert "No. &lt;script&gt;" not in text  # an answer may quote its item
    assert "(not shown: it may quote the item)" in text
    packed = re.findall(r'<script type="text/plain" id="(.*?)">(.*?)</script>', shown)
    assert {"items-index", "names"} <= {name for name, _ in packed}
    for name, content in packed:
        assert b"$x_1$" not in gzip.decompress(base64.b64decode(content)), name


def test_the_same_results_give_the_same_page(made: Path, tmp_path: Path) -> None:
    drawn = study(figures=["means", "spread"])
    assert page(made, reported(drawn)) == make_page(tmp_path, drawn, refusing(), NORM_ROWS)


def cells(*rows: dict[str, object]) -> pd.DataFrame:
    """Alignment rows with the numbers a finding looks at; the rest undefined."""
    base = dict.fromkeys(ALIGNMENT.schema.names, np.nan) | {
        "model": "m",
        "dataset": "words",
        "scale": "valence",
        "readout": "sampled",
        "n_items": 30,
        **{f"n_{status}": 0 for status in STATUSES},
        "n_ok": 300,
        "ceiling": 0.98,
        "one_human_r": 0.8,
    }
    return pd.DataFrame([base | row for row in rows])


def contrast(**told: object) -> pd.DataFrame:
    """A contrast of the protocols sheet and asked, whose difference is clear."""
    row = dict.fromkeys(CONTRASTS.schema.names, np.nan) | {
        **{"kind": "protocol", "within": "m", "dataset": "words", "scale": "valence"},
        **{"a": "asked", "b": "sheet", "readout": "sampled", "difference": -0.75},
        **{"difference_low": -0.9, "difference_high": -0.6, "p_holm": 0.0001},
        **{"n_items": 30, "n_clusters": 29},
    }
    return pd.DataFrame([row | told])


NONE = contrast()[:0]


def test_the_higher_correlation_of_a_contrast_comes_first() -> None:
    told = contrast(r_a=0.1, r_b=0.85, williams_t=-9.0, zou_low=-0.8, zou_high=-0.7)
    [row] = records(higher_first(told))
    assert (row["a"], row["b"], row["r_a"], row["r_b"]) == ("sheet", "asked", 0.85, 0.1)
    assert (row["difference"], row["williams_t"]) == (0.75, 9.0)
    assert (row["difference_low"], row["difference_high"]) == (0.6, 0.9)
    assert (row["zou_low"], row["zou_high"]) == (0.7, 0.8)
    [again] = records(higher_first(higher_first(told)))
    assert again["a"] == "sheet"
    assert higher_first(NONE).empty


def test_a_model_that_depends_on_its_protocol_is_told_so() -> None:
    good = {
        "protocol": "sheet",
        "pearson_r": 0.7,
        "pearson_low": 0.6,
        "pearson_high": 0.8,
    }
    poor = {
        "protocol": "asked",
        "pearson_r": -0.05,
        "pearson_low": -0.2,
        "pearson_high": 0.1,
    }
    job = report_job(protocols=("asked", "sheet"))
    [sentences] = findings(cells(poor, good), contrast(), job)
    text = " ".join(sentences)
    assert (
        "mean valence ratings by Model m correlated with human means as follows (sampled answers): "
        "r = .70, 95% CI [.60, .80], under sheet; r = −.05, 95% CI [−.20, .10], under asked."
    ) in text
    assert (
        "The correlation was higher under sheet than under asked: difference .75, 95% CI "
        "[.60, .90], Holm-adjusted p < .001."
    ) in text
    assert "the highest r to expect is .98; a single rater correlates .80 with the mean" in text
    anonymous = good | {"one_human_r": np.nan, "one_rating_r": 0.7}
    [sentences] = findings(cells(anonymous), NONE, job)
    assert (
        "a single rating per item correlates .70 with the mean of the item's other ratings"
        in sentences[-1]
    )
    assert "single rater correlates" not in sentences[-1]


@pytest.mark.parametrize(
    "told",
    [
        {"p_holm": 0.06},
        {"p_holm": np.nan},
        {"difference_low": -1.0, "difference_high": 0.1},
        {"readout": "exact"},
        {"within": "another"},
        {"scale": "arousal"},
    ],
)
def test_protocols_that_no_contrast_tells_apart_are_not_told_apart(told: dict[str, object]) -> None:
    rows = cells({"protocol": "asked", "pearson_r": 0.1}, {"protocol": "sheet", "pearson_r": 0.7})
    [sentences] = findings(rows, contrast(**told), report_job(protocols=("asked", "sheet")))
    assert "higher" not in " ".join(sentences)


@pytest.mark.parametrize(
    ("r", "why"),
    [
        (0.99, "r rests on too few items (or clusters of items), or on a single one"),
        (1.0, "all items lie on one straight line"),
    ],
)
def test_an_r_without_an_interval_says_why(r: float, why: str) -> None:
    rows = cells({"protocol": "p", "pearson_r": r})
    [sentences] = findings(rows, NONE, report_job())
    assert (
        f"correlated r = {coefficient(r)} (no interval: {why}) with human means (sampled answers)."
    ) in sentences[0]
    assert ("Interval of r", why) in [(gap.what, gap.why) for gap in alignment_gaps(rows)]


def test_a_finding_prefers_the_exact_readout_and_names_lost_answers() -> None:
    exact = {
        "protocol": "p",
        "readout": "exact",
        "pearson_r": 0.5,
        "pearson_low": 0.4,
        "pearson_high": 0.6,
    }
    sampled = {"protocol": "p", "pearson_r": 0.3, "n_ok": 27, "n_truncated": 273}
    text = " ".join(findings(cells(sampled, exact), NONE, report_job())[0])
    assert "correlated r = .50, 95% CI [.40, .60], with human means (exact probabilities)" in text
    assert ".30" not in text
    assert "gave a rating in only 9% of its sampled answers" in text


@pytest.mark.parametrize(
    ("usable", "says"),
    [(267, ["Model m gave a rating in only 89% of its sampled answers"]), (270, [])],
)
def test_lost_answers_are_named_where_they_are_more_than_one_in_ten(
    usable: int, says: list[str]
) -> None:
    row = {"protocol": "p", "pearson_r": 0.5, "n_ok": usable, "n_truncated": 300 - usable}
    [sentences] = findings(cells(row), NONE, report_job())
    assert [text.split(" (")[0] for text in sentences if "of its sampled answers" in text] == says


def test_many_findings_open_with_how_far_they_reach() -> None:
    names = [f"m{place}" for place in range(7)]
    rows = [
        {"model": name, "protocol": "p", "pearson_r": 0.1 * place}
        | {"pearson_low": 0.0, "pearson_high": 0.9}
        for place, name in enumerate(names)
    ]
    job = report_job(models={name: name.upper() for name in names})
    first, *others = findings(cells(*rows), NONE, job)
    assert len(others) == 7
    assert first == [
        "The correlation of mean ratings with human means ranged over 7 conditions from r = .00, "
        "95% CI [.00, .90] (M0, sampled answers) to r = .60, 95% CI [.00, .90] (M6, sampled "
        "answers), with a median of .30."
    ]


def test_findings_on_several_models_tell_the_two_best_apart_on_each_scale() -> None:
    rs = {"a": 0.94, "b": 0.83, "c": 0.2}
    rows = [
        {"model": name, "protocol": "p", "scale": scale, "pearson_r": r}
        | {"pearson_low": r - 0.1, "pearson_high": r + 0.05}
        for scale in ("valence", "arousal")
        for name, r in rs.items()
    ]
    pair = {"kind": "model", "within": "p", "a": "b", "b": "a", "difference": -0.11}
    pair |= {"zou_low": -0.13, "zou_high": -0.09, "n_clusters": 30}
    pair |= {"difference_low": -0.13, "difference_high": -0.09}
    unclear = {"p_holm": 0.4, "difference_low": -0.3, "zou_low": -0.3}
    unclear |= {"difference_high": 0.1, "zou_high": 0.1, "scale": "arousal"}
    every = pd.concat([contrast(**pair), contrast(**pair | unclear), contrast(**pair | {"b": "c"})])
    job = report_job(models={name: name.upper() for name in rs}, scales=("valence", "arousal"))
    first, *others = findings(cells(*rows), every, job)
    assert len(others) == 6
    assert "median" not in first[0]
    assert first[1:] == [
        "On valence, A (r = .94) correlated more highly with human means than B (r = .83):"
        " difference .11, 95% CI [.09, .13], Holm-adjusted p < .001.",
        "On arousal, A (r = .94) and B (r = .83) did not differ clearly: difference .11, "
        "95% CI [−.10, .30], Holm-adjusted p = .400.",
    ]
    two = cells(*(row for row in rows if row["scale"] == "valence" and row["model"] != "c"))
    *_, told = findings(two, every, job)
    assert list(told) == first[1:2]
    assert told.about == {"dataset": "words", "scale": "valence"}  # type: ignore[attr-defined]
    assert len(findings(two, NONE, job)) == 2


def test_what_no_contrast_can_show_is_said_once() -> None:
    kept = {"p": 1.0, "q": 0.5, "r": 0.2}
    protocols = {
        name: {"participants": 10, "temperature": degrees, "wave": place}
        for place, (name, degrees) in enumerate(kept.items(), 1)
    }
    rows = cells(*({"protocol": name, "pearson_r": r} for name, r in kept.items()))
    pairs = [("p", "q"), ("p", "r"), ("q", "r")]
    every = [contrast(a=a, b=b, difference=0.5) for a, b in pairs]
    [sentences] = findings(rows, pd.concat(every), report_job(protocols=protocols))
    assert sum("differ in 2 respects" in one for one in sentences) == 3
    assert sum("matters" in one for one in sentences) == 1
    [sentences] = findings(rows, every[0], report_job(protocols=protocols))
    [told] = [one for one in sentences if "matters" in one]
    assert told.endswith(" This contrast alone cannot show which of them matters.")


def test_a_ceiling_is_never_1() -> None:
    rows = cells({"protocol": "p", "pearson_r": 0.9, "ceiling": 0.9978})
    [sentences] = findings(rows, NONE, report_job())
    assert "the highest r to expect is > .99;" in sentences[1]


def test_a_condition_names_its_scale_where_the_study_has_several() -> None:
    cell = cells({"protocol": "p"}).iloc[0].to_dict()
    job = report_job(protocols=("p", "q"))
    assert condition(job, cell) == "Model m under p, sampled answers"
    assert named(job, cell) == "Model m under p"
    several = report_job(scales=("valence", "arousal"))
    assert condition(several, cell) == "Model m, sampled answers, valence"
    assert named(several, cell) == "Model m (valence)"
    datasets = report_job(datasets=("words", "other"))
    assert named(datasets, cell) == "Model m (valence of Words)"


def test_a_figure_keeps_the_size_of_its_letters(tmp_path: Path) -> None:
    for inches in (3.5, 7.2):
        file = tmp_path / "figure.png"
        Image.new("RGB", (round(300 * inches), 300), "white").save(file, dpi=(300, 300))
        picture = screen_picture(file)
        assert picture.width == pytest.approx(125 * inches, abs=1)
        [url] = picture.urls
        packed = base64.b64decode(url.removeprefix("data:image/png;base64,"))
        assert Image.open(BytesIO(packed)).width == pytest.approx(1.55 * picture.width, abs=1)
    assert Pictures(room=picture.letters - 1).shown(file) is None


def test_paper_breaks_between_the_pages_of_a_figure(tmp_path: Path) -> None:
    with style():
        save([Figure(figsize=(3, height)) for height in (1, 2)], tmp_path / "figure")
    pages = screen_picture(tmp_path / "figure.png").urls
    shown = [
        Image.open(BytesIO(base64.b64decode(url.removeprefix("data:image/png;base64,"))))
        for url in pages
    ]
    assert [round(page.width / page.height, 1) for page in shown] == [3.0, 1.5]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.704, "0.70"), (-0.0049, "0.00"), (-1.5, "−1.50"), (float("nan"), "–"), (None, "–")],
)
def test_numbers_read_as_in_print(value: float | None, text: str) -> None:
    assert number(value) == text


def test_small_p_values_and_shares_read_as_in_print() -> None:
    assert [p_value(p) for p in (0.0001, 0.0432, float("nan"))] == ["< .001", ".043", "–"]
    assert [percent(p) for p in (0.0, 0.0915, 0.99967, 1.0)] == ["0%", "9%", "99.97%", "100%"]


def test_the_commit_is_never_that_of_somebody_elses_repository(tmp_path: Path) -> None:
    assert shutil.which("git")
    assert git_commit(tmp_path) is None
    inside = tmp_path / "study/emoalign"
    inside.mkdir(parents=True)
    new = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-C", str(inside.parent)]
    for command in (["init", "--quiet"], ["commit", "--quiet", "--allow-empty", "-m", "mine"]):
        subprocess.run([*new, *command], check=True)
    assert git_commit(inside) is None
    assert git_commit(inside.parent)


def test_no_two_scripts_of_the_page_declare_the_same_name() -> None:
    declared = re.compile(r"^(?:async )?(?:function|class|const|let|var) +(\w+)", re.MULTILINE)
    scripts = sorted((Path(report.__file__).parent / "assets").glob("*.js"))
    names = [name for script in scripts for name in declared.findall(script.read_text("utf-8"))]
    assert len(scripts) > 1
    assert [name for name, times in Counter(names).items() if times > 1] == []
