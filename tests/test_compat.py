"""What xmm leans on in transformers, peft, accelerate and torch still does what `compat` says.

A newer library that breaks a touchpoint fails the case of that name, and no other has to be read.
"""

import re
from importlib.metadata import version
from inspect import signature
from pathlib import Path

import pytest
import torch
from accelerate import FullyShardedDataParallelPlugin
from peft import LoraConfig, get_peft_model
from torch.utils.data import DataLoader
from transformers import DynamicCache, Trainer, TrainerCallback, TrainingArguments
from transformers.utils import is_torchvision_available

import xmm_cli
from xmm_cli import compat

CHECKS = {}
SOURCES = Path(xmm_cli.__file__).parent
FOREIGN = re.compile(
    r"_get_train_sampler|_n_gpu|ExportableState|_no_split_modules|CONFIG_MAPPING"
    r"|_keys_to_ignore|lazy_initialization|merged_adapters|lora_variant"
    r"|peft\.tuners|accelerate\.(utils|data_loader)|DynamicLayer"
)


def check(function):
    """Of the touchpoint whose name it has."""
    CHECKS[function.__name__.removeprefix("check_")] = function
    return function


def linear():
    return torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2))


def adapted(**options):
    torch.manual_seed(0)
    model = get_peft_model(linear(), LoraConfig(r=2, target_modules=["0", "2"], **options))
    for name, weight in model.named_parameters():
        if "lora_B" in name:
            weight.data.normal_()
    return model


class Numbers(torch.nn.Module):
    """A model for a Trainer: it keeps the examples that it was given."""

    def __init__(self):
        super().__init__()
        self.inner, self.seen = torch.nn.Linear(1, 1), []

    def forward(self, x):
        self.seen += x.flatten().tolist()
        return {"loss": self.inner(x).square().mean()}


def trainer(folder, model=None, callbacks=(), **options):
    settings = {"per_device_train_batch_size": 2, "max_steps": 4, "use_cpu": True} | options
    arguments = TrainingArguments(
        str(folder), report_to="none", disable_tqdm=True, remove_unused_columns=False, **settings
    )
    rows = [{"x": torch.tensor([float(number)])} for number in range(8)]
    return Trainer(model or Numbers(), arguments, train_dataset=rows, callbacks=list(callbacks))


@check
def check_train_sampler(tmp_path):
    order = list(compat.train_sampler(trainer(tmp_path)))
    assert sorted(order) == list(range(8)) != order


@check
def check_take_in_order(tmp_path):
    run = trainer(tmp_path)
    compat.take_in_order(run)
    run.train()
    assert run.model.seen == list(range(8))


@check
def check_use_one_gpu(tmp_path):
    arguments = trainer(tmp_path).args
    arguments._n_gpu = 4
    assert arguments.n_gpu == 4
    compat.use_one_gpu(arguments)
    assert arguments.n_gpu == 1


@check
def check_saved_with_trainer(tmp_path):
    @compat.saved_with_trainer
    class Remembers(TrainerCallback):
        """Counts steps."""

        steps = 0
        restored = None

        def state(self):
            return {"args": {}, "attributes": {"steps": self.steps}}

        def on_train_begin(self, args, state, control, **_):
            self.restored = state.stateful_callbacks.get("Remembers")

        def on_step_end(self, args, state, control, **_):
            self.steps += 1

    trainer(tmp_path, callbacks=[Remembers()], save_steps=2).train()
    later = Remembers()
    again = trainer(tmp_path, callbacks=[later])
    again.train(resume_from_checkpoint=str(tmp_path / "checkpoint-2"))
    assert later.restored == {"args": {}, "attributes": {"steps": 2}}


@check
def check_ignore_no_missing_weights(tmp_path):
    class Without(Numbers):
        """Leaves out a weight when it is saved, as an output layer that is the embedding."""

        def state_dict(self, *given, **options):
            found = super().state_dict(*given, **options)
            found.pop("inner.bias", None)
            return found

    trainer(tmp_path, Without(), save_steps=2).train()
    resumed = Without()
    compat.ignore_no_missing_weights(resumed)
    last = str(tmp_path / "checkpoint-2")
    trainer(tmp_path, resumed).train(resume_from_checkpoint=last)
    with pytest.raises(AttributeError):  # else nothing of transformers has to be told
        trainer(tmp_path, Without()).train(resume_from_checkpoint=last)


@check
def check_unit_layers(base):
    assert "LlamaDecoderLayer" in compat.unit_layers(base.model)


@check
def check_is_native():
    assert compat.is_native("llava")
    assert not compat.is_native("of_its_own")
    assert not compat.is_native(None)


@check
def check_decoder_layers(base):
    decoder = base.model.get_decoder()
    assert len(compat.decoder_layers(decoder)) == decoder.config.num_hidden_layers


