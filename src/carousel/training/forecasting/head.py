"""From the layer's signal at one step to the forecasts of all leads."""

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

from carousel.training.forecasting.outputs import Output


class LeadHead(nn.Module):
    """One small network for all leads: points of y[n+k] from v[n], what is known ahead of time about step n+k, and k.

    At first its answer is a standard normal distribution whatever it is told.

    Args:
        width: d, the features of v.
        known: c, the features known ahead of time.
        horizon: H, the number of leads.
        targets: D.
        hidden: units of the network.
        output: what is said about each target; P points.
    """

    def __init__(
        self, width: int, known: int, horizon: int, targets: int, hidden: int, output: Output
    ) -> None:
        super().__init__()
        self.horizon = horizon
        self.numbers = hidden + targets * len(output.anchors)
        """How many numbers it makes for each origin and lead."""
        self.output = output
        self.from_signal = nn.Linear(width, hidden)
        self.from_known = nn.Linear(known, hidden, bias=False) if known else None
        self.from_lead = nn.Parameter(torch.randn(horizon, hidden) / 2)
        self.to_raw = nn.Linear(hidden, targets * len(output.anchors))
        nn.init.zeros_(self.to_raw.weight)
        with torch.no_grad():
            self.to_raw.bias.copy_(output.rest().repeat(targets))

    def forward(self, v: Tensor, known: Tensor, origins: Tensor) -> Tensor:
        """Points [O, B, H, D, P] from v [O, B, d] at O origins, and from what is known ahead of time.

        Args:
            v: the layer's signal.
            known: features [R, B, c] of rows in order.
            origins: int64 [O], for each origin which of these rows comes one step after it.
        """
        units = self.from_signal(v).unsqueeze(1) + self.from_lead.unsqueeze(1)  # [O, H, B, hidden]
        if self.from_known is not None:
            leads = torch.arange(self.horizon, device=v.device)
            units = units + self.from_known(known)[origins.unsqueeze(1) + leads]
        raw = torch.unflatten(self.to_raw(relu(units)), -1, (-1, len(self.output.anchors)))
        return self.output.points(raw).movedim(1, 2)
