"""What a step of `carousel fit` costs beyond a bare loop over the same model and batches.

    python tools/measure_overhead.py [ROUNDS]

Both run in turn, on one thread. A step is counted by the processor time of its thread, which others on the machine
disturb less than a clock, and of all steps the 20th percentile is taken.
"""

import statistics
import sys
import tempfile
import time
from unittest import mock

import torch

from carousel.training import Config, Material, SequenceModel, fit, override, task_of
from carousel.training.environment import cpu_threads

SETTINGS = {
    "small": ["hidden_size=8", "batch_size=8", "epochs=4"],
    "middle": ["hidden_size=64", "batch_size=16", "epochs=6"],
    "large": ["hidden_size=160", "batch_size=32", "epochs=6"],
}


def in_bare_loop(config: Config, material: Material) -> list[float]:
    """Seconds of each step but the first of an epoch."""
    training = config.training
    model = task_of(config).model(config, **material.names).train()
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=training.learning_rate, weight_decay=training.weight_decay
    )
    steps = training.epochs * len(material.train)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, training.learning_rate, total_steps=steps)
    seconds = []
    for _ in range(training.epochs):
        before = None
        for batch in material.train:
            optimizer.zero_grad()
            model.scores(batch)["loss"].mean().backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), training.gradient_clip)
            optimizer.step()
            schedule.step()
            now = time.thread_time()
            if before is not None:
                seconds.append(now - before)
            before = now
    return seconds


def in_fit(config: Config) -> list[float]:
    """Seconds of each step but the first of an epoch, from the end of one batch to that of the next."""
    seconds, original, before = [], SequenceModel.on_train_batch_end, [0.0]

    def ended(model, outputs, batch, index):
        original(model, outputs, batch, index)
        now = time.thread_time()
        if index:
            seconds.append(now - before[0])
        before[0] = now

    with (
        mock.patch.object(SequenceModel, "on_train_batch_end", ended),
        tempfile.TemporaryDirectory() as folder,
    ):
        fit(config, f"{folder}/run", progress=False)
    return seconds


def main(rounds: int) -> None:
    for name, settings in SETTINGS.items():
        config = override(Config(), settings)
        material = task_of(config).prepare(config)
        bare, fitted = [], []
        with cpu_threads(1):
            for _ in range(rounds):
                bare += in_bare_loop(config, material)
                fitted += in_fit(config)
        one, other = (1000 * statistics.quantiles(seconds, n=5)[0] for seconds in (bare, fitted))
        more = 100 * (other / one - 1)
        print(
            f"{name}: bare {one:.2f} ms, fit {other:.2f} ms, {other - one:+.2f} ms ({more:+.0f} %)",
            flush=True,
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
