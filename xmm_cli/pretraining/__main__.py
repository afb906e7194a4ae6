"""Makes a shipped base: `python -m xmm_cli.pretraining --name NAME --out DIR`."""

import sys

from xmm_cli.pretraining.pretrain import main

if __name__ == "__main__":  # processes that draw pictures import this file too
    sys.exit(main())
