"""What a study passes on: its tables with everything that readers and archives need of them."""
