"""What configuration is made of: scales, protocols, prompt sets, settings; and reading YAML."""
