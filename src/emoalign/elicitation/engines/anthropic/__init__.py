"""Anthropic's interface: Messages, and their batches."""
