"""Processors of families that also know videos, where torchvision is missing.

transformers makes their video part with torchvision alone, and their processor not without it. xmm
shows no videos: while a processor is loaded, a stand-in takes the place of that part. This leans on
two names that transformers does not promise to keep, `AutoVideoProcessor.from_pretrained` and
`ProcessorMixin.check_argument_for_proper_class`; where torchvision is there, nothing is touched.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


def torchvision_is_missing() -> bool:
    """Whether transformers finds no torchvision."""
    from transformers.utils import is_torchvision_available

    return not is_torchvision_available()


def stand_in() -> Any:
    """What takes the place of a video processor; it processes nothing."""
    from transformers.video_processing_utils import VideoProcessorMixin

    class NoVideo(VideoProcessorMixin):
        """Numbers that processors read of their video part when they are made."""

        merge_size = temporal_patch_size = patch_size = 2
        num_frames = fps = max_soft_tokens = pooling_kernel_size = 1
        model_input_names: tuple[str, ...] = ()

    return NoVideo()


@contextmanager
def without_video() -> Iterator[None]:
    """Inside the block processors can be loaded, and made, without torchvision."""
    if not torchvision_is_missing():
        yield
        return
    from transformers.models.auto.video_processing_auto import AutoVideoProcessor
    from transformers.processing_utils import ProcessorMixin
    from transformers.video_processing_utils import VideoProcessorMixin

    checks = ProcessorMixin.check_argument_for_proper_class

    def check(self: Any, name: str, argument: Any) -> Any:
        if isinstance(argument, VideoProcessorMixin):
            return type(argument)
        return checks(self, name, argument)

    ProcessorMixin.check_argument_for_proper_class = check
    loads = AutoVideoProcessor.__dict__["from_pretrained"]
    AutoVideoProcessor.from_pretrained = classmethod(lambda *_, **__: stand_in())
    try:
        yield
    finally:
        ProcessorMixin.check_argument_for_proper_class = checks
        AutoVideoProcessor.from_pretrained = loads
