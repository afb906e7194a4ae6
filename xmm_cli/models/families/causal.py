"""Families whose language model is a plain causal one: LLaVA and its kin, Idefics3, InternVL."""

from xmm_cli.models.families.family import Family

FAMILY = Family(tree=True)
