"""Without torchvision a stand-in takes the place of a processor's video part; with it, nothing."""

import pytest
from transformers.models.auto.video_processing_auto import AutoVideoProcessor
from transformers.processing_utils import ProcessorMixin

from xmm_cli.models import no_video
from xmm_cli.models.no_video import torchvision_is_missing, without_video

missing = pytest.mark.skipif(not torchvision_is_missing(), reason="torchvision is installed")


def parts():
    return (
        AutoVideoProcessor.__dict__["from_pretrained"],
        ProcessorMixin.check_argument_for_proper_class,
    )


def test_everything_is_put_back_even_after_an_error(monkeypatch):
    monkeypatch.setattr(no_video, "torchvision_is_missing", lambda: True)
    before = parts()
    with without_video():
        assert parts() != before
        assert type(AutoVideoProcessor.from_pretrained("anything")).__name__ == "NoVideo"
    assert parts() == before
    with pytest.raises(KeyError), without_video():
        raise KeyError
    assert parts() == before


def test_with_torchvision_nothing_is_touched(monkeypatch):
    monkeypatch.setattr(no_video, "torchvision_is_missing", lambda: False)
    before = parts()
    with without_video():
        assert parts() == before


@missing
def test_transformers_still_needs_it():
    """When this fails, transformers makes such processors itself, and the module can go."""
    from tests.families.tiny import qwen2_5_vl

    with pytest.raises((ImportError, AttributeError, TypeError, ValueError)):
        qwen2_5_vl()
    with without_video():
        assert qwen2_5_vl().processor.video_processor is not None
