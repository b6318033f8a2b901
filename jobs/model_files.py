"""Models in HDFS, written through the Hadoop file system of Spark's JVM."""

from __future__ import annotations

from pyspark.sql import SparkSession

from jobs.item_factors import ItemFactors, item_factors_path
from jobs.spec import TrainingSpec


def save_item_factors(spark: SparkSession, spec: TrainingSpec, items: ItemFactors) -> None:
    """Leaves the item factors in HDFS, whole or not at all."""
    context = spark.sparkContext
    assert context._jvm is not None  # as long as the session lives
    assert context._gateway is not None
    hadoop = context._jvm.org.apache.hadoop.fs
    target = hadoop.Path(spec.hdfs_rpc_url + item_factors_path(spec.models_root, spec.version))
    temporary = hadoop.Path(target.getParent(), "_item_factors.tmp")
    files = hadoop.FileContext.getFileContext(target.toUri(), context._jsc.hadoopConfiguration())
    stream = target.getFileSystem(context._jsc.hadoopConfiguration()).create(temporary, True)
    stream.write(bytearray(items.to_bytes()))
    stream.close()
    # A version that failed half-way, or was left by an older database, is replaced.
    overwrite = context._gateway.new_array(hadoop.Options.Rename, 1)
    overwrite[0] = hadoop.Options.Rename.OVERWRITE
    files.rename(temporary, target, overwrite)
