"""What is asked of whom, and how: studies, models, datasets, prompt sets, as validated YAML."""
