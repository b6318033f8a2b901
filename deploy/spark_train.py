"""`recsys train` for spark-submit, which wants a file: see docs/spark.md."""

import sys

from recsys_app.__main__ import main

if __name__ == "__main__":
    main(["train", *sys.argv[1:]])
