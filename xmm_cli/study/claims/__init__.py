"""What a study finds: a family of claims a file."""
