"""Hypothesis strategies for rows of every kind."""

from hypothesis import strategies as st
from msgspec import Struct

from xmm_cli.rows import types

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
naturals = st.integers(0, 2**63 - 1)
positives = st.integers(1, 2**40)
floats = st.floats(allow_nan=False, allow_infinity=False)
labels = texts | st.integers(-(2**63), 2**63) | floats | st.booleans()
conditions = st.dictionaries(texts, labels, max_size=2)
arguments = st.dictionaries(texts, labels | st.none() | st.lists(texts, max_size=2), max_size=2)
words = st.dictionaries(texts, texts, max_size=2)
sources = st.sampled_from(["image", "text", "both"])
modalities = st.sampled_from(["image", "text"])
splits = st.sampled_from(["train", "heldout"])
tasks = st.sampled_from(["name", "fact", "attribute", "reverse"])
roles = st.sampled_from(["eval", "aux"])
sets = st.sampled_from(["forget", "retain", "relearned", None])


def optional(strategy):
    return st.none() | strategy


images = st.builds(types.ImageView, path=names, view=naturals, split=splits)
descriptions = st.builds(types.TextView, text=names, view=naturals, split=splits)
runs_of = {"run": optional(texts)}

personas = st.builds(
    types.Persona,
    **runs_of,
    id=names,
    name=names,
    role=roles,
    attributes=words,
    facts=words,
    images=st.lists(images, max_size=2).map(tuple),
    texts=st.lists(descriptions, max_size=2).map(tuple),
)
checkpoints = st.builds(
    types.Checkpoint,
    **runs_of,
    path=names,
    base=names,
    revision=optional(texts),
    source=sources,
    personas=names,
    objective=texts,
    parent=optional(texts),
    forget=st.lists(texts, max_size=2).map(tuple),
    views=naturals,
    steps=naturals,
    loss=optional(floats),
    seed=st.integers(),
    arguments=arguments,
)
probes = st.builds(
    types.Probe,
    **runs_of,
    checkpoint=optional(texts),
    base=names,
    source=optional(sources),
    modality=modalities,
    task=tasks,
    hops=positives,
    persona=names,
    role=roles,
    set=sets,
    view=naturals,
    split=splits,
    question=texts,
    expected=texts,
    answer=optional(texts),
    correct=optional(st.booleans()),
    rank=optional(positives),
    candidates=optional(positives),
    logprob=optional(floats),
    condition=conditions,
)
traces = st.builds(
    types.Trace,
    **runs_of,
    checkpoint=optional(texts),
    base=names,
    source=optional(sources),
    measure=st.sampled_from(["retrieval", "alignment", "decodable"]),
    layer=naturals,
    layers=positives,
    modality=optional(modalities),
    persona=optional(texts),
    set=sets,
    value=floats,
    chance=optional(floats),
    n=positives,
    condition=conditions,
)
scores = st.builds(
    types.Score,
    **runs_of,
    metric=names,
    answer=st.sampled_from(["generate", "rank"]),
    source=optional(sources),
    modality=optional(modalities),
    task=tasks,
    set=sets,
    split=optional(splits),
    value=optional(floats),
    low=optional(floats),
    high=optional(floats),
    level=st.floats(0.01, 0.99),
    n=naturals,
    personas=naturals,
    method=texts,
    condition=conditions,
)
runs = st.builds(
    types.Run,
    **runs_of,
    id=names,
    command=names,
    arguments=arguments,
    seed=optional(st.integers()),
    versions=words,
    parents=st.lists(texts, max_size=2).map(tuple),
    started=texts,
    elapsed_s=floats,
)
rows: st.SearchStrategy[Struct] = personas | checkpoints | probes | traces | scores | runs
