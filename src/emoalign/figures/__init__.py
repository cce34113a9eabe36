"""Figures for papers: PDF and 300-dpi PNG, colour-blind safe, one colour per model throughout."""
