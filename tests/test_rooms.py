"""The house: rooms are entered through their face, arrows run one way, tests mirror files."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import leastloss as ll

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "leastloss"

# Each room may use those that stand before it.
ORDER = ["data", "models", "information", "geometry", "activations", "criteria", "evaluation"]
ORDER += ["pruning", "plots", "report", "deploy", "tracking", "experiment"]
FILES = sorted([*PACKAGE.rglob("*.py"), *(ROOT / "entrypoints").glob("*.py")])
FILES += sorted((ROOT / "benchmarks").glob("*.py"))


def room_of(path: Path) -> str:
    """The room that a file stands in; empty outside the rooms."""
    parts = path.relative_to(PACKAGE).parts if path.is_relative_to(PACKAGE) else ()
    return parts[0] if len(parts) > 1 else ""


def imports_of(path: Path) -> Iterator[tuple[str, int]]:
    """Dotted names of the package that a file imports from, with their lines."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            if node.module == "leastloss":
                yield from ((f"leastloss.{name.name}", node.lineno) for name in node.names)
            elif node.module.startswith("leastloss."):
                yield node.module, node.lineno
        elif isinstance(node, ast.Import):
            for name in node.names:
                if name.name.split(".")[0] == "leastloss":
                    yield name.name, node.lineno


def test_the_order_names_every_room() -> None:
    rooms = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert rooms == set(ORDER)


def test_rooms_are_entered_through_their_face() -> None:
    past = []
    for path in FILES:
        # The recipes are what the entry points call: their room has no face of its own.
        open_to = {room_of(path), "experiment"}
        for module, line in imports_of(path):
            parts = module.split(".")
            if len(parts) > 2 and parts[1] in ORDER and parts[1] not in open_to:
                past.append(f"{path.relative_to(ROOT)}:{line}: {module}")
    assert past == []


def test_what_few_calls_need_is_not_loaded_by_all() -> None:
    """Each takes half a second or more at the start of every process."""
    heavy = {"onnx", "onnxruntime", "onnxscript", "pyarrow", "sklearn", "torchvision"}
    early = []
    for path in PACKAGE.rglob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [name.name for name in node.names] if isinstance(node, ast.Import) else []
            if heavy & {name.split(".")[0] for name in names}:
                early.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert early == []


def test_arrows_run_one_way() -> None:
    up = []
    for path in FILES:
        if room := room_of(path):
            above = ORDER[ORDER.index(room) + 1 :]
            for module, line in imports_of(path):
                if [*module.split("."), ""][1] in above:
                    up.append(f"{path.relative_to(ROOT)}:{line}: {module}")
    assert up == []


def test_each_file_has_its_test() -> None:
    lacking = []
    for path in PACKAGE.rglob("*.py"):
        if path.stem != "__init__":
            folder = ROOT / "tests" / path.parent.relative_to(PACKAGE)
            if not (folder / f"test_{path.stem.removeprefix('_')}.py").exists():
                lacking.append(str(path.relative_to(ROOT)))
    assert lacking == []


def test_a_prune_by_one_criterion_runs_through_80_files_at_most() -> None:
    data = ll.load_data("digits", imbalance="exp", ratio=5, seed=0)
    model = ll.MLP(data.features, (8,), data.classes)
    for criterion in ("magnitude", "nc", "mils-bdm", "gauss-newton", "blend"):
        ll.prune(model, data, criterion, sparsities=[0.3], progress=False)  # load what it needs
        files = set()

        def note(frame: FrameType, event: str, _: object, files: set[str] = files) -> None:
            if event == "call" and frame.f_code.co_filename.startswith(str(PACKAGE)):
                files.add(frame.f_code.co_filename)

        sys.setprofile(note)
        try:
            ll.prune(model, data, criterion, sparsities=[0.3], progress=False)
        finally:
            sys.setprofile(None)
        assert 40 < len(files) <= 80, (criterion, sorted(files))
