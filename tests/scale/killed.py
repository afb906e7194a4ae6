"""`xmm` that saves its state every two steps, so that a short run can be killed between two."""

import sys

from xmm_cli import app
from xmm_cli.training.run import loop

if __name__ == "__main__":
    loop._LOG_EVERY = loop._SAVE_EVERY = 2
    sys.exit(app.main())
