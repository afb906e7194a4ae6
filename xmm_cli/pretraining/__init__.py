"""The model that ships, and how it was made: `python -m xmm_cli.pretraining.pretrain`."""
