"""Models behind an OpenAI-compatible interface, request by request or in batches."""
