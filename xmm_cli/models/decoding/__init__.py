"""Answers from a model: generated, ranked, and read off in one pass for many."""
