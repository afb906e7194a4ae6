"""A training run: the loop, what makes it go on after an end, and several processes."""
