"""Calling `xmm` in this process, as the contract tests do."""

from tests.contract.conftest import xmm

__all__ = ["xmm"]
