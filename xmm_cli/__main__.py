"""`python -m xmm_cli` is `xmm`."""

import sys

from xmm_cli.app import main

if __name__ == "__main__":
    sys.exit(main())
