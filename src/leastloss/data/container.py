"""A data set that is ready to train on: three splits and how to make them again."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod

from leastloss.arguments import checked
from leastloss.data._duplicates import remark, shared_samples
from leastloss.data._tensors import Pair, split_tensors
from leastloss.data.class_names import told_apart
from leastloss.data.datasets import Withheld
from leastloss.data.split import Split
from leastloss.errors import InputError, notice


@checked
@dataclass(frozen=True, eq=False)
class Data:
    """Train, validation and test split of one data set.

    Attributes:
        name: What the data set is called.
        train: What is learned from; every statistic and score sees this split only.
        val: What choices are made on.
        test: What is reported.
        recipe: The arguments of `load_data` as plain JSON values: ``load_data(**recipe)`` makes
            the same data, bit for bit.
        withheld: The training images that imbalance took away, if it took any. Neither training
            nor any statistic sees them, but for a score whose purpose is to show such a leak. They
            are read when first looked at.
        title: What figures and pages call the data set; its name if empty.
        source: Which of several possible files it was read from; empty where there is no choice.
        class_names: What figures and pages call the classes 0..C-1; empty: by their numbers.

    Raises:
        InputError: If the splits differ in sample shape, classes or minority, or there is not one
            name for each class.
    """

    name: str
    train: Split
    val: Split
    test: Split
    recipe: dict[str, object]
    withheld: Withheld | None = None
    title: str = ""
    source: str = ""
    class_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse splits that do not belong together."""
        if not self.title:
            object.__setattr__(self, "title", self.name)
        for part in (self.val, self.test):
            if part.x.shape[1:] != self.train.x.shape[1:]:
                raise InputError(
                    f"samples have shape {self.shape} in train and {tuple(part.x.shape[1:])} "
                    "in another split; they must be the same"
                )
            if (part.classes, part.minority) != (self.classes, self.minority):
                raise InputError("all splits must have the same classes and the same minority")
        names = told_apart(self.class_names)
        if names and len(names) != self.classes:
            raise InputError(f"{len(names)} class names for {self.classes} classes")
        object.__setattr__(self, "class_names", names)

    @classmethod
    @checked
    def from_tensors(
        cls,
        train: Pair,
        val: Pair | None = None,
        test: Pair | None = None,
        *,
        classes: int | None = None,
        minority: Sequence[int] | None = None,
        name: str = "custom",
        class_names: Sequence[str] = (),
        seed: int = 0,
    ) -> "Data":
        """Make a data set of your own tensors or arrays.

        A missing test split is a stratified fifth of ``train``, a missing validation split a
        stratified fifth of the given ``train`` too; every class keeps a training sample. Inputs
        that occur in two splits, bit for bit, are counted and told in one warning.

        Args:
            train: Inputs (n, ...) and integer labels (n,), of any real type, byte order and
                layout. uint8 inputs are divided by 255, all others become float32 as they are.
            val: The same for validation, or None.
            test: The same for testing, or None.
            classes: Number of classes; by default the highest label plus one.
            minority: Labels of the minority group; by default the rarest third of the classes by
                training count, ties to the lower label.
            name: What to call it.
            class_names: What to call the classes 0..C-1; by default their numbers.
            seed: Seed of the draws for the missing splits.

        Raises:
            InputError: If lengths, shapes or types do not fit, a split is empty, an input is not
                finite, a label lies outside 0..classes-1, a class has no training sample, or names
                are given, but not one for each class.

        Example:
            >>> import torch
            >>> x, y = torch.rand(50, 4), torch.arange(50) % 5
            >>> data = Data.from_tensors((x, y))
            >>> len(data.train), len(data.val), len(data.test), data.minority
            (30, 10, 10, (0,))
        """
        splits = split_tensors(train, val, test, classes=classes, minority=minority, seed=seed)
        # The name says that load_data cannot make it again.
        recipe: dict[str, object] = {"name": f"tensors:{name}", "seed": seed}
        data = cls(name, *splits, recipe, class_names=tuple(class_names))
        tell_duplicates(data)
        return data

    def class_name(self, label: int) -> str:
        """What a class is called: its name, or its number where it has none."""
        return self.class_names[label] if self.class_names else str(label)

    @property
    def classes(self) -> int:
        """Number of classes."""
        return self.train.classes

    @property
    def minority(self) -> tuple[int, ...]:
        """Labels of the minority group, ascending."""
        return self.train.minority

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one sample; (C, H, W) for images."""
        return tuple(self.train.x.shape[1:])

    @property
    def features(self) -> int:
        """Number of values in one sample."""
        return prod(self.shape)

    @cached_property
    def duplicates(self) -> dict[str, int]:
        """How many inputs of one split are, bit for bit, in another too; counted once.

        ``val in train``, ``test in train`` and ``test in val``.
        """
        return shared_samples(self.train, self.val, self.test)

    def summary(self) -> dict[str, object]:
        """Return name, shape, classes, minority, duplicates and, per split, n, counts and digest.

        Also the source and the names of the classes, where there are some. All values are plain
        JSON: a tracker logs them.
        """
        splits: dict[str, object] = {
            part: {"n": len(split), "counts": split.counts().tolist(), "digest": split.digest()}
            for part, split in (("train", self.train), ("val", self.val), ("test", self.test))
        }
        return (
            ({"source": self.source} if self.source else {})
            | ({"class_names": list(self.class_names)} if self.class_names else {})
            | {
                "name": self.name,
                "shape": list(self.shape),
                "classes": self.classes,
                "minority": list(self.minority),
                "duplicates": dict(self.duplicates),
            }
            | splits
        )


def tell_duplicates(data: Data) -> None:
    """Warn in one line of inputs that are in two splits, if there are some."""
    sizes = {"val": len(data.val), "test": len(data.test)}
    if overlap := remark(data.duplicates, sizes):
        notice(overlap)
