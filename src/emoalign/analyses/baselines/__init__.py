"""What each baseline knows, and what it is tested on."""
