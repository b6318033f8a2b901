"""`implicit`'s ALS on a set of ratings: `python -m benchmarks.references.implicit_fit CSV RANK`."""

from __future__ import annotations

import json
import os
import sys
import time

import numpy as np
import pandas as pd
from implicit.cpu.als import AlternatingLeastSquares
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits


def main(path: str, rank: int) -> None:
    ratings = pd.read_csv(
        path, dtype={"rating": np.float32}, usecols=["userId", "movieId", "rating"]
    )
    matrix = csr_matrix((ratings.rating, (ratings.userId, ratings.movieId)))
    model = AlternatingLeastSquares(
        factors=rank, iterations=10, alpha=2.0, regularization=0.2, use_cg=False,
        use_native=True, num_threads=os.cpu_count() or 1, random_state=1,
    )  # fmt: skip
    with threadpool_limits(1, "blas"):  # as the library itself advises
        began, before = time.perf_counter(), time.process_time()
        model.fit(matrix, show_progress=False)
        taken = {
            "wall_seconds": time.perf_counter() - began,
            "cpu_seconds": time.process_time() - before,
        }
    print("result:", json.dumps(taken))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
