"""What several commands need: options, inputs, jobs, outputs."""
