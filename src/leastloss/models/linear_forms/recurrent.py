"""Recurrent layers as linear layers: what enters, and what a step hands to the next."""

from typing import Any

import torch
from torch import Tensor, nn

from leastloss.errors import InputError
from leastloss.models.linear_forms.convolutions import take_over

State = tuple[Tensor, ...]


class RecurrentForm(nn.Module):
    """``nn.LSTM``, ``nn.GRU`` or ``nn.RNN`` whose gates are two linear layers in each direction.

    ``ih_l0`` reads all steps of the input at once; ``hh_l0`` reads the state, once in each step.
    The weights of the gates lie below each other in their rows, as in torch.
    """

    def __init__(self, layer: nn.LSTM | nn.GRU | nn.RNN) -> None:
        super().__init__()
        if getattr(layer, "proj_size", 0):
            raise InputError("a projection of the state (proj_size) has no linear form")
        self.kind, self.mode = type(layer), layer.mode
        self.input_size, self.hidden_size = layer.input_size, layer.hidden_size
        self.num_layers, self.batch_first = layer.num_layers, layer.batch_first
        self.bidirectional, self.dropout = layer.bidirectional, layer.dropout
        self.bias = layer.bias
        for suffix in self._suffixes():
            for kind in ("ih", "hh"):
                weight = getattr(layer, f"weight_{kind}_{suffix}")
                bias = getattr(layer, f"bias_{kind}_{suffix}") if layer.bias else None
                linear = nn.Linear(weight.shape[1], weight.shape[0], bias=layer.bias)
                take_over(linear, weight, bias)
                self.add_module(f"{kind}_{suffix}", linear)

    def _suffixes(self) -> list[str]:
        ends = ("", "_reverse") if self.bidirectional else ("",)
        return [f"l{depth}{end}" for depth in range(self.num_layers) for end in ends]

    def forward(self, x: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        """As the layer: outputs of every step, and the last state.

        Raises:
            InputError: If the input is a packed sequence.
        """
        if not isinstance(x, Tensor):
            raise InputError("a packed sequence has no linear form; hand over a padded tensor")
        alone = x.ndim == 2
        steps = x.unsqueeze(1) if alone else x.transpose(0, 1) if self.batch_first else x
        states = self._states(state, steps, alone)
        last: list[State] = []
        ends = 2 if self.bidirectional else 1
        for depth in range(self.num_layers):
            if depth and self.dropout:
                steps = nn.functional.dropout(steps, self.dropout, self.training)
            sides = []
            for suffix in self._suffixes()[depth * ends : (depth + 1) * ends]:
                begin = tuple(part[len(last)] for part in states)
                outputs, end = self._run(suffix, steps, begin)
                sides.append(outputs)
                last.append(end)
            steps = torch.cat(sides, dim=-1)
        parts = [torch.stack(part) for part in zip(*last, strict=True)]
        if alone:
            steps, parts = steps.squeeze(1), [part.squeeze(1) for part in parts]
        elif self.batch_first:
            steps = steps.transpose(0, 1)
        return steps, tuple(parts) if self.mode == "LSTM" else parts[0]

    def _states(self, state: Any, steps: Tensor, alone: bool) -> State:
        count = len(self._suffixes())
        if state is None:
            zeros = steps.new_zeros(count, steps.shape[1], self.hidden_size)
            return (zeros, zeros) if self.mode == "LSTM" else (zeros,)
        parts = tuple(state) if self.mode == "LSTM" else (state,)
        return tuple(part.unsqueeze(1) if alone else part for part in parts)

    def _run(self, suffix: str, steps: Tensor, state: State) -> tuple[Tensor, State]:
        # Samples first, as in every other layer.
        entering = self.get_submodule(f"ih_{suffix}")(steps.transpose(0, 1)).transpose(0, 1)
        handing_on = self.get_submodule(f"hh_{suffix}")
        order = range(len(steps))
        outputs: list[Tensor] = []
        for at in reversed(order) if suffix.endswith("_reverse") else order:
            state = self._step(entering[at], handing_on(state[0]), state)
            outputs.append(state[0])
        if suffix.endswith("_reverse"):
            outputs.reverse()
        return torch.stack(outputs), state

    def _step(self, entering: Tensor, held: Tensor, state: State) -> State:
        if self.mode == "LSTM":
            enter, forget, cell, out = (entering + held).chunk(4, dim=-1)
            now = forget.sigmoid() * state[1] + enter.sigmoid() * cell.tanh()
            return out.sigmoid() * now.tanh(), now
        if self.mode == "GRU":
            reset, update, new = entering.chunk(3, dim=-1)
            held_reset, held_update, held_new = held.chunk(3, dim=-1)
            share = (update + held_update).sigmoid()
            fresh = (new + (reset + held_reset).sigmoid() * held_new).tanh()
            return ((1 - share) * fresh + share * state[0],)
        total = entering + held
        return (total.relu() if self.mode == "RNN_RELU" else total.tanh(),)

    def native(self) -> nn.LSTM | nn.GRU | nn.RNN:
        """The layer again, with the weights as they are now."""
        options: dict[str, Any] = {}
        if self.kind is nn.RNN:
            options["nonlinearity"] = "relu" if self.mode == "RNN_RELU" else "tanh"
        layer: nn.LSTM | nn.GRU | nn.RNN = self.kind(
            self.input_size,
            self.hidden_size,
            num_layers=self.num_layers,
            bias=self.bias,
            batch_first=self.batch_first,
            dropout=self.dropout,
            bidirectional=self.bidirectional,
            **options,
        )
        for suffix in self._suffixes():
            for kind in ("ih", "hh"):
                linear = self.get_submodule(f"{kind}_{suffix}")
                for part in ("weight", "bias") if self.bias else ("weight",):
                    value = nn.Parameter(getattr(linear, part).detach().clone())
                    setattr(layer, f"{part}_{kind}_{suffix}", value)
        layer.flatten_parameters()
        return layer
