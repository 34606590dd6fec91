"""Configurations: their fields are the command-line flags, the docs and the logged parameters.

This module imports nothing heavy, so that ``--help`` answers at once.
"""

from dataclasses import dataclass
from typing import Any

from leastloss.errors import notice
from leastloss.options import Options, fields_of, option
from leastloss.plan import COUNT, NAMES, OF_WIDTHS, SEED, SEED_HELP, Plan, Seeded

_FROM_ZERO: dict[str, Any] = {"at_least": 0, "at_most": 10**6}
_CRITERIA = "mils-bdm,mils-entropy,nc,magnitude,random"
_CRITERIA_OF_MAPS = "nc,magnitude,random"
_CRITERIA_OF_CHANNELS = "structured-obs,nc,magnitude,random"
_SHARES: dict[str, Any] = {"each": float, "at_least": 0, "at_most": 1, "once": True}
_TRUST = (
    "Open models that could run code when they are opened (pickles, .pt2), and call functions that "
    "a run names: yes or no."
)
_UNFINISHED = "Take a run_id that failed, was killed or still runs, too: yes or no."
_SWITCH: dict[str, Any] = {"choices": ("yes", "no")}
_DETERMINISTIC = (
    "Let torch use deterministic algorithms alone, for equal bits on a GPU, too: yes or no."
)
_BALANCED = ("digits", "mnist", "fashion-mnist", "kmnist", "cifar10", "cifar10-jpeg")


