"""What `emoalign correct` does: read a table, estimate, tell, and write."""
