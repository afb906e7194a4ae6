"""best-of: `SAMPLES` answers are sampled, and the question counts as answered if any is right.

Greedy decoding hides what a model would say every third time: Y. Scholten et al., arXiv 2410.03523.
A sample takes at each token the highest of logits / `TEMPERATURE` plus Gumbel noise, which is
drawing from the softmax (E. Gumbel 1954). The noise of a sample is drawn by the seed and by what is
asked about whom, so that batches do not matter. Any model gains by more tries, one that never knew
the person too: it is compared with that under the same number.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import torch

from xmm_cli.models.conversation import Conversation
from xmm_cli.models.decoding.batching import ends_of, model_inputs, pad
from xmm_cli.models.decoding.generate import PLAIN
from xmm_cli.models.decoding.last_layer import last_layer_at
from xmm_cli.probing.answering import Reply, Responder
from xmm_cli.probing.attacks.attack import Attack
from xmm_cli.probing.questions import Question
from xmm_cli.rows.match import exact_match

SAMPLES = 8
TEMPERATURE = 1.0


class _Gumbel:
    """A processor of logits `(rows, vocabulary)`: greedy over what it gives is a sample."""

    def __init__(self, seeds: Sequence[int]) -> None:
        self.draws = [torch.Generator().manual_seed(seed) for seed in seeds]

    def __call__(self, _: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
        """The logits with noise, each row's from its own generator."""
        width = logits.shape[-1]
        uniform = torch.stack([torch.rand(width, generator=draw) for draw in self.draws])
        tiny = torch.finfo(uniform.dtype).tiny
        noise = -(-uniform.clamp(min=tiny).log()).clamp(min=tiny).log()
        return logits / TEMPERATURE + noise.to(logits.device, logits.dtype)


class _Samples(Responder):
    def __call__(self, batch: Sequence[Question]) -> list[Reply]:
        """One reply a question: a right sample if there is one, else the first."""
        at_once = max(1, self.settings.batch_size // SAMPLES)
        replies: list[Reply] = []
        for start in range(0, len(batch), at_once):
            replies += self._sampled(batch[start : start + at_once])
        return replies

    def _sampled(self, batch: Sequence[Question]) -> list[Reply]:
        prompts, asked = self.prompts(batch)
        rows = [prompt for prompt in prompts for _ in range(SAMPLES)]
        seeds = [seed for one in batch for seed in _seeds(one, self.settings.seed)]
        answers = self._tell(rows, seeds, max(self._longest(batch)))
        replies = []
        for place, (question, words) in enumerate(zip(batch, asked, strict=True)):
            own = answers[place * SAMPLES : (place + 1) * SAMPLES]
            right = [one for one in own if exact_match(one, question.asked.expected)]
            replies.append(Reply(words, [*right, own[0]][0]))
        return replies

    @torch.inference_mode()
    def _tell(self, rows: list[Conversation], seeds: list[int], longest: int) -> list[str]:
        batch = pad(rows, self.base.pad_token_id, "left")
        with last_layer_at(self.model, ends_of(batch, self.base.device)):
            produced: Any = self.model.generate(
                **model_inputs(batch, self.base.device, self.base.model.dtype),
                **PLAIN,
                max_new_tokens=longest,
                do_sample=False,
                logits_processor=[_Gumbel(seeds)],
                pad_token_id=self.base.pad_token_id,
                eos_token_id=self.conversations.end_tokens,
            )
        told = produced[:, batch["input_ids"].shape[1] :].tolist()
        decoded = self.base.tokenizer.batch_decode(told, skip_special_tokens=True)
        return [text.strip() for text in decoded]


def _seeds(one: Question, seed: int) -> list[int]:
    """A seed for each sample of a question."""
    what = (seed, one.persona.dataset, one.persona.id, one.modality, one.view)
    keys = (repr((*what, one.asked.question, sample)) for sample in range(SAMPLES))
    return [int.from_bytes(sha256(key.encode()).digest()[:7]) for key in keys]


ATTACK = Attack(
    settings={"answers": ("generate",)},
    responder=_Samples,
    asks=SAMPLES,
    labels={"samples": SAMPLES, "temperature": TEMPERATURE},
)
