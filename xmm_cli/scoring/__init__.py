"""Metrics over probe rows, with intervals over persons."""
