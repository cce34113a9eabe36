"""Configuration as validated YAML: studies, models, datasets, prompt sets, as validated YAML."""
