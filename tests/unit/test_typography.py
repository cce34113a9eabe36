"""Symbols in italics and typographic apostrophes, in what readers read and nowhere else."""

from __future__ import annotations

import pytest

from emoalign.report.typography import typeset


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (
            "<p>r = .70, p &lt; .001</p>",
            "<p><i>r</i>&nbsp;=&nbsp;.70, <i>p</i>&nbsp;&lt;&nbsp;.001</p>",
        ),
        (
            "(k = 2.6), k is the number of people, ω = .50",
            "(<i>k</i>&nbsp;=&nbsp;2.6), <i>k</i> is the number of people, ω&nbsp;=&nbsp;.50",
        ),
        ("<th>Rank-sum W</th>", "<th>Rank-sum <i>W</i></th>"),
        ("<th>SD, people</th>", "<th><i>SD</i>, people</th>"),
        ("<b>d_z</b> two SDs", "<b><i>d</i><sub>z</sub></b> two <i>SD</i>s"),
        ("small p-values, top-p 1, min_p", "small <i>p</i>&nbsp;values, top-p 1, min_p"),
        ("Williams' t of people&#39;s", "Williams’ <i>t</i> of people’s"),
        ("W1, RMSE, ρ, a word, 'quoted' text", "W1, RMSE, ρ, a word, 'quoted' text"),
        ("&lt;i&gt;r&lt;/i&gt;", "&lt;i&gt;<i>r</i>&lt;/i&gt;"),
    ],
)
def test_symbols_and_apostrophes_are_typeset(written: str, shown: str) -> None:
    assert typeset(written) == shown


@pytest.mark.parametrize(
    "kept",
    [
        "<td>r</td>",
        "<td class='t'>people's <b>p</b></td>",
        "<script>const r = 'it's';</script>",
        "<pre>p r n people's</pre>",
        "<code>r</code>",
        "<svg><title>r of people's</title></svg>",
        '<div data-model="r" data-protocol="people&#39;s">',
        "<style>p { margin: 0 } r p</style>",
    ],
)
def test_what_is_no_running_text_stays_as_it_is(kept: str) -> None:
    assert typeset(f"a{kept}b") == f"a{kept}b"


def test_what_a_head_means_has_the_apostrophes_of_its_text_and_no_markup() -> None:
    assert typeset('<th title="r of people&#39;s p">') == '<th title="r of people’s p">'


def test_a_scale_is_named_in_words_except_as_an_adjective() -> None:
    words = {"age-of-acquisition": "age of acquisition", "valence": "valence"}
    told = "<p>age-of-acquisition ratings rise with age-of-acquisition, not my-age-of-acquisition"
    assert typeset(f"{told} of valence.</p><td>age-of-acquisition</td>", words) == (
        "<p>age-of-acquisition ratings rise with age of acquisition, not my-age-of-acquisition "
        "of valence.</p><td>age-of-acquisition</td>"
    )
