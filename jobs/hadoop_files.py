"""Single files and directories in HDFS, through the Hadoop file system of Spark's JVM."""

from __future__ import annotations

from typing import Any

from pyspark.sql import SparkSession


class HadoopFiles:
    """The file system that a URL such as `hdfs://host:port` names; paths begin at its root."""

    def __init__(self, spark: SparkSession, url: str) -> None:
        context = spark.sparkContext
        assert context._jvm is not None  # as long as the session lives
        assert context._gateway is not None
        self._gateway = context._gateway
        self._hadoop = context._jvm.org.apache.hadoop.fs
        self._url = url
        configuration = context._jsc.hadoopConfiguration()
        root = self._path("/")
        self._files = root.getFileSystem(configuration)
        self._context = self._hadoop.FileContext.getFileContext(root.toUri(), configuration)

    def write(self, path: str, content: bytes) -> None:
        """Creates a file, or replaces what it held; one that is being written is visible."""
        stream = self._files.create(self._path(path), True)
        stream.write(bytearray(content))
        stream.close()

    def exists(self, path: str) -> bool:
        return bool(self._files.exists(self._path(path)))

    def delete(self, path: str) -> None:
        """Deletes a file, or a directory with what is in it, if there is one."""
        self._files.delete(self._path(path), True)

    def rename(self, source: str, target: str, *, overwrite: bool = False) -> None:
        """Renames a file or directory in one step; fails if it may not overwrite what is there."""
        kind = self._hadoop.Options.Rename
        options = self._gateway.new_array(kind, 1)
        options[0] = kind.OVERWRITE if overwrite else kind.NONE
        self._context.rename(self._path(source), self._path(target), options)

    def _path(self, path: str) -> Any:
        return self._hadoop.Path(self._url + path)
