"""Models behind an HTTP interface, in any dialect, request by request or in batches."""
