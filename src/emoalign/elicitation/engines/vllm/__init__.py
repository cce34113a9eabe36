"""Models that vLLM loads inside the rating job."""