@dataclass(frozen=True, kw_only=True)
class TrainConfig(Seeded):
    """What to train, on what, and how long."""

    seed: int = option(0, SEED_HELP, "seed", "repeats", **SEED)

    dataset: str = option(
        "digits",
        "digits, mnist, fashion-mnist, kmnist, cifar10, cifar10-jpeg or gtsrb; or your own: a "
        ".npz, .csv or .parquet file, a folder of images, module:function, runs:/ID/FILE or "
        "datasets:/ID/NAME.",
        "data",
        "always",
    )
    size: str = option(
        "",
        "Resize images to SIZE x SIZE; empty: as they are.",
        "data",
        each=int,
        at_least=2,
        at_most=256,
        single=True,
    )
    imbalance: str = option(
        "auto",
        "Profile of the training classes: none, exp, step or named; auto: exp, but none for gtsrb, "
        "which is imbalanced by nature, and for your own data.",
        "data",
        "always",
    )
    ratio: float = option(
        20.0, "Largest over smallest class of the profiles exp and step.", "data", **COUNT
    )
    rare: str = option(
        "",
        "With imbalance=named: labels of the rare classes, like 1,2,3.",
        "data",
        each=int,
        **_FROM_ZERO,
        once=True,
    )
    share: str = option(
        "",
        "With imbalance=named: share of their images that stays, in (0, 1].",
        "data",
        each=float,
        above=0,
        at_most=1,
        single=True,
    )
    subset: float = option(
        1.0,
        "Stratified share of the training images to use, in (0, 1].",
        "data",
        above=0,
        at_most=1,
    )
    replicate: int = option(
        0,
        "Which stratified subset: 0, 1, 2, ...; each is drawn anew.",
        "data",
        "repeats",
        **_FROM_ZERO,
    )
    validation: str = option(
        "training",
        "Classes of the validation images: training (as rare as in training, at least one image "
        "each) or balanced (as the data set has them).",
        "data",
        choices=("training", "balanced"),
        before="balanced",
    )
    model: str = option(
        "binarized-mlp",
        "binarized-mlp (weights in {-1, +1}), mlp (ReLU), mlp-no-bias, convnet, "
        "binarized-convnet, resnet8, resnet20, resnet20-b, resnet32, resnet56, vgg11-bn, "
        "mobilenet, one of torchvision, as resnet18, or your own: module:function, "
        "models:/NAME@ALIAS, runs:/ID/PATH or a .pt2 file.",
        "model",
        "always",
    )
    hidden: str = option(
        "256,256",
        "Widths of the hidden layers; of a convnet: convolutions, then one linear layer; others "
        "have their own.",
        "model",
        "always",
        each=int,
        **COUNT,
    )
    normalize: str = option(
        "auto",
        "How resnets and networks of torchvision normalise pixels: none, imagenet, cifar10, half "
        "(to [-1, 1]), or means/deviations by channel; auto: imagenet in colour, else half.",
        "model",
    )
    weights: str = option(
        "",
        "File of weights that others trained, taken instead of training, also from the data folder "
        "on; empty: train.",
        "model",
        "always",
    )
    forward: str = option(
        "",
        "How a network of your own is run: module:function, called with the network and a batch of "
        "samples, returns logits; empty: the network is called with the samples.",
        "model",
    )
    trust: str = option("no", _TRUST, "place", **_SWITCH)
    epochs: int = option(300, "Most passes over the training images.", "training", **COUNT)
    patience: int = option(
        40, "Stop after so many epochs without a lower validation loss.", "training", **COUNT
    )
    lr: float = option(
        1e-3,
        "Adam's learning rate; it falls to 0 along a cosine.",
        "training",
        above=0,
        at_most=1000,
    )
    batch_size: int = option(64, "Images per step.", "training", at_least=2, at_most=10**6)
    loss: str = option(
        "plain",
        "plain, balanced (every class counts alike) or logit-adjusted cross-entropy.",
        "training",
    )
    optimizer: str = option(
        "auto",
        "adam, or sgd in one cycle, with options like sgd:lr=0.1:epochs=20; auto: sgd for resnets "
        "and networks of torchvision, adam for all others.",
        "training",
    )
    augment: str = option(
        "auto",
        "What is done to training images: none, flip, crop or flip+crop; auto: flip+crop for "
        "CIFAR-10, crop for GTSRB, none for all others.",
        "training",
        choices=("auto", "none", "flip", "crop", "flip+crop"),
    )
    deterministic: str = option("no", _DETERMINISTIC, "measure", **_SWITCH)
    data_dir: str = option(
        "", "Folder of the image files; empty: LEASTLOSS_DATA, else ./data.", "place"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.imbalance == "auto":  # what runs hold is the profile itself
            profile = "exp" if self.dataset in _BALANCED else "none"
            object.__setattr__(self, "imbalance", profile)
        if self.hidden and self.model not in OF_WIDTHS:
            if self.hidden != fields_of(TrainConfig)["hidden"].default:
                notice(f"hidden={self.hidden} is ignored: {self.model} has widths of its own")
            object.__setattr__(self, "hidden", "")


@dataclass(frozen=True, kw_only=True)
class PruneConfig(Plan, TrainConfig):
    """What to train unless a run is given, and how to prune it."""

    seed: int = option(0, SEED_HELP, "seed", "repeats", **SEED)

    run_id: str = option(
        "",
        "A finished train run to prune, or a child of a prune run to go on with, by its id or the "
        "first letters of it; empty: train a network first.",
        "runs",
    )
    unfinished: str = option("no", _UNFINISHED, "runs", **_SWITCH)
    criteria: str = option(
        "auto",
        "Criteria, one child run each; name:option=value sets options, a@b is a with b's layer "
        "ratios; auto: mils-bdm,mils-entropy,nc,magnitude,random, but nc,magnitude,random for "
        "resnets and networks of torchvision, of their channels structured-obs before these.",
        "criteria",
        each=str,
    )
    controls: str = option(
        "auto",
        "yes adds to each method (mils-bdm, mils-entropy, nc) its controls: random@, magnitude@ "
        "and shuffled@ it, and small-dense, a dense network of equal size; or no; auto: yes, but "
        "no for resnets and networks of torchvision.",
        "runs",
        choices=("auto", "yes", "no"),
    )
    encoding: str = option(
        "polarity", "MILS: planes of bits a matrix becomes: polarity or sign.", "score"
    )
    boundary: str = option(
        "periodic", "MILS: edge of the blocks: periodic, ignore, recursive, overlapping.", "score"
    )
    permutations: int = option(
        0,
        "MILS: measure its dependence on the order of hidden units by so many random ones.",
        "measure",
        **_FROM_ZERO,
    )
    artifacts: str = option(
        "full",
        "full, or light: no logged models and no figures of single runs (large studies).",
        "keep",
        choices=("full", "light"),
    )
    register: str = option(
        "",
        "Register the logged networks as versions of a model of this name, with aliases "
        "smallest-within-2-points and best-minority-recall; empty: not.",
        "keep",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        # What a perceptron does in seconds, a network with feature maps does in minutes.
        maps = _CRITERIA_OF_CHANNELS if self.granularity == "unit" else _CRITERIA_OF_MAPS
        usual = _CRITERIA if self.model in OF_WIDTHS else maps
        if self.criteria == "auto":
            object.__setattr__(self, "criteria", usual)
        if self.controls == "auto":
            object.__setattr__(self, "controls", "yes" if self.model in OF_WIDTHS else "no")


@dataclass(frozen=True, kw_only=True)
class RobustnessConfig(Options):
    """Which networks to expose to which noise."""

    run_id: str = option(
        "",
        "A train or prune run, by its id or the first letters of it; empty: the newest finished "
        "prune run.",
        "runs",
    )
    unfinished: str = option("no", _UNFINISHED, "runs", **_SWITCH)
    trust: str = option("no", _TRUST, "place", **_SWITCH)
    sparsity: str = option(
        "",
        "Take the pruned networks at this sparsity, or at several, like 0.5,0.9; empty: at "
        "the last step.",
        "schedule",
        **_SHARES,
    )
    corruptions: str = option(
        "all",
        "Corruptions, like gaussian,rotation; weight-noise is on the weights; all: the twelve of "
        "images and weight-noise.",
        "measure",
        **NAMES,
    )
    attacks: str = option(
        "",
        "Attacks by each network's own gradient: fgsm, pgd or both; empty: none.",
        "measure",
        **NAMES,
    )
    severities: str = option(
        "1,2,3,4,5",
        "Severities, from 1 (mild) to 5.",
        "measure",
        each=int,
        at_least=1,
        at_most=5,
        once=True,
    )
    seed: int = option(0, "Seed of the noise; every network meets the same noise.", "seed", **SEED)
    deterministic: str = option("no", _DETERMINISTIC, "measure", **_SWITCH)


@dataclass(frozen=True, kw_only=True)
class ExportConfig(Options):
    """Which network to write, in which formats, and where."""

    run_id: str = option(
        "",
        "A child of a prune run, or a train run, by its id or the first letters of it; empty: of "
        "the newest prune run the child, no control, with the highest free_sparsity.",
        "runs",
    )
    unfinished: str = option("no", _UNFINISHED, "runs", **_SWITCH)
    trust: str = option("no", _TRUST, "place", **_SWITCH)
    file: str = option("", "A network that ll.save_network wrote, instead of a run.", "runs")
    sparsity: str = option(
        "",
        "Sparsity of the network; empty: the sparsest within two points of dense, if the run "
        "logged it, else the last.",
        "schedule",
        each=float,
        at_least=0,
        at_most=1,
        single=True,
    )
    step: str = option(
        "",
        "Step of the run at which the network stands, instead of its sparsity.",
        "schedule",
        each=int,
        **_FROM_ZERO,
        single=True,
    )
    formats: str = option(
        "pt2,onnx,safetensors,card",
        "What to write: pt2 (torch alone reads it), onnx, safetensors (packed, with model.json), "
        "card (MODEL_CARD.md).",
        "keep",
        **NAMES,
    )
    compact: str = option(
        "auto",
        "Take out units that do nothing: yes, no, or auto (where the network can lose them).",
        "keep",
        choices=("auto", "yes", "no"),
    )
    out: str = option("exported", "Folder of the files.", "place")
    overwrite: str = option(
        "no", "Replace the files of an earlier export: yes or no.", "keep", **_SWITCH
    )
    license: str = option(
        "", "Licence that the card states, as SPDX spells it, like MIT; empty: none.", "keep"
    )
    data_dir: str = option(
        "", "Folder of the image files; empty: that of the training, else LEASTLOSS_DATA.", "place"
    )


@dataclass(frozen=True, kw_only=True)
class CompareConfig(Options):
    """Which runs to compare by which metrics."""

    runs: str = option(
        "",
        "Ids of prune runs, parents or children, or the first letters of them; empty: the newest "
        "prune run.",
        "runs",
        each=str,
    )
    unfinished: str = option(
        "no",
        "Take runs that failed, were killed or still run, too: yes or no.",
        "runs",
        **_SWITCH,
    )
    experiment: str = option(
        "", "Compare all finished prune runs of this experiment (its name).", "runs"
    )
    metrics: str = option(
        "accuracy,minority_recall,worst_class_recall",
        "Metrics to compare; the first counts most.",
        "page",
        **NAMES,
    )
    sparsities: str = option(
        "",
        "Sparsities of the tables, like 0.5,0.9; empty: some that the runs measured.",
        "page",
        **_SHARES,
    )
    against: str = option(
        "",
        "Methods that all others are compared with, separated by semicolons; empty: magnitude and "
        "random, where they are.",
        "page",
    )
    few_seeds: str = option(
        "no",
        "Tell differences of fewer than three seeds, too: yes or no (a claim needs three).",
        "page",
        **_SWITCH,
    )


@dataclass(frozen=True, kw_only=True)
class SweepConfig(Options):
    """Which study to run, and what to write of it."""

    file: str = option("experiments/seeds_digits.toml", "The experiment file (TOML).", "runs")
    sections: str = option(
        "",
        "Studies of a file with a grid, by their sections; empty: all of the file.",
        "runs",
        each=str,
    )
    workers: int = option(
        0,
        "Processes that work at the same time; 0: one for each CPU.",
        "place",
        at_least=0,
        at_most=4096,
    )
    backend: str = option(
        "local",
        "Where the workers run: local (processes of this machine), or dask (those of a scheduler).",
        "place",
        choices=("local", "dask"),
    )
    scheduler: str = option(
        "", "With backend=dask: the scheduler's address, like tcp://127.0.0.1:8786.", "place"
    )
    seeds: str = option(
        "",
        "Seeds to run instead of the file's, like 0,1,2: a quick look.",
        "seed",
        each=int,
        **SEED,
        once=True,
    )
    override: str = option(
        "",
        "Values instead of the file's, with spaces between: train.epochs=5 prune.substeps=3.",
        "runs",
    )
    code: str = option(
        "same",
        "Finished runs that count: of the same code alone, or of any.",
        "runs",
        choices=("same", "any"),
    )
    dry_run: str = option(
        "no",
        "Say what is finished, what is left and how long that will take; run nothing.",
        "runs",
        **_SWITCH,
    )
    report: str = option(
        "yes",
        "Write the page and its entry in RESULTS.md: yes, no, or only (run nothing).",
        "keep",
        choices=("yes", "no", "only"),
    )
    out: str = option("", "Folder of RESULTS.md, docs/ and results/; empty: this one.", "place")
