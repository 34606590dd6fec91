"""The section on controls: each method beside its own."""

from collections.abc import Mapping

import pandas as pd

from leastloss.controls import CONTROLS
from leastloss.evaluation import metric_of
from leastloss.report.formats import percent
from leastloss.report.roles import Role
from leastloss.report.sections import Grid, Section
from leastloss.report.tables import capital, cell_of


def controls_section(areas: pd.DataFrame, roles: Mapping[str, Role]) -> Section:
    """The section on controls."""
    grids: list[Grid] = []
    methods = {name: role for name, role in roles.items() if role.kind == "method"}
    for quantity, rows in areas.groupby("quantity", sort=False):
        metric = str(quantity).partition(":")[2]
        row_of = {row["method"]: row for row in rows.to_dict("records")}
        what = metric_of(metric).heading
        grids.append(
            Grid(
                caption=f"{capital(what)}, mean up to {percent(rows['at'].iloc[0])}, "
                f"n = {int(rows['n'].max())}",
                unit="%",
                head=["itself", *[f"{name}{'…' * name.endswith('@')}" for name in CONTROLS]],
                rows={
                    name: [
                        cell_of(row_of.get(name), metric),
                        *[cell_of(row_of.get(other or ""), metric) for other in _in_order(role)],
                    ]
                    for name, role in methods.items()
                },
                folded=bool(grids),
            )
        )
    lead = [
        "What of a method's worth is its score? `random@` and `magnitude@` remove as many parts of "
        "each layer as the method does, `shuffled@` as its mask shuffled inside each layer, and "
        "`small-dense` is a dense network of equal size, trained from the start. A method that "
        "does not beat them owes its worth to something else; one without them is incomplete.",
    ]
    notes = [
        f"`{name}` is incomplete: {', '.join(role.missing)} not run."
        for name, role in methods.items()
        if role.missing
    ]
    if methods and not any(role.controls for role in methods.values()):
        grids = []
        notes = [
            "None of these methods has controls among the runs, so all of them are incomplete. "
            "`mlflow run . -e prune` makes them with the methods."
        ]
    return Section(anchor="controls", title="Controls", blocks=[*lead, *grids, *notes])


def _in_order(role: Role) -> list[str | None]:
    """The control of each kind, None if it was not run."""
    return [
        next((method for label, method in role.controls.items() if label.startswith(control)), None)
        for control in CONTROLS
    ]
