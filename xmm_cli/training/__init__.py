"""Teaching a model: batches, the loop, and one file per objective."""
