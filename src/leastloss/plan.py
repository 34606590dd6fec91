"""The plan of a path: how a network is pruned, whatever scores its parts.

Its fields are the options of :func:`leastloss.prune`, flags of the command line, parameters that
runs hold, and settings that labels, commands and studies tell. It stands outside the room of
pruning, which imports torch: ``--help`` answers at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from leastloss.options import Options, names, numbers, option

if TYPE_CHECKING:
    from leastloss.pruning import PruningPath, Recovery

COUNT: dict[str, Any] = {"at_least": 1, "at_most": 10**6}
SEED: dict[str, Any] = {"at_least": 0, "at_most": 2**63 - 1}
SEED_HELP = "Seed of every random stream: same seed, same bits out."
NAMES: dict[str, Any] = {"each": str, "once": True}

SCHEDULES: dict[str, str] = {
    "one-shot": "score once on the dense network",
    "iterative": "score again before every step",
    "sequential": "score again after every single removal",
}

SPACINGS: dict[str, str] = {
    "even": "every step removes equally many parts",
    "geometric": "every step keeps the same share of what is left: finer towards the end",
}

BALANCES: dict[str, str] = {
    "none": "the lowest scores go, whatever their sign",
    "polarity": "each step removes equally many weights of +1 and of -1",
}

ALLOCATIONS: dict[str, str] = {
    "global": "the lowest scores of all layers go",
    "uniform": "the same share of every layer goes",
    "erk": "Erdos-Renyi-kernel: small and narrow layers stay denser",
    "lamp": "as many of each layer as LAMP scores of the dense weights would remove",
}


OF_WIDTHS = ("binarized-mlp", "mlp", "mlp-no-bias", "convnet", "binarized-convnet")
"""Models whose hidden widths can be chosen; others have their own."""


@dataclass(frozen=True, kw_only=True)
class Seeded(Options):
    """The seed that training and pruning share."""

    seed: int = option(0, SEED_HELP, "seed", "repeats", at_least=0)


@dataclass(frozen=True, kw_only=True)
class Plan(Seeded):
    """How a network is pruned, but for the criterion.

    A list may be a comma list, and a truth value ``yes`` or ``no``, as flags spell them.
    """

    granularity: str = option(
        "weight", "What is removed: weight or unit.", "schedule", "always", "tag"
    )
    to_sparsity: float = option(
        0.95,
        "Share of the weights (units) that is gone in the end.",
        "schedule",
        "anew",
        implied_by="sparsities",
        above=0,
        below=1,
    )
    steps: int = option(
        19,
        "Steps on the way; each removes exactly its share and is measured.",
        "schedule",
        "anew",
        implied_by="sparsities",
        **COUNT,
    )
    sparsities: str | Sequence[float] | None = option(
        "",
        "Sparsity after each step, like 0.1,0.5,0.9; empty: by to_sparsity and steps.",
        "schedule",
        "anew",
        each=float,
        above=0,
        below=1,
    )
    spacing: str = option(
        "even",
        "Of the steps: even, or geometric (each keeps the same share of what is left).",
        "schedule",
        "anew",
        choices=tuple(SPACINGS),
    )
    substeps: int = option(
        1,
        "Rounds of scoring, pruning and repair in each step; only the last is measured.",
        "schedule",
        "anew",
        **COUNT,
    )
    schedule: str = option(
        "iterative",
        "Score once (one-shot), before each step (iterative) or removal (sequential).",
        "schedule",
        "always",
        choices=tuple(SCHEDULES),
    )
    recovery: str | Recovery = option(
        "auto",
        "Repair after each step: none, recalibrate (BatchNorm statistics), compensate (least "
        "squares), refit, finetune, adjust (logits by class); with options and in chains, like "
        "compensate+finetune:epochs=3. auto: recalibrate in binary networks, else compensate.",
        "repair",
        "always",
        "tag",
    )
    balance: str = option(
        "none",
        "none, or polarity: each step removes equally many weights of +1 and of -1.",
        "schedule",
        choices=tuple(BALANCES),
    )
    allocation: str | PruningPath = option(
        "global",
        "How many parts go in each layer: global (by score), uniform, erk or lamp.",
        "schedule",
        choices=tuple(ALLOCATIONS),
    )
    empty_layers: str | bool = option(
        "no",
        "Whether a layer may lose its last weight: yes or no.",
        "schedule",
        choices=("yes", "no"),
    )
    layers: str | Sequence[str] | None = option(
        "",
        "Names of the layers to prune, like layers.0,layers.2; empty: all.",
        "schedule",
        **NAMES,
    )
    noise: str | Sequence[str] = option(
        "",
        "Measure every step under noise too, like gaussian:3,shot:5; empty: not.",
        "measure",
        **NAMES,
    )

    @property
    def shares(self) -> tuple[float, ...] | None:
        """The sparsity after each step, if these are given one by one."""
        if isinstance(self.sparsities, str):
            return numbers(self.sparsities, float, "sparsities") or None
        return None if self.sparsities is None else tuple(self.sparsities)

    @property
    def steps_taken(self) -> dict[str, int | float]:
        """``to_sparsity`` and ``steps``, also where they follow from ``sparsities``."""
        if self.shares:
            return {"to_sparsity": float(self.shares[-1]), "steps": len(self.shares)}
        return {"to_sparsity": self.to_sparsity, "steps": self.steps}

    @property
    def layer_names(self) -> list[str] | None:
        """The layers to prune; all if None."""
        if self.layers is None or (isinstance(self.layers, str) and not self.layers):
            return None
        return list(names(self.layers))

    @property
    def noises(self) -> tuple[str, ...]:
        """The kinds of noise with their severity, as in ``gaussian:3``."""
        return names(self.noise)

    @property
    def may_empty_layers(self) -> bool:
        """Whether a layer may lose its last weight."""
        return self.empty_layers in (True, "yes")
