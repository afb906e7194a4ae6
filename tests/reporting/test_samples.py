"""Pictures on the page, which rows of anyone may have named."""

import pytest
from PIL import Image

from xmm_cli.reporting.page.samples import _data_uri


@pytest.mark.parametrize(("name", "shown"), [("a.png", True), ("a.ppm", False)])
def test_only_the_usual_formats_are_opened(tmp_path, name, shown):
    Image.new("RGB", (3, 3)).save(tmp_path / name)
    assert bool(_data_uri(tmp_path / name)) == shown


def test_what_is_no_file_is_left_out(tmp_path):
    assert _data_uri(tmp_path) is None
    assert _data_uri(tmp_path / "nowhere.png") is None
