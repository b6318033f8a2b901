"""Models in HDFS."""

from __future__ import annotations

from pyspark.sql import SparkSession

from jobs.hadoop_files import HadoopFiles
from jobs.item_factors import ItemFactors, item_factors_path
from jobs.spec import TrainingSpec


def save_item_factors(spark: SparkSession, spec: TrainingSpec, items: ItemFactors) -> None:
    """Leaves the item factors in HDFS, whole or not at all."""
    files = HadoopFiles(spark, spec.hdfs_rpc_url)
    target = item_factors_path(spec.models_root, spec.version)
    temporary = f"{target.rpartition('/')[0]}/_item_factors.tmp"
    files.write(temporary, items.to_bytes())
    # A version that failed half-way, or was left by an older database, is replaced.
    files.rename(temporary, target, overwrite=True)
