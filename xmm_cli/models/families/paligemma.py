"""PaliGemma: the prompt sees itself both ways, and only what follows is causal.

The model tells them apart by `token_type_ids`, 0 in the prompt and 1 after it: without the 1 an
answer that is learned would see its own future. The processor closes a prompt with a line break of
its own.
"""

from xmm_cli.models.families.family import Family


def without_break(prompt: str) -> str:
    """The prompt without the line break that the processor adds."""
    return prompt.removesuffix("\n")


FAMILY = Family(after_prompt={"token_type_ids": 1}, to_processor=without_break)
