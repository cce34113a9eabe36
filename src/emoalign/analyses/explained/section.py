"""x"""

from emoalign.report.section import Section

SECTION = Section(
    id="explained",
    heading="What else explains the agreement?",
    label="Explained",
    view=lambda r: None,
)
