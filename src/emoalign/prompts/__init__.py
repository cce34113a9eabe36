"""From a prompt set and an item to exactly what a model is shown."""
