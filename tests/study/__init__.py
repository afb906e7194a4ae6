"""Tests of `xmm_cli.study` that need rows of their own."""
