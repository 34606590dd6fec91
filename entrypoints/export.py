"""Write one network of a run or a file as pt2, ONNX, safetensors and a model card."""

from leastloss.cli import command, loading
from leastloss.experiment.config import ExportConfig


@command(ExportConfig)
def export_command(config: ExportConfig) -> None:
    """Write one network as files to take home, all of them or none.

    Takes a child of a prune run (one of its networks), a train run (its dense network), or a file
    of ll.save_network. model.pt2 needs torch alone, model.onnx any runtime of ONNX (ONNX Runtime
    must agree with the network to 1e-5), model.safetensors holds kept weights alone, and
    MODEL_CARD.md says which classes paid. Units that do nothing are taken out first.

    \b
    Examples:
      mlflow run . -e export -P run_id=<a child of a prune run>
      mlflow run . -e export -P run_id=<a child> -P sparsity=0.8 -P out=small -P license=MIT
      python entrypoints/export.py --file pruned.safetensors --formats onnx,card
    """
    with loading():  # after parsing, so that --help answers at once
        from leastloss.experiment.export_run.export import export

    export(config)


if __name__ == "__main__":
    export_command()
