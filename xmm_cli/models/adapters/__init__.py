"""What is trained of a model: adapters, whole weights, and how they are saved, merged and run."""
