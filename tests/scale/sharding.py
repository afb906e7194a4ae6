"""xmm in processes whose weights FSDP2 splits, on CPUs: `LOSE_AT SAVE_EVERY ARGUMENT…`.

accelerate takes GPUs alone for FSDP and runs CPUs under DDP. Told that these are what it asks for,
it does the same over gloo: nothing else of it is changed. All processes end without a word at the
step LOSE_AT, if it is not 0; a state is left every SAVE_EVERY steps.
"""

import os
import sys
from typing import Any

from accelerate.state import AcceleratorState
from accelerate.utils import DistributedType
from torch.distributed.tensor import DTensor

from xmm_cli import app
from xmm_cli.training.run import loop

LOST = 9
_begin, _step = AcceleratorState.__init__, loop.AnswerTrainer.training_step


def _as_on_gpus(self: Any, *given: Any, fsdp_plugin: Any = None, **named: Any) -> None:
    _begin(self, *given, fsdp_plugin=fsdp_plugin, **named)
    if fsdp_plugin is not None:
        self.distributed_type, self.fsdp_plugin = DistributedType.FSDP, fsdp_plugin


def _watched(self: Any, model: Any, *given: Any, **named: Any) -> Any:
    assert all(isinstance(one, DTensor) for one in model.parameters())
    assert not self.accelerator.state.fsdp_plugin.cpu_ram_efficient_loading
    if self.state.global_step == lose_at:
        os._exit(LOST)
    return _step(self, model, *given, **named)


if __name__ == "__main__":
    lose_at = int(sys.argv[1]) or None
    loop._SAVE_EVERY = int(sys.argv[2])
    AcceleratorState.__init__ = _as_on_gpus
    loop.AnswerTrainer.training_step = _watched
    sys.exit(app.main(sys.argv[3:]))
