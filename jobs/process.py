"""The training as a process is told to do it: Spark and pandas are imported there, not here.

A worker that only asks for trainings starts in half the time without them, and is smaller.
"""

from __future__ import annotations

from jobs.spec import TrainingResult, TrainingSpec


def train(spec: TrainingSpec) -> TrainingResult:
    """What `jobs.als.train` returns and raises."""
    from jobs.als import train

    return train(spec)
