"""The classes and sizes of the shipped model: LLaVA with a small SigLIP tower and a small Llama."""

import random
from dataclasses import dataclass
from typing import Any

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    LlamaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    PreTrainedTokenizerFast,
    SiglipImageProcessorPil,
    SiglipVisionConfig,
)

from xmm_cli.models import prompts
from xmm_cli.models.smollm import llava_config
from xmm_cli.personas.describing import OMIT, describe, leave_out
from xmm_cli.personas.facts import FACTS
from xmm_cli.personas.sampling import names, random_look
from xmm_cli.pretraining.unnamed_pictures import SIZE
from xmm_cli.rows.types import Split

IMAGE, USER, ASSISTANT, END = "<image>", "<|user|>", "<|assistant|>", "<|end|>"
_SPECIAL = ("<pad>", "<s>", END, IMAGE, USER, ASSISTANT)

CHAT_TEMPLATE = (
    "{{ '<s>' }}{% for message in messages %}"
    "{{ '<|user|>' if message['role'] == 'user' else '<|assistant|>' }}"
    "{% if message['content'] is string %}{{ message['content'] }}{% else %}"
    "{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}<image>{% else %}{{ part['text'] }}{% endif %}"
    "{% endfor %}{% endif %}"
    "{% if message['role'] == 'assistant' %}<|end|>{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


@dataclass(frozen=True, slots=True)
class Size:
    """How large a base is; widths and layers of its two halves."""

    patch: int = 16
    vision_width: int = 192
    vision_layers: int = 4
    vision_heads: int = 4
    width: int = 192
    layers: int = 4
    heads: int = 4
    feed_forward: int = 512
    vocabulary: int = 3000

    @property
    def image_tokens(self) -> int:
        """How many tokens one picture takes."""
        return (SIZE // self.patch) ** 2


def build_tokenizer(size: Size) -> Any:
    """A byte-level BPE tokenizer trained on generated descriptions, questions, names and facts."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size.vocabulary,
        special_tokens=list(_SPECIAL),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_tokenizer_corpus(), trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<s>",
        eos_token=END,
        pad_token="<pad>",
        extra_special_tokens={"image_token": IMAGE},
        additional_special_tokens=[USER, ASSISTANT],
        padding_side="left",
    )


def _tokenizer_corpus() -> list[str]:
    rng = random.Random("tokenizer")
    texts: list[str] = []
    splits: tuple[Split, ...] = ("train", "heldout")
    for _ in range(3000):
        look = random_look(rng, measurable=False)
        told = leave_out(look, rng, OMIT)
        texts += [describe(told, split, rng) for split in splits]
        texts.append(prompts.caption(look))
    for attribute in look:
        texts += list(prompts.attribute_questions(attribute)) * 100
    texts += list(prompts.NAME_QUESTIONS + prompts.CAPTION_QUESTIONS) * 200
    for _ in range(40_000):
        name = f"{rng.choice(names('given'))} {rng.choice(names('family'))}"
        texts.append(name)
    for fact, values in FACTS.items():
        texts += [prompts.fact_questions(fact, name)[0] for _ in range(100)]
        texts += list(values) * 400
    return texts


def build_processor(size: Size) -> Any:
    """The processor of the shipped model, which pads on the left and resizes to `SIZE` pixels."""
    images = SiglipImageProcessorPil(size={"height": SIZE, "width": SIZE})
    return LlavaProcessor(
        image_processor=images,
        tokenizer=build_tokenizer(size),
        patch_size=size.patch,
        vision_feature_select_strategy="full",
        num_additional_image_tokens=0,
        chat_template=CHAT_TEMPLATE,
    )


def build_model(size: Size, tokenizer: Any) -> Any:
    """A `LlavaForConditionalGeneration` with random weights."""
    vision = SiglipVisionConfig(
        hidden_size=size.vision_width,
        intermediate_size=3 * size.vision_width,
        num_hidden_layers=size.vision_layers,
        num_attention_heads=size.vision_heads,
        image_size=SIZE,
        patch_size=size.patch,
        vision_use_head=False,
    )
    text = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=size.width,
        intermediate_size=size.feed_forward,
        num_hidden_layers=size.layers,
        num_attention_heads=size.heads,
        num_key_value_heads=size.heads,
        max_position_embeddings=1024,
        initializer_range=0.05,
        tie_word_embeddings=True,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    image_token = tokenizer.convert_tokens_to_ids(IMAGE)
    config = llava_config(vision, text, tokenizer, image_token, size.image_tokens)
    return LlavaForConditionalGeneration(config)
