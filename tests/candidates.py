"""The log-probabilities of candidates, as a test compares them."""

from xmm_cli.models.decoding.rank import path_sums, read_tree


def candidate_logprobs(base, model, prompts, tree):
    """float64 `(prompts, candidates)` on the CPU: log-probabilities in nats, all read at once."""
    return path_sums(read_tree(base, model, prompts, tree, tops=False).steps, tree)
