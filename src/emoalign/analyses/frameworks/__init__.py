"""Single emotions against dimensions."""
