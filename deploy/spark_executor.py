#!/usr/bin/env python
"""`executor` in the image: what Spark starts its pods with, as in the script of its own images."""

import os
from pathlib import Path

import pyspark

PREFIX = "SPARK_JAVA_OPT_"
ARGUMENTS = {
    "--driver-url": "SPARK_DRIVER_URL",
    "--executor-id": "SPARK_EXECUTOR_ID",
    "--cores": "SPARK_EXECUTOR_CORES",
    "--app-id": "SPARK_APPLICATION_ID",
    "--hostname": "SPARK_EXECUTOR_POD_IP",
    "--resourceProfileId": "SPARK_RESOURCE_PROFILE_ID",
    "--podName": "SPARK_EXECUTOR_POD_NAME",
}

if __name__ == "__main__":
    given = os.environ
    jars = str(Path(pyspark.__file__).parent / "jars" / "*")
    paths = (given.get("SPARK_CONF_DIR"), given.get("SPARK_CLASSPATH"), jars)
    memory = given["SPARK_EXECUTOR_MEMORY"]
    numbers = sorted(int(key.removeprefix(PREFIX)) for key in given if key.startswith(PREFIX))
    options = [given[f"{PREFIX}{number}"] for number in numbers]
    options += [f"-Xms{memory}", f"-Xmx{memory}", "-cp", ":".join(filter(None, paths))]
    main = "org.apache.spark.scheduler.cluster.k8s.KubernetesExecutorBackend"
    arguments = [part for name, key in ARGUMENTS.items() for part in (name, given[key])]
    os.execvp("java", ["java", *options, main, *arguments])  # noqa: S606
