"""Attacks: ways to get out of a model what it forgot. One file and one line here for each."""

from xmm_cli.registry import Registry

ATTACKS = Registry("attack", {}, "xmm.attacks")
