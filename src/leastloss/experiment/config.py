"""Configurations: their fields are the command-line flags, the docs and the logged parameters.

This module imports nothing heavy, so that ``--help`` answers at once.
"""

from dataclasses import dataclass, fields
from typing import Any

from leastloss.experiment.options import Options, names, number, numbers, option

__all__ = [
    "CompareConfig",
    "PruneConfig",
    "RobustnessConfig",
    "SweepConfig",
    "TrainConfig",
    "names",
    "number",
    "numbers",
    "parameters",
]

_COUNT: dict[str, Any] = {"at_least": 1, "at_most": 10**6}
_FROM_ZERO: dict[str, Any] = {"at_least": 0, "at_most": 10**6}
_SEED: dict[str, Any] = {"at_least": 0, "at_most": 2**63 - 1}
_SHARES: dict[str, Any] = {"each": float, "at_least": 0, "at_most": 1, "once": True}
_NAMES: dict[str, Any] = {"each": str, "once": True}


@dataclass(frozen=True, kw_only=True)
class TrainConfig(Options):
    """What to train, on what, and how long."""

    dataset: str = option("digits", "digits, mnist, fashion-mnist, kmnist or cifar10.")
    size: str = option(
        "", "Resize images to SIZE x SIZE; empty: as they are.", each=int, at_least=2, at_most=256
    )
    imbalance: str = option("exp", "Profile of the training classes: none, exp, step or named.")
    ratio: float = option(
        20.0, "Largest over smallest class of the profiles exp and step.", **_COUNT
    )
    rare: str = option(
        "",
        "With imbalance=named: labels of the rare classes, like 1,2,3.",
        each=int,
        **_FROM_ZERO,
        once=True,
    )
    share: str = option(
        "",
        "With imbalance=named: share of their images that stays, in (0, 1].",
        each=float,
        above=0,
        at_most=1,
    )
    subset: float = option(
        1.0, "Stratified share of the training images to use, in (0, 1].", above=0, at_most=1
    )
    replicate: int = option(
        0, "Which stratified subset: 0, 1, 2, ...; each is drawn anew.", **_FROM_ZERO
    )
    model: str = option(
        "binarized-mlp", "binarized-mlp (weights in {-1, +1}), mlp (ReLU), mlp-no-bias or convnet."
    )
    hidden: str = option(
        "256,256",
        "Widths of the hidden layers; of a convnet: convolutions, then one linear layer.",
        each=int,
        **_COUNT,
    )
    epochs: int = option(300, "Most passes over the training images.", **_COUNT)
    patience: int = option(
        40, "Stop after so many epochs without a lower validation loss.", **_COUNT
    )
    lr: float = option(
        1e-3, "Adam's learning rate; it falls to 0 along a cosine.", above=0, at_most=1000
    )
    batch_size: int = option(64, "Images per step.", at_least=2, at_most=10**6)
    loss: str = option(
        "plain", "plain, balanced (every class counts alike) or logit-adjusted cross-entropy."
    )
    seed: int = option(0, "Seed of every random stream: same seed, same bits out.", **_SEED)
    data_dir: str = option("", "Folder of the image files; empty: LEASTLOSS_DATA, else ./data.")


@dataclass(frozen=True, kw_only=True)
class PruneConfig(TrainConfig):
    """What to train unless a run is given, and how to prune it."""

    run_id: str = option(
        "",
        "A finished train run to prune, by its id or the first letters of it; empty: train a "
        "network first.",
    )
    unfinished: str = option(
        "no",
        "Take a run_id that failed, was killed or still runs, too: yes or no.",
        choices=("yes", "no"),
    )
    criteria: str = option(
        "mils-bdm,mils-entropy,nc,magnitude,random",
        "Criteria, one child run each; name:option=value sets options, a@b is a with b's layer "
        "ratios.",
        each=str,
    )
    controls: str = option(
        "yes",
        "yes adds to each method (mils-bdm, mils-entropy, nc) its controls: random@, magnitude@ "
        "and shuffled@ it, and small-dense, a dense network of equal size; or no.",
        choices=("yes", "no"),
    )
    granularity: str = option("weight", "What is removed: weight or unit.")
    to_sparsity: float = option(
        0.95, "Share of the weights (units) that is gone in the end.", above=0, below=1
    )
    steps: int = option(
        19, "Steps on the way; each removes exactly its share and is measured.", **_COUNT
    )
    sparsities: str = option(
        "",
        "Sparsity after each step, like 0.1,0.5,0.9; empty: by to_sparsity and steps.",
        each=float,
        above=0,
        below=1,
    )
    spacing: str = option(
        "even", "Of the steps: even, or geometric (each keeps the same share of what is left)."
    )
    substeps: int = option(
        1,
        "Rounds of scoring, pruning and repair in each step; only the last is measured.",
        **_COUNT,
    )
    schedule: str = option(
        "iterative", "Score once (one-shot), before each step (iterative) or removal (sequential)."
    )
    recovery: str = option(
        "auto",
        "Repair after each step: none, recalibrate (BatchNorm statistics), compensate (least "
        "squares), refit, finetune, adjust (logits by class); with options and in chains, like "
        "compensate+finetune:epochs=3. auto: recalibrate in binary networks, else compensate.",
    )
    balance: str = option(
        "none", "none, or polarity: each step removes equally many weights of +1 and of -1."
    )
    allocation: str = option(
        "global", "How many parts go in each layer: global (by score), uniform, erk or lamp."
    )
    empty_layers: str = option(
        "no", "Whether a layer may lose its last weight: yes or no.", choices=("yes", "no")
    )
    layers: str = option(
        "", "Names of the layers to prune, like layers.0,layers.2; empty: all.", **_NAMES
    )
    noise: str = option(
        "", "Measure every step under noise too, like gaussian:3,shot:5; empty: not.", **_NAMES
    )
    encoding: str = option("polarity", "MILS: planes of bits a matrix becomes: polarity or sign.")
    boundary: str = option(
        "periodic", "MILS: edge of the blocks: periodic, ignore, recursive, overlapping."
    )
    permutations: int = option(
        0,
        "MILS: measure its dependence on the order of hidden units by so many random ones.",
        **_FROM_ZERO,
    )
    artifacts: str = option(
        "full",
        "full, or light: no logged models and no figures of single runs (large studies).",
        choices=("full", "light"),
    )


