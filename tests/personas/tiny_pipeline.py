"""A text-to-image pipeline of random weights: it draws noise, in a tenth of a second."""

import json
from pathlib import Path
from typing import Any

import torch


def tiny_pipeline() -> Any:
    """A Stable Diffusion pipeline of some 140 thousand parameters for pictures of 32 pixels."""
    from diffusers import (
        AutoencoderKL,
        DDIMScheduler,
        StableDiffusionPipeline,
        UNet2DConditionModel,
    )
    from transformers import CLIPTextConfig, CLIPTextModel

    torch.manual_seed(0)
    unet = UNet2DConditionModel(
        sample_size=16, in_channels=4, out_channels=4, layers_per_block=1, norm_num_groups=4,
        block_out_channels=(8, 16), cross_attention_dim=16, attention_head_dim=4,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
    )  # fmt: skip
    vae = AutoencoderKL(
        block_out_channels=(8, 16), norm_num_groups=4, latent_channels=4, sample_size=32,
        down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2,
    )  # fmt: skip
    text = CLIPTextConfig(
        vocab_size=300, hidden_size=16, intermediate_size=16, num_hidden_layers=1,
        num_attention_heads=2, max_position_embeddings=77, bos_token_id=0, eos_token_id=1,
    )  # fmt: skip
    return StableDiffusionPipeline(
        vae=vae, text_encoder=CLIPTextModel(text), tokenizer=_tokenizer(), unet=unet,
        scheduler=DDIMScheduler(steps_offset=1, clip_sample=False), safety_checker=None,
        feature_extractor=None, requires_safety_checker=False,
    )  # fmt: skip


def _tokenizer() -> Any:
    """Letters as tokens."""
    from transformers import CLIPTokenizer

    letters = [chr(code) for code in range(33, 127)]
    tokens = ["<|startoftext|>", "<|endoftext|>", *letters, *(f"{one}</w>" for one in letters)]
    return CLIPTokenizer(
        vocab={token: number for number, token in enumerate(tokens)}, merges=[],
        model_max_length=77,
    )  # fmt: skip


def tiny_editor() -> Any:
    """A FLUX.2 klein of random weights, which also edits a reference picture."""
    from diffusers import (
        AutoencoderKLFlux2,
        FlowMatchEulerDiscreteScheduler,
        Flux2KleinPipeline,
        Flux2Transformer2DModel,
    )
    from transformers import Qwen3Config, Qwen3ForCausalLM

    torch.manual_seed(0)
    transformer = Flux2Transformer2DModel(
        in_channels=16, num_layers=1, num_single_layers=1, attention_head_dim=16,
        num_attention_heads=1, joint_attention_dim=24, timestep_guidance_channels=16,
        axes_dims_rope=(4, 4, 4, 4), guidance_embeds=False,
    )  # fmt: skip
    vae = AutoencoderKLFlux2(
        block_out_channels=(4, 8), norm_num_groups=1, latent_channels=4, layers_per_block=1,
        down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2,
    )  # fmt: skip
    text = Qwen3Config(
        vocab_size=300, hidden_size=8, intermediate_size=8, num_hidden_layers=27, head_dim=4,
        num_attention_heads=2, num_key_value_heads=1, max_position_embeddings=512,
    )  # fmt: skip
    tokenizer = _tokenizer()
    tokenizer.chat_template = "{{ messages[0]['content'] }}"
    return Flux2KleinPipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(), vae=vae, transformer=transformer,
        text_encoder=Qwen3ForCausalLM(text), tokenizer=tokenizer, is_distilled=True,
    )  # fmt: skip


def save_ip_adapter(folder: Path) -> str:
    """An IP-Adapter of random weights for that pipeline, as it is published; gives its name."""
    from safetensors.torch import save_file
    from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

    torch.manual_seed(1)
    vision = CLIPVisionConfig(
        hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2,
        image_size=32, patch_size=8, projection_dim=16,
    )  # fmt: skip
    CLIPVisionModelWithProjection(vision).save_pretrained(folder / "models" / "image_encoder")
    weights = {
        "image_proj.proj.weight": torch.randn(4 * 16, 16),
        "image_proj.proj.bias": torch.randn(4 * 16),
        "image_proj.norm.weight": torch.ones(16),
        "image_proj.norm.bias": torch.zeros(16),
    }
    attending = [
        name for name in tiny_pipeline().unet.attn_processors if name.endswith("attn2.processor")
    ]
    for number in range(len(attending)):
        for part in ("k", "v"):
            name = f"ip_adapter.{2 * number + 1}.to_{part}_ip.weight"
            weights[name] = torch.randn(16, 16)
    save_file(weights, folder / "models" / "tiny.safetensors")
    return f"{folder}:models/tiny.safetensors"


def save(folder: Path, pipeline: Any = None) -> Path:
    """The pipeline in a folder, in safetensors."""
    (pipeline or tiny_pipeline()).save_pretrained(folder, safe_serialization=True)
    assert json.loads((folder / "model_index.json").read_text())["_class_name"]
    return folder
