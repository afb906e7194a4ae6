"""What makes one drawn data set and no other: its `request.json`."""

import msgspec

from xmm_cli import __version__
from xmm_cli.personas.plan import Plan
from xmm_cli.personas.rendering.diffusion import Diffusion


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What makes one data set and no other."""

    people: int = 50
    aux: int = 0
    views: int = 16
    heldout: int = 8
    size: int = 96
    renderer: str = "avatar"
    seed: int = 0
    version: str = __version__
    diffusion: Diffusion | msgspec.UnsetType = msgspec.UNSET
    """The options of a renderer with a model; other data sets do not mention them."""
    describe: str | msgspec.UnsetType = msgspec.UNSET
    """The model that writes the descriptions, in place of xmm's own sentences."""
    model_weights: str | msgspec.UnsetType = msgspec.UNSET
    """The digest of the weights that draw, where the model is a folder: its path tells nothing."""
    describe_weights: str | msgspec.UnsetType = msgspec.UNSET
    """Likewise of those that describe."""

    def plan(self) -> Plan:
        """The part of it that each persona needs."""
        return Plan(self.views, self.heldout, self.size, self.renderer)
