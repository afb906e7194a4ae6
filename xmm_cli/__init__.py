"""xmm measures cross-modality memorization in vision-language models."""

__version__ = "0.1.0"
