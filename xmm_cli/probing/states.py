"""Hidden states where an answer is about to start, and what each layer would answer with."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from xmm_cli.models.conversation import Conversation
from xmm_cli.models.decoding.batching import model_inputs, pad
from xmm_cli.models.loading import Base

FINAL_NORMS = ("norm", "final_layernorm", "final_layer_norm", "ln_f")
"""What families of models call the norm before the output layer."""


@dataclass(frozen=True, slots=True)
class States:
    """What was found at the last token of each prompt.

    `hidden`: float32 `(layers + 1, prompts, width)` on the CPU; 0 is the embeddings, and the last
    is what goes into the final norm. `told`: bool `(layers + 1, prompts)`, see `Lens`.
    """

    hidden: torch.Tensor
    told: torch.Tensor


class Lens:
    """The logit lens: a layer's hidden state through the final norm and the output layer.

    After nostalgebraist 2020, "interpreting GPT: the logit lens". Only the logits of the tokens
    that are compared are computed. Where no final norm is found, there is none.
    """

    def __init__(self, model: Any, tokens: Sequence[int]) -> None:
        """`model` is the base's own, with or without an adapter in it; `tokens` are compared."""
        decoder, output = model.get_decoder(), model.get_output_embeddings()
        norms = [getattr(decoder, name) for name in FINAL_NORMS if hasattr(decoder, name)]
        self.norm = norms[0] if norms else None
        self.dtype = output.weight.dtype
        self.weight = output.weight[torch.tensor(tokens, device=output.weight.device)].float()
        bias = getattr(output, "bias", None)
        self.bias = None if bias is None else bias[torch.tensor(tokens, device=bias.device)].float()

    def normed(self, hidden: torch.Tensor) -> torch.Tensor:
        """What the output layer would be given: float32, of the shape of `hidden`."""
        return (hidden if self.norm is None else self.norm(hidden.to(self.dtype))).float()

    def logits(self, hidden: torch.Tensor) -> torch.Tensor:
        """float32 `(n, tokens)` for hidden states `(n, width)`."""
        return torch.nn.functional.linear(self.normed(hidden), self.weight, self.bias)

    def tells(self, hidden: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
        """Bool `(n,)`: whether the right token, an index `(n,)`, is above all others.

        A tie counts against it.
        """
        logits = self.logits(hidden)
        own = logits.gather(1, right[:, None])
        others = logits.scatter(1, right[:, None], -torch.inf)
        return own[:, 0] > others.amax(1)


@torch.inference_mode()
def find_states(
    base: Base,
    model: Any,
    batches: Iterable[Sequence[Conversation]],
    right: Sequence[Sequence[int]],
    lens: Lens,
    stepped: Callable[[int], None] = lambda _: None,
) -> States:
    """The states of all prompts, batch by batch; `stepped` hears how many were done.

    `right` has for each prompt the index, among the tokens of the lens, of the one it asks for.
    """
    hidden, told = [], []
    for prompts, answers in zip(batches, right, strict=True):
        layers = _last_states(base, model, prompts, lens.norm)
        wanted = torch.tensor(list(answers), device=layers.device)
        told.append(torch.stack([lens.tells(layer, wanted) for layer in layers]).cpu())
        hidden.append(layers.float().cpu())
        stepped(len(prompts))
    return States(torch.cat(hidden, dim=1), torch.cat(told, dim=1))


def _last_states(
    base: Base, model: Any, prompts: Sequence[Conversation], norm: Any
) -> torch.Tensor:
    """`(layers + 1, prompts, width)` at each prompt's last token.

    Models give their last layer already normed: what went into the norm is caught on the way.
    """
    batch = pad(prompts, base.pad_token_id, "right")
    caught: list[torch.Tensor] = []

    def catch(_: Any, given: tuple[Any, ...], named: dict[str, Any]) -> None:
        caught.append([*given, *named.values()][0])

    hook = norm and norm.register_forward_pre_hook(catch, with_kwargs=True)
    try:
        output = model(
            **model_inputs(batch, base.device, base.model.dtype),
            output_hidden_states=True,
            logits_to_keep=1,
            use_cache=False,
        )
    finally:
        if hook:
            hook.remove()
    layers = [*output.hidden_states[:-1], caught[-1] if caught else output.hidden_states[-1]]
    ends = batch["attention_mask"].sum(1) - 1
    places = torch.arange(len(prompts))
    return torch.stack([layer[places, ends] for layer in layers])
