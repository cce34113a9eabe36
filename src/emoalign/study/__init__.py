"""The parts of the configuration (scales, protocols, prompt sets, settings), and their YAML."""
