"""Pictures and texts begin and end a prompt alike, whatever the tokenizer adds by itself."""

import pytest
from PIL import Image
from tokenizers.processors import TemplateProcessing

from tests.families.test_families import EACH, QUESTION
from tests.families.tiny import MARKS, save
from xmm_cli.models.conversation import Context, Conversations
from xmm_cli.models.loading import load_base

ADDS = {"nothing": "$A", "begin": "{bos} $A", "end": "$A {eos}", "both": "{bos} $A {eos}"}
TURNS = {"<|user|>", "<|assistant|>", "<end_of_utterance>"}


@pytest.fixture(scope="module", params=EACH)
def base(request, tmp_path_factory):
    return load_base(
        str(save(request.param, tmp_path_factory.mktemp("family") / request.param)), "cpu"
    )


@pytest.fixture
def picture(tmp_path):
    Image.radial_gradient("L").convert("RGB").save(tmp_path / "0.png")
    return tmp_path / "0.png"


def adding(base, what: str) -> Conversations:
    """Conversations with a tokenizer that adds this to every text."""
    words = base.tokenizer
    words.backend_tokenizer.post_processor = TemplateProcessing(
        single=ADDS[what].format(bos=words.bos_token, eos=words.eos_token),
        special_tokens=[
            (words.bos_token, words.bos_token_id),
            (words.eos_token, words.eos_token_id),
        ],
    )
    return Conversations(base)


@pytest.mark.parametrize("what", ADDS)
def test_both_paths_have_the_same_special_tokens(base, picture, what):
    conversations, words = adding(base, what), base.tokenizer
    both = [
        conversations.encode(context, QUESTION, "Ann Lee")
        for context in (Context(text="A person."), Context(image=picture))
    ]
    prompts = [one.ids[: one.answer_start] for one in both]
    marks = {words.convert_tokens_to_ids(mark) for mark in set(MARKS) - TURNS}
    special = set(words.all_special_ids) - marks
    told, shown = ([token for token in ids if token in special] for ids in prompts)
    assert told == shown
    written = words.decode(conversations._first.of_text("").ids)
    begun = what in ("begin", "both") or words.bos_token in written + words.decode(prompts[0])
    assert told.count(words.bos_token_id) == int(begun)
    assert words.eos_token_id not in told
    assert prompts[0][-3:] == prompts[1][-3:]
    answers = [one.ids[one.answer_start :] for one in both]
    assert answers[0] == answers[1] == conversations.answer_ids("Ann Lee")
    assert answers[0].count(words.bos_token_id) == 0


@pytest.mark.parametrize("what", ADDS)
def test_what_is_begun_is_what_is_gone_on_with(base, picture, what):
    """The first prompt of a conversation of two turns is that of one turn."""
    conversations = adding(base, what)
    for context in (Context(text="A person."), Context(image=picture)):
        first = conversations.encode(context, "What is this?").ids
        second = conversations.encode(context, QUESTION, earlier=[("What is this?", "a person")])
        assert second.ids[: len(first)] == first
        assert second.ids.count(base.tokenizer.bos_token_id) <= 1
