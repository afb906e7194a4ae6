"""Asking a model: questions, answers by generation and by rank."""
