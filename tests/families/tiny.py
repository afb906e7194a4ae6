"""A model of each family, tiny and random, saved as a folder with its family's own processor.

Images are prepared by the Pillow-based processors, and no torchvision is needed.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import torch
import transformers as t
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from xmm_cli.compat import no_video_processor, without_video

SIZE, PATCH, WIDTH = 56, 14, 32
PIN = [[56, 56], [56, 112], [112, 56]]
MARKS = [
    *["<image>", "<image_soft_token>", "<start_of_image>", "<end_of_image>", "<global-img>"],
    *["<|image_pad|>", "<|video_pad|>", "<|vision_start|>", "<|vision_end|>", "<video>"],
    *["<fake_token_around_image>", "<end_of_utterance>", "<img>", "</img>", "<IMG_CONTEXT>"],
    *["<|user|>", "<|assistant|>", "<|audio|>", "<|boa|>", "<|eoa|>", "<|video|>"],
    *[f"<row_{row}_col_{column}>" for row in range(1, 4) for column in range(1, 4)],
]
WORDS = ["Who is this person? A person with red hair and glasses, called Ann Lee or Bo Quist."] * 3

PLAIN = (
    "{% for m in messages %}<|MARK|>{% for c in m['content'] %}{% if c['type'] == 'image' %}PICTURE"
    "{% else %}{{ c['text'] }}{% endif %}{% endfor %}{% if m['role'] == 'assistant' %}<eos>"
    "{% endif %}{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}"
).replace("<|MARK|>", "<|{{ m['role'] }}|>")
"""What most families write, in short."""

SYSTEM = "<bos>{% if messages[0]['role'] != 'system' %}Be helpful. {% endif %}" + PLAIN
THINKING = PLAIN.replace(
    "<|assistant|>{% endif %}",
    "<|assistant|>{% if enable_thinking is defined and enable_thinking is false %}"
    "<think>\n\n</think>\n\n{% else %}<think>\n{% endif %}{% endif %}",
)
"""Past answers are shown without the thoughts before them."""

STRINGS = (
    "{% for m in messages %}<|{{ m['role'] }}|>{{ m['content'] + '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
"""Turns are strings, and nothing but a line break ends an answer."""


class Tiny(NamedTuple):
    """The parts of a model."""

    config: Any
    processor: Any


def tokenizer(**named: str) -> Any:
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    special = ["<pad>", "<eos>", "<bos>", "<unk>", *MARKS]
    letters = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=360, special_tokens=special, initial_alphabet=letters, show_progress=False
    )
    made.train_from_iterator(WORDS, trainer)
    return t.PreTrainedTokenizerFast(
        tokenizer_object=made,
        pad_token="<pad>",
        eos_token="<eos>",
        bos_token="<bos>",
        unk_token="<unk>",
        additional_special_tokens=MARKS,
        **({"extra_special_tokens": named} if named else {}),
    )


def text(words: Any, **more: Any) -> dict[str, Any]:
    usual = {
        "vocab_size": len(words),
        "hidden_size": WIDTH,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "max_position_embeddings": 1024,
        "pad_token_id": 0,
        "eos_token_id": 1,
        "bos_token_id": 2,
    }
    return usual | more


def tower(kind: str | None = None, **more: Any) -> dict[str, Any]:
    usual = {
        "hidden_size": WIDTH,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "image_size": SIZE,
        "patch_size": PATCH,
    }
    return usual | ({"model_type": kind} if kind else {}) | more


def square() -> dict[str, int]:
    return {"height": SIZE, "width": SIZE}


def number(words: Any, mark: str) -> int:
    return int(words.convert_tokens_to_ids(mark))


def template(picture: str, written: str = PLAIN) -> str:
    return written.replace("PICTURE", picture)


def _llava(config: Any, processor: Any, images: Any, written: str, **more: Any) -> Tiny:
    words = tokenizer()
    made = config(
        text_config=text(words, model_type="llama"),
        vision_config=tower("clip_vision_model", projection_dim=WIDTH),
        image_token_id=number(words, "<image>"),
        vision_feature_layer=-2,
        **more,
    )
    return Tiny(
        made,
        processor(
            image_processor=images,
            tokenizer=words,
            patch_size=PATCH,
            vision_feature_select_strategy="default",
            num_additional_image_tokens=1,
            chat_template=template("<image>", written),
        ),
    )


def llava() -> Tiny:
    images = t.CLIPImageProcessorPil(size={"shortest_edge": SIZE}, crop_size=square())
    return _llava(t.LlavaConfig, t.LlavaProcessor, images, STRINGS)


def llava_next() -> Tiny:
    images = t.LlavaNextImageProcessorPil(
        size={"shortest_edge": SIZE}, crop_size=square(), image_grid_pinpoints=PIN
    )
    made = t.LlavaNextConfig, t.LlavaNextProcessor
    return _llava(*made, images, SYSTEM, image_grid_pinpoints=PIN)


def llava_onevision() -> Tiny:
    words = tokenizer()
    config = t.LlavaOnevisionConfig(
        text_config=text(words, model_type="qwen2"),
        vision_config=tower("siglip_vision_model", vision_use_head=False),
        image_token_id=number(words, "<image>"),
        video_token_id=number(words, "<video>"),
        image_grid_pinpoints=PIN,
    )
    images = t.LlavaOnevisionImageProcessorPil(size=square(), image_grid_pinpoints=PIN)
    processor = t.LlavaOnevisionProcessor(
        image_processor=images,
        tokenizer=words,
        video_processor=no_video_processor(),
        num_image_tokens=(SIZE // PATCH) ** 2,
        vision_feature_select_strategy="full",
        chat_template=template("<image>"),
    )
    return Tiny(config, processor)


def _idefics(config: Any, processor: Any, images: Any, **more: Any) -> Tiny:
    words = tokenizer()
    made = config(
        text_config=text(words, model_type="llama"),
        vision_config=tower(),
        image_token_id=number(words, "<image>"),
        scale_factor=2,
        pad_token_id=0,
    )
    edge = {"longest_edge": SIZE}
    pictures = images(do_image_splitting=False, size=edge, max_image_size=edge)
    return Tiny(
        made,
        processor(
            image_processor=pictures,
            tokenizer=words,
            image_seq_len=4,
            chat_template=template("<image>"),
            **more,
        ),
    )


def idefics3() -> Tiny:
    return _idefics(t.Idefics3Config, t.Idefics3Processor, t.Idefics3ImageProcessorPil)


def smolvlm() -> Tiny:
    video = no_video_processor()
    return _idefics(
        t.SmolVLMConfig, t.SmolVLMProcessor, t.SmolVLMImageProcessorPil, video_processor=video
    )


def internvl() -> Tiny:
    words = tokenizer(
        start_image_token="<img>",
        end_image_token="</img>",
        context_image_token="<IMG_CONTEXT>",
        video_token="<video>",
    )
    config = t.InternVLConfig(
        text_config=text(words, model_type="qwen2"),
        vision_config=tower(image_size=[SIZE, SIZE], patch_size=[PATCH, PATCH]),
        image_token_id=number(words, "<IMG_CONTEXT>"),
        image_seq_length=4,
    )
    processor = t.InternVLProcessor(
        image_processor=t.GotOcr2ImageProcessorPil(size=square(), crop_to_patches=False),
        tokenizer=words,
        video_processor=no_video_processor(),
        image_seq_length=4,
        chat_template=template("<IMG_CONTEXT>\n"),
    )
    return Tiny(config, processor)


def _qwen(config: Any, processor: Any, written: str, seen: dict[str, Any], **told: Any) -> Tiny:
    words = tokenizer()
    rope = {"rope_type": "default", "rope_theta": 1e4, "mrope_section": [2, 3, 3]}
    made = config(
        text_config=text(words, **({"rope_parameters": rope} | told)),
        vision_config={
            "depth": 2,
            "hidden_size": WIDTH,
            "intermediate_size": 48,
            "num_heads": 2,
            "out_hidden_size": WIDTH,
        }
        | seen,
        image_token_id=number(words, "<|image_pad|>"),
        video_token_id=number(words, "<|video_pad|>"),
        vision_start_token_id=number(words, "<|vision_start|>"),
        vision_end_token_id=number(words, "<|vision_end|>"),
    )
    most = 16 * seen["patch_size"] ** 2
    images = t.Qwen2VLImageProcessorPil(
        patch_size=seen["patch_size"],
        merge_size=2,
        temporal_patch_size=2,
        size={"shortest_edge": most, "longest_edge": most},
    )
    return Tiny(
        made,
        processor(
            image_processor=images,
            tokenizer=words,
            video_processor=no_video_processor(),
            chat_template=template("<|vision_start|><|image_pad|><|vision_end|>", written),
        ),
    )


def qwen2_5_vl() -> Tiny:
    seen = {"patch_size": PATCH, "fullatt_block_indexes": [1], "window_size": SIZE}
    return _qwen(t.Qwen2_5_VLConfig, t.Qwen2_5_VLProcessor, SYSTEM, seen)


def qwen3_vl() -> Tiny:
    seen = {"patch_size": 16, "num_position_embeddings": 16, "deepstack_visual_indexes": [0]}
    return _qwen(t.Qwen3VLConfig, t.Qwen3VLProcessor, THINKING, seen, head_dim=16)


def qwen3_5() -> Tiny:
    rope = {
        "rope_type": "default",
        "rope_theta": 1e4,
        "mrope_section": [2, 1, 1],
        "mrope_interleaved": True,
        "partial_rotary_factor": 0.5,
    }
    told = {
        "head_dim": 16,
        "linear_key_head_dim": 8,
        "linear_value_head_dim": 8,
        "linear_num_key_heads": 2,
        "linear_num_value_heads": 2,
        "layer_types": ["linear_attention", "full_attention"],
        "rope_parameters": rope,
    }
    seen = {"patch_size": 16, "num_position_embeddings": 16}
    return _qwen(t.Qwen3_5Config, t.Qwen3VLProcessor, THINKING, seen, **told)


GEMMA = {
    "image_token": "<image_soft_token>",
    "boi_token": "<start_of_image>",
    "eoi_token": "<end_of_image>",
}
LAYERS = ["sliding_attention", "full_attention"]


def gemma3() -> Tiny:
    words = tokenizer(**GEMMA)
    config = t.Gemma3Config(
        text_config=text(words, head_dim=16, sliding_window=12, layer_types=LAYERS),
        vision_config=tower("siglip_vision_model", vision_use_head=False),
        mm_tokens_per_image=4,
        boi_token_index=number(words, "<start_of_image>"),
        eoi_token_index=number(words, "<end_of_image>"),
        image_token_id=number(words, "<image_soft_token>"),
    )
    processor = t.Gemma3Processor(
        image_processor=t.Gemma3ImageProcessorPil(size=square()),
        tokenizer=words,
        chat_template=template("<start_of_image>", SYSTEM),
        image_seq_length=4,
    )
    return Tiny(config, processor)


def gemma4() -> Tiny:
    sound = {"audio_token": "<|audio|>", "boa_token": "<|boa|>", "eoa_token": "<|eoa|>"}
    words = tokenizer(**GEMMA, **sound)
    told = text(
        words,
        head_dim=16,
        global_head_dim=16,
        num_global_key_value_heads=1,
        sliding_window=12,
        layer_types=LAYERS,
        vocab_size_per_layer_input=len(words),
        hidden_size_per_layer_input=8,
    )
    seen = {
        "hidden_size": WIDTH,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
        "head_dim": 16,
        "patch_size": PATCH,
        "pooling_kernel_size": 2,
        "position_embedding_size": 64,
    }
    config = t.Gemma4Config(
        text_config=told,
        vision_config=seen,
        audio_config=None,
        boi_token_id=number(words, "<start_of_image>"),
        eoi_token_id=number(words, "<end_of_image>"),
        image_token_id=number(words, "<image_soft_token>"),
        video_token_id=number(words, "<|video|>"),
        boa_token_id=None,
        audio_token_id=None,
    )
    images = t.Gemma4ImageProcessorPil(patch_size=PATCH, pooling_kernel_size=2, max_soft_tokens=70)
    processor = t.Gemma4Processor(
        feature_extractor=t.Gemma4AudioFeatureExtractor(),
        video_processor=no_video_processor(),
        image_processor=images,
        tokenizer=words,
        chat_template=template("<image_soft_token>"),
    )
    return Tiny(config, processor)


def paligemma() -> Tiny:
    """A base model: no chat template."""
    words = tokenizer()
    config = t.PaliGemmaConfig(
        text_config=text(words, model_type="gemma", head_dim=16, vocab_size=len(words) + 1200),
        vision_config=tower("siglip_vision_model", vision_use_head=False, num_image_tokens=16),
        image_token_id=number(words, "<image>"),
        projection_dim=WIDTH,
        hidden_size=WIDTH,
    )
    images = t.SiglipImageProcessorPil(size=square())
    images.image_seq_length = 16
    return Tiny(config, t.PaliGemmaProcessor(image_processor=images, tokenizer=words))


FAMILIES: dict[str, Callable[[], Tiny]] = {
    one.__name__: one
    for one in (
        llava,
        llava_next,
        llava_onevision,
        idefics3,
        smolvlm,
        internvl,
        qwen2_5_vl,
        qwen3_vl,
        qwen3_5,
        gemma3,
        gemma4,
        paligemma,
    )
}


def save(name: str, folder: Path) -> Path:
    """Make a model of a family, and save it."""
    with without_video():
        config, processor = FAMILIES[name]()
        torch.manual_seed(0)
        model = t.AutoModelForImageTextToText.from_config(config).eval()
        words, rows = len(processor.tokenizer), model.get_input_embeddings().weight.shape[0]
        if words > rows:
            model.resize_token_embeddings(words)
        for weight in model.parameters():
            if weight.dim() > 1 and not weight.any():
                weight.data.normal_(std=0.05)  # families start some layers at nothing
        # small random weights say nearly the same of everything
        output = model.get_output_embeddings().weight
        output.data.mul_(20)
        output.data[processor.tokenizer.convert_tokens_to_ids(MARKS)] = 0  # never answered with
        model.save_pretrained(folder)
        processor.save_pretrained(folder)
    return folder
