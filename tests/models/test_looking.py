"""Pictures looked at together: the same bits as alone, or else they are looked at alone."""

import torch

from tests.conftest import new_base
from xmm_cli.models.conversation import Context, Conversations
from xmm_cli.models.vision.batched import AT_ONCE, Looker
from xmm_cli.models.vision.features import Features

QUESTION = "Who is this person?"


def given(count, size=4):
    generator = torch.Generator().manual_seed(0)
    return [
        {"pixel_values": torch.randn(1, 3, size, size, generator=generator)} for _ in range(count)
    ]


class Tower:
    """Sums rows of pixels, and notes how many pictures it was given at once."""

    def __init__(self, rounding=0.0):
        self.rounding, self.sizes = rounding, []

    def __call__(self, one):
        pixels = one["pixel_values"]
        self.sizes.append(len(pixels))
        return Features(pixels.sum(-1).flatten(1)[..., None] + self.rounding * (len(pixels) > 1))


def features(looked):
    return [one.tokens for one in looked]


def test_the_edges_of_the_first_batch_are_computed_both_ways_and_later_ones_once():
    tower = Tower()
    pictures = given(3 * AT_ONCE + 2)
    found = features(Looker(tower)(pictures))
    assert tower.sizes == [AT_ONCE, 1, 1, AT_ONCE, AT_ONCE, 1, 1]
    alone = [Tower()(one).tokens for one in pictures]
    assert all(map(torch.equal, found, alone))


def test_a_tower_that_rounds_otherwise_in_batches_sees_one_at_a_time():
    tower = Tower(rounding=1e-6)
    pictures = given(2 * AT_ONCE)
    found = features(Looker(tower)(pictures))
    assert tower.sizes == [AT_ONCE, 1, 1, *[1] * (2 * AT_ONCE)]
    assert all(map(torch.equal, found, [Tower()(one).tokens for one in pictures]))


def test_a_tower_that_rounds_otherwise_at_the_end_of_a_batch_sees_one_at_a_time():
    class Blocked(Tower):
        def __call__(self, one):
            found = super().__call__(one)
            if len(one["pixel_values"]) > 1:
                found.pooled[-1] += 1e-6
            return found

    tower = Blocked()
    pictures = given(2 * AT_ONCE)
    found = features(Looker(tower)(pictures))
    assert tower.sizes[-2 * AT_ONCE :] == [1] * (2 * AT_ONCE)
    assert all(map(torch.equal, found, [Tower()(one).tokens for one in pictures]))


def test_a_batch_that_does_not_fit_goes_alone():
    class Small(Tower):
        def __call__(self, one):
            found = super().__call__(one)
            if len(one["pixel_values"]) > 1:
                raise RuntimeError("CUDA out of memory")
            return found

    tower = Small()
    pictures = given(2 * AT_ONCE)
    found = features(Looker(tower)(pictures))
    assert tower.sizes == [AT_ONCE, *[1] * (2 * AT_ONCE)]
    assert all(map(torch.equal, found, [Tower()(one).tokens for one in pictures]))


def test_each_shape_is_tried_by_itself_and_mixed_ones_go_alone():
    tower = Tower()
    look = Looker(tower)
    look([*given(AT_ONCE), *given(AT_ONCE, size=6)])
    assert tower.sizes.count(AT_ONCE) == 2
    tower.sizes.clear()
    look([*given(1, size=6), *given(AT_ONCE)])
    assert tower.sizes == [1, AT_ONCE]


def test_what_is_more_than_pixels_goes_alone():
    tower = Tower()
    more = [one | {"image_sizes": torch.tensor([[4, 4]])} for one in given(AT_ONCE)]
    Looker(tower)(more)
    assert tower.sizes == [1] * AT_ONCE


def test_the_shipped_base_sees_the_same_in_batches(people):
    base = new_base()
    contexts = [
        Context(image=folder / view.path) for persona, folder in people for view in persona.images
    ]
    assert len(contexts) > AT_ONCE
    together, alone = Conversations(base), Conversations(base)
    together.look_at((context, QUESTION) for context in contexts)
    for context in contexts:
        assert together.vision.knows(context.image)
        one, other = together.encode(context, QUESTION), alone.encode(context, QUESTION)
        assert one.ids == other.ids
        assert torch.equal(one.features.tokens, other.features.tokens)