@dataclass(frozen=True, kw_only=True)
class RobustnessConfig(Options):
    """Which networks to expose to which noise."""

    run_id: str = option(
        "",
        "A train or prune run, by its id or the first letters of it; empty: the newest finished "
        "prune run.",
    )
    unfinished: str = option(
        "no",
        "Take a run_id that failed, was killed or still runs, too: yes or no.",
        choices=("yes", "no"),
    )
    sparsity: str = option(
        "",
        "Take the pruned networks at this sparsity, or at several, like 0.5,0.9; empty: at "
        "the last step.",
        **_SHARES,
    )
    corruptions: str = option(
        "all",
        "Corruptions, like gaussian,rotation; weight-noise is on the weights; all: the twelve of "
        "images and weight-noise.",
        **_NAMES,
    )
    attacks: str = option(
        "", "Attacks by each network's own gradient: fgsm, pgd or both; empty: none.", **_NAMES
    )
    severities: str = option(
        "1,2,3,4,5", "Severities, from 1 (mild) to 5.", each=int, at_least=1, at_most=5, once=True
    )
    seed: int = option(0, "Seed of the noise; every network meets the same noise.", **_SEED)


@dataclass(frozen=True, kw_only=True)
class CompareConfig(Options):
    """Which runs to compare by which metrics."""

    runs: str = option(
        "",
        "Ids of prune runs, parents or children, or the first letters of them; empty: the newest "
        "prune run.",
        each=str,
    )
    unfinished: str = option(
        "no",
        "Take runs that failed, were killed or still run, too: yes or no.",
        choices=("yes", "no"),
    )
    experiment: str = option("", "Compare all finished prune runs of this experiment (its name).")
    metrics: str = option(
        "accuracy,minority_recall,worst_class_recall",
        "Metrics to compare; the first counts most.",
        **_NAMES,
    )
    sparsities: str = option(
        "", "Sparsities of the tables, like 0.5,0.9; empty: some that the runs measured.", **_SHARES
    )
    against: str = option(
        "",
        "Methods that all others are compared with, separated by semicolons; empty: magnitude and "
        "random, where they are.",
    )
    few_seeds: str = option(
        "no",
        "Tell differences of fewer than three seeds, too: yes or no (a claim needs three).",
        choices=("yes", "no"),
    )


@dataclass(frozen=True, kw_only=True)
class SweepConfig(Options):
    """Which study to run, and what to write of it."""

    file: str = option("experiments/seeds_digits.toml", "The experiment file (TOML).")
    sections: str = option(
        "",
        "Studies of a file with a grid, by their sections; empty: all of the file.",
        each=str,
    )
    workers: int = option(
        0, "Processes that work at the same time; 0: one for each CPU.", at_least=0, at_most=4096
    )
    backend: str = option(
        "local", "Where the workers run: local (processes of this machine).", choices=("local",)
    )
    seeds: str = option(
        "",
        "Seeds to run instead of the file's, like 0,1,2: a quick look.",
        each=int,
        **_SEED,
        once=True,
    )
    report: str = option(
        "yes",
        "Write the page and its entry in RESULTS.md: yes, no, or only (run nothing).",
        choices=("yes", "no", "only"),
    )
    out: str = option("", "Folder of RESULTS.md, docs/ and results/; empty: this one.")


def parameters(config: object) -> dict[str, str]:
    """The fields of a configuration as MLflow logs them."""
    return {f.name: str(getattr(config, f.name)) for f in fields(config)}  # type: ignore[arg-type]  # any configuration
