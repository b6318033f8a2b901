"""The jobs as a process is told to do them: Spark and pandas are imported there, not here.

A worker that only asks for trainings starts in half the time without them, and is smaller.
"""

from __future__ import annotations

from jobs.judging_spec import JudgingSpec, StepProgress
from jobs.report import EvaluationReport
from jobs.spec import TrainingResult, TrainingSpec
from jobs.tuning_spec import TuningReport, TuningSpec


def train(spec: TrainingSpec) -> TrainingResult:
    """What `jobs.als.train` returns and raises."""
    from jobs.als import train

    return train(spec)


def judge(spec: JudgingSpec, progress: StepProgress) -> EvaluationReport:
    """What `jobs.judging.judge` returns and raises."""
    from jobs.judging import judge

    return judge(spec, progress)


def tune(spec: TuningSpec, progress: StepProgress) -> TuningReport:
    """What `jobs.tuning.tune` returns and raises."""
    from jobs.tuning import tune

    return tune(spec, progress)
