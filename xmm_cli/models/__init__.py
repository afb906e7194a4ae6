"""Vision-language models: loading, prompts, frozen features, adapters."""
