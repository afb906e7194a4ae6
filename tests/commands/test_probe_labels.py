"""`probe --label`: what was written is what comes back."""

from hypothesis import example, given
from hypothesis import strategies as st

from xmm_cli.commands.shared.asked import label
from xmm_cli.rows.types import Probe
from xmm_cli.rows.values import LARGEST
from xmm_cli.rows.writer import encode


def printed(value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


NUMBERLIKE = st.from_regex(
    r"[+-]?[0-9_]{1,24}(\.[0-9]{0,4})?([eE][+-]?[0-9]{1,3})?", fullmatch=True
)


@given(st.text() | NUMBERLIKE | st.integers().map(str) | st.floats().map(repr))
@example("007")
@example("2024_01_02")
@example("1e5")
@example("0.30")
@example("-0")
@example("٣")
@example("1" * 5000)
@example(str(LARGEST + 1))
@example("infinity")
def test_a_label_prints_as_it_was_written(text):
    key, value = label(f"key={text}")
    assert key == "key"
    assert printed(value) == text
    row = Probe(checkpoint=None, base="b", source=None, modality="text", task="name", persona="p",
                role="eval", view=0, split="train", question="q", expected="e",
                condition={key: value})  # fmt: skip
    if text.isprintable():
        assert encode(row)


@given(st.integers(-LARGEST, LARGEST) | st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_that_is_written_plainly_is_one(number):
    assert label(f"key={number}") == ("key", number)
    assert type(label(f"key={number}")[1]) is type(number)


@given(st.booleans())
def test_true_and_false_are_booleans(value):
    assert label(f"key={printed(value)}") == ("key", value)
