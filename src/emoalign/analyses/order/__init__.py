"""What the order of items does to answers in sessions."""
