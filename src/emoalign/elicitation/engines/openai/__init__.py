"""OpenAI's interface: Chat Completions, and its batches."""