@check
def check_rows_of_cache():
    cache = DynamicCache()
    keys = torch.arange(3.0)[:, None, None, None].expand(3, 1, 2, 1)
    cache.update(keys, -keys, 0)
    chosen = compat.rows_of_cache(cache, torch.tensor([2, 0]))
    found, values = chosen.update(torch.full((2, 1, 1, 1), 9.0), torch.zeros(2, 1, 1, 1), 0)
    assert found[:, 0, :, 0].tolist() == [[2, 2, 9], [0, 0, 9]]
    assert values[:, 0, :, 0].tolist() == [[-2, -2, 0], [0, 0, 0]]
    assert cache.layers[0].keys.shape == keys.shape
    assert chosen.get_seq_length() == 2


@check
def check_no_video_processor():
    from tests.families.tiny import qwen2_5_vl

    with compat.without_video():
        assert type(qwen2_5_vl().processor.video_processor).__name__ == "NoVideo"
    if is_torchvision_available():
        return
    with pytest.raises((ImportError, AttributeError, TypeError, ValueError)):
        qwen2_5_vl()  # else transformers makes such processors itself, and no stand-in is needed


@check
def check_without_video(monkeypatch):
    from transformers.models.auto.video_processing_auto import AutoVideoProcessor
    from transformers.processing_utils import ProcessorMixin

    def parts():
        checks = ProcessorMixin.check_argument_for_proper_class
        return AutoVideoProcessor.__dict__["from_pretrained"], checks

    before, there = parts(), "transformers.utils.is_torchvision_available"
    monkeypatch.setattr(there, lambda: False)
    with compat.without_video():
        assert parts() != before
        assert type(AutoVideoProcessor.from_pretrained("anything")).__name__ == "NoVideo"
    assert parts() == before
    with pytest.raises(KeyError), compat.without_video():
        raise KeyError
    assert parts() == before
    monkeypatch.setattr(there, lambda: True)
    with compat.without_video():
        assert parts() == before


@check
def check_adapted_layers():
    model = adapted()
    assert compat.adapted_layers(model) == [model.base_model.model[0], model.base_model.model[2]]


@check
def check_forget_merging():
    model = adapted()
    layer = model.base_model.model[0]
    model.merge_adapter()
    assert layer.merged
    compat.forget_merging(layer)
    assert not layer.merged


@check
def check_other_lora_forward():
    model, x = adapted(), torch.ones(1, 3)
    plain = model(x)
    with compat.other_lora_forward(model, lambda own, layer: lambda given: own(given) + 1.0):
        assert not torch.equal(model(x), plain)
    assert torch.equal(model(x), plain)


@check
def check_is_plain_lora():
    plain, dora = (adapted(use_dora=dora).base_model.model[0] for dora in (False, True))
    assert compat.is_plain_lora(plain, "default")
    assert not compat.is_plain_lora(plain, None)
    assert not compat.is_plain_lora(dora, "default")
    plain.enable_adapters(False)
    assert not compat.is_plain_lora(plain, "default")


@check
def check_in_single_order():
    loader = compat.in_single_order(DataLoader(list(range(6)), batch_size=4))
    assert [batch.tolist() for batch in loader] == [[0, 1, 2, 3], [4, 5]]


@check
def check_save_split_and_trained():
    plugin = FullyShardedDataParallelPlugin(fsdp_version=2, state_dict_type="SHARDED_STATE_DICT")
    compat.save_split_and_trained(plugin)
    assert plugin.state_dict_type.name == "SHARDED_STATE_DICT"
    assert type(plugin.state_dict_config).__name__ == "ShardedStateDictConfig"


@check
def check_free_device_memory():
    compat.free_device_memory()


@pytest.mark.parametrize("name", compat.TOUCHPOINTS)
def test_a_touchpoint_does_what_it_says(name, request):
    library, tried = compat.TOUCHPOINTS[name]
    fixtures = {name: request.getfixturevalue(name) for name in signature(CHECKS[name]).parameters}
    try:
        CHECKS[name](**fixtures)
    except Exception as error:
        pytest.fail(
            f"compat.{name} is broken by {library} {version(library)} (tried: {', '.join(tried)}): "
            f"{type(error).__name__}: {error}"
        )


def test_each_touchpoint_has_a_check_and_is_used():
    assert CHECKS.keys() == compat.TOUCHPOINTS.keys()
    used = "".join(
        file.read_text("utf-8") for file in SOURCES.rglob("*.py") if file.name != "compat.py"
    )
    unused = {name for name in compat.TOUCHPOINTS if name not in used} - {"no_video_processor"}
    assert not unused


def test_no_other_file_names_private_parts():
    named = {
        str(file.relative_to(SOURCES)): FOREIGN.findall(file.read_text("utf-8"))
        for file in SOURCES.rglob("*.py")
        if file.name != "compat.py"
    }
    assert {file: found for file, found in named.items() if found} == {}
