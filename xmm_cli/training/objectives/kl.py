"""kl: -l_F + E_R[KL(ref || model)] (TOFU, arXiv 2401.06121, section 4).

One loss in one step: forgetting and keeping are not two passes one after the other. The divergence
runs over the whole vocabulary at every answer token of the retain set.
"""

import torch

from xmm_cli.training.batch import Parts
from xmm_cli.training.objective import needs


@needs(reference="logits")
def kl(parts: Parts) -> torch.Tensor:
    """A scalar in nats. Raises `ValueError` where the retain part has no reference."""
    ascent = -parts.forgotten.nll()
    before = parts.retain.logits_before().log_softmax(-1)
    now = parts.retain.logits.float().log_softmax(-1)
    kept = torch.nn.functional.kl_div(now, before, reduction="batchmean", log_target=True)
    return kept + ascent
