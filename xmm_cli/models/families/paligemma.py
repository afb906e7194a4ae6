"""PaliGemma: the prompt sees itself both ways, and only what follows is causal.

The model tells them apart by `token_type_ids`, 0 in the prompt and 1 after it: without the 1 an
answer that is learned would see its own future. The processor opens a prompt, behind the picture,
with the token that begins a text, and closes it with a line break. It takes no text alone, which
gets both here.
"""

from typing import Any

from xmm_cli.models.families.family import Family


def bare(processor: Any, prompt: str) -> str:
    """The prompt without what the processor adds."""
    begin = processor.tokenizer.bos_token or ""
    return prompt.removeprefix(begin).removesuffix("\n")


def written(processor: Any, prompt: str) -> str:
    """The prompt as the processor would write it."""
    return f"{processor.tokenizer.bos_token or ''}{bare(processor, prompt)}\n"


FAMILY = Family(after_prompt={"token_type_ids": 1}, to_processor=bare, alone=written)
