"""The baselines: what each has learnt from, and what it is evaluated on."""
