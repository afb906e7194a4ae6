"""Greedy answers, many at a time.

Where it is known which answers to expect, they are guessed: what follows the tokens told so far in
one of them is read along with them, in one pass, and kept as far as the model would have told the
same (greedy speculative decoding: Y. Leviathan et al., arXiv 2211.17192, with a list in place of
the smaller model). So a guess never changes an answer; it saves passes, one a token otherwise.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch

from xmm_cli.models.conversation import Conversation, Conversations
from xmm_cli.models.decoding.batching import behind_prompts, ends_of, model_inputs, pad
from xmm_cli.models.decoding.last_layer import last_layer_at
from xmm_cli.models.decoding.tree import Tree
from xmm_cli.models.families import sees_everything
from xmm_cli.models.loading import Base

PLAIN = {"num_beams": 1, "repetition_penalty": 1.0, "no_repeat_ngram_size": 0}
"""What a model's own settings may have otherwise, and what greedy means."""


class Told(NamedTuple):
    """An answer: its text without special tokens, white space stripped, and whether it was cut."""

    text: str
    cut: bool
    """It was as long as it might be, and had no end yet."""


def generate(
    base: Base,
    model: Any,
    conversations: Conversations,
    prompts: Sequence[Conversation],
    max_new_tokens: int,
) -> list[str]:
    """The text that each prompt is answered with, of at most so many tokens; see `answer`."""
    answers = answer(base, model, conversations, prompts, [max_new_tokens] * len(prompts))
    return [answered.text for answered in answers]


@torch.inference_mode()
def answer(
    base: Base,
    model: Any,
    conversations: Conversations,
    prompts: Sequence[Conversation],
    longest: Sequence[int],
    begun: Sequence[int] | None = None,
    guesses: Sequence[Tree] | None = None,
) -> list[Told]:
    """What each prompt is answered with, of at most `longest` tokens each, the end among them.

    `begun`: how many of each prompt's last tokens are the beginning of the answer, told as well.
    `guesses`: answers to expect of each prompt.
    """
    owned = list(begun or [0] * len(prompts))
    before = [
        prompt.ids[len(prompt.ids) - own :] for prompt, own in zip(prompts, owned, strict=True)
    ]
    ends = set(conversations.end_tokens)
    if guesses is not None and base.family.tree and sees_everything(base.model):
        tokens = _guessed(base, model, prompts, longest, before, guesses, ends)
    else:
        tokens = _told(base, model, conversations, prompts, max(longest))
    tokens = [rest[:most] for rest, most in zip(tokens, longest, strict=True)]
    whole = [first + rest for first, rest in zip(before, tokens, strict=True)]
    texts = base.tokenizer.batch_decode(whole, skip_special_tokens=True)
    cut = [not ends.intersection(rest) for rest in tokens]
    return [Told(text.strip(), short) for text, short in zip(texts, cut, strict=True)]


def _told(
    base: Base,
    model: Any,
    conversations: Conversations,
    prompts: Sequence[Conversation],
    max_new_tokens: int,
) -> list[list[int]]:
    """The tokens after each prompt, by the model's own generation, a pass for each of them."""
    batch = pad(prompts, base.pad_token_id, "left")
    with last_layer_at(model, ends_of(batch, base.device)):
        produced = model.generate(
            **model_inputs(batch, base.device, base.model.dtype),
            **PLAIN,
            max_new_tokens=max_new_tokens,
            do_sample=False,
            pad_token_id=base.pad_token_id,
            eos_token_id=conversations.end_tokens,
        )
    tokens: list[list[int]] = produced[:, batch["input_ids"].shape[1] :].tolist()
    return tokens


class _Guessing:
    """Answers in the making, and the cache of the rows that are not done."""

    def __init__(
        self,
        base: Base,
        model: Any,
        prompts: Sequence[Conversation],
        longest: Sequence[int],
        ends: set[int],
    ) -> None:
        self.base, self.model, self.longest, self.ends = base, model, longest, ends
        batch = pad(prompts, base.pad_token_id, "left")
        inputs = model_inputs(batch, base.device, base.model.dtype)
        positions = base.family.positions(base.model, inputs)
        with last_layer_at(model, ends_of(batch, base.device)):
            read = model(**inputs, position_ids=positions, logits_to_keep=1, use_cache=True)
        self.cache, self.mask = read.past_key_values, inputs["attention_mask"]
        self.following = behind_prompts(positions, self.mask.bool())
        self.told = [[token] for token in read.logits[:, -1].argmax(-1).tolist()]
        self.rows = list(range(len(prompts)))
        self.drop_done()

    def drop_done(self) -> None:
        """Go on with the rows whose answers have no end yet."""
        left = [place for place, row in enumerate(self.rows) if not self._done(row)]
        if left and len(left) < len(self.rows):
            chosen = torch.tensor(left, device=self.base.device)
            self.cache.batch_select_indices(chosen)
            self.mask, self.following = self.mask[chosen], self.following[..., chosen, :]
        self.rows = [self.rows[place] for place in left]

    def _done(self, row: int) -> bool:
        return self.told[row][-1] in self.ends or len(self.told[row]) >= self.longest[row]

    def read(self, ahead: Sequence[list[int]]) -> None:
        """One pass over the last token of each row and what is guessed to follow it."""
        behind = pad([Conversation(tokens, len(tokens)) for tokens in ahead], 0, "right")
        ids, ours = (behind[key].to(self.base.device) for key in ("input_ids", "attention_mask"))
        steps = torch.arange(ids.shape[1], device=self.base.device)
        output = self.model(
            input_ids=ids,
            attention_mask=torch.cat([self.mask, ours], dim=1),
            position_ids=self.following + steps,
            past_key_values=self.cache,
            use_cache=True,
        )
        kept = []
        for row, given, heard in zip(
            self.rows, ahead, output.logits.argmax(-1).tolist(), strict=True
        ):
            new = _agreed(given[1:], heard, self.ends)
            self.told[row] += new
            kept.append(len(new))
        right = torch.tensor(kept, device=self.base.device)[:, None]
        # what was guessed wrong stays in the cache, and nothing sees it
        self.mask = torch.cat([self.mask, (steps < right).to(self.mask.dtype)], dim=1)
        self.following = self.following + right


def _guessed(
    base: Base,
    model: Any,
    prompts: Sequence[Conversation],
    longest: Sequence[int],
    before: Sequence[list[int]],
    guesses: Sequence[Tree],
    ends: set[int],
) -> list[list[int]]:
    """The tokens after each prompt; what is guessed right is told in one pass."""
    work = _Guessing(base, model, prompts, longest, ends)
    while work.rows:
        ahead = []
        for row in work.rows:
            tokens = work.told[row]
            guess = guesses[row].guess(before[row] + tokens)
            ahead.append([tokens[-1], *guess[: longest[row] - len(tokens) - 1]])
        work.read(ahead)
        work.drop_done()
    return work.told


def _agreed(guess: Sequence[int], heard: Sequence[int], ends: set[int]) -> list[int]:
    """What the model tells: as long as the guess says the same, and the first token after that."""
    tokens = []
    for place, token in enumerate(heard[: len(guess) + 1]):
        tokens.append(token)
        if token in ends or place == len(guess) or guess[place] != token:
            break
    return tokens
