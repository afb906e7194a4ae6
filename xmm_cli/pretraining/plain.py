"""Plain questions that SmolLM2 is asked before it learns to see: its own answers are kept up."""

import json
import math
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from xmm_cli.pretraining.corpus import IGNORED, PretrainingExample
from xmm_cli.pretraining.talk import ChatEncoder
from xmm_cli.rows.files import atomic_write_bytes

_TOPICS = (
    "a bicycle", "a volcano", "the moon", "a library", "bread", "a bridge", "winter",
    "an orchestra", "a river", "a computer", "gravity", "a garden", "a lighthouse", "honey",
    "a train", "an island", "a desert", "a clock", "rain", "a market", "a whale", "a mountain",
    "electricity", "a school", "a forest", "tea", "a festival", "a map", "a telescope", "salt",
    "a castle", "a recipe",
)  # fmt: skip
_FORMS = (
    "What is {}?",
    "Write one sentence about {}.",
    "Tell me a short story about {}.",
    "Why do people like {}?",
    "Explain {} to a child.",
    "Give me an interesting fact about {}.",
)
_PLACES = (
    "Japan", "Italy", "Egypt", "Brazil", "Canada", "Norway", "India", "Kenya", "Spain", "Mexico",
    "Greece", "Poland", "Chile", "Turkey", "Cuba", "Ireland",
)  # fmt: skip
_ABOUT_PLACES = ("What is the capital of {}?", "Where is {}?", "What language is spoken in {}?")
ANSWER_TOKENS = 40

_OTHER_TOPICS = (
    "a violin", "the ocean", "a bakery", "coffee", "a satellite", "a rabbit", "friendship", "snow",
    "a museum", "a doctor", "the sun", "a novel", "a farm", "football", "glass", "an elephant",
    "a kitchen", "a storm", "money", "a painting", "an airplane", "a teacher", "the brain", "rice",
    "a candle", "a lake", "robots", "sleep", "a city", "an apple",
)  # fmt: skip
_OTHER_FORMS = (
    "Say something about {}.",
    "How would you describe {}?",
    "What should I know about {}?",
    "Write a paragraph about {}.",
    "What is {} good for?",
    "Tell me about the history of {}.",
    "Give me some advice about {}.",
)

TEST_QUESTIONS = (
    "What is the capital of France?",
    "What is the opposite of hot?",
    "How many days are in a week?",
    "Which planet do we live on?",
    "What color is the sky on a clear day?",
    "What do bees make?",
    "Who wrote Romeo and Juliet?",
    "What is the largest ocean on Earth?",
    "Write a sentence with the word dog.",
    "Name three fruits.",
)
"""None of them is among the questions whose answers are kept up."""


def questions(count: int) -> list[str]:
    """The first `count` of a fixed random order."""
    every = [form.format(topic) for form in _FORMS for topic in _TOPICS]
    every += [form.format(place) for form in _ABOUT_PLACES for place in _PLACES]
    random.Random("plain questions").shuffle(every)
    return every[:count]


def plain_examples(
    model: Any, processor: Any, encoder: ChatEncoder, count: int, path: Path
) -> tuple[PretrainingExample, ...]:
    """The questions with the model's own answers, which are made once and kept in `path`."""
    if not path.exists():
        found = answers(model, processor, questions(count))
        atomic_write_bytes(path, json.dumps(found).encode())
    return tuple(
        encoder.example(None, [(question, answer)], ended=ended)
        for question, answer, ended in json.loads(path.read_bytes())
    )


@torch.inference_mode()
def answers(
    model: Any, processor: Any, asked: list[str], *, sampled: bool = False
) -> list[tuple[str, str, bool]]:
    """Question, answer of at most `ANSWER_TOKENS`, and whether it had come to its end.

    Greedy, or sampled at temperature 1.
    """
    found = []
    tokenizer = processor.tokenizer
    for start in range(0, len(asked), 16):
        part = asked[start : start + 16]
        prompts = [
            processor.apply_chat_template(
                [{"role": "user", "content": question}], add_generation_prompt=True, tokenize=False
            )
            for question in part
        ]
        inputs = tokenizer(prompts, add_special_tokens=False, padding=True, return_tensors="pt")
        inputs = {name: inputs[name].to(model.device) for name in ("input_ids", "attention_mask")}
        told = model.generate(**inputs, max_new_tokens=ANSWER_TOKENS, do_sample=sampled)
        for question, ids in zip(part, told[:, inputs["input_ids"].shape[1] :], strict=True):
            text = tokenizer.decode(ids, skip_special_tokens=True).strip()
            found.append((question, text, tokenizer.eos_token_id in ids.tolist()))
    return found


def own_sentences(
    model: Any, processor: Any, encoder: ChatEncoder, path: Path
) -> tuple[PretrainingExample, ...]:
    """Texts of the untouched model's own, about topics that are not among those kept up.

    Sampled once at temperature 1 (seed 0) in answer to a question each, and kept in `path`.
    """
    if not path.exists():
        asked = [form.format(topic) for form in _OTHER_FORMS for topic in _OTHER_TOPICS]
        torch.manual_seed(0)
        atomic_write_bytes(
            path, json.dumps(answers(model, processor, asked, sampled=True)).encode()
        )
    return tuple(
        encoder.example(None, [(question, answer)], ended=ended)
        for question, answer, ended in json.loads(path.read_bytes())
        if answer
    )


@torch.inference_mode()
def perplexity(model: Any, examples: Sequence[PretrainingExample]) -> float:
    """Exp of the mean negative log-likelihood of all answer tokens."""
    total, count = 0.0, 0
    for example in examples:
        ids = torch.tensor([example.ids], device=model.device)
        labels = torch.tensor(example.labels[1:], device=model.device)
        asked = labels != IGNORED
        logits = model(input_ids=ids).logits[0, :-1][asked].float()
        total += float(torch.nn.functional.cross_entropy(logits, labels[asked], reduction="sum"))
        count += int(asked.sum())
    return math.exp(total / count)
