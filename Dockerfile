# The packages, the service's own wheel, and what runs: three stages, so that a change of the code
# is a layer of less than a megabyte on top of the one with the packages.
FROM python:3.11-slim-bookworm AS packages
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PATH=/opt/recsys/bin:$PATH
RUN python -m venv /opt/recsys
COPY requirements.txt /src/
RUN pip install --require-hashes -r /src/requirements.txt

FROM packages AS wheel
WORKDIR /src
COPY setup.cfg pyproject.toml README.md LICENSE ./
COPY recsys_app recsys_app
COPY agents agents
COPY jobs jobs
COPY web web
RUN pip wheel --no-deps --no-build-isolation --wheel-dir /wheels .

FROM python:3.11-slim-bookworm
# Debian's Java writes links to manual pages, whose folder the slim image lacks. Versions are those
# of the Debian release that the base image is made from.
# hadolint ignore=DL3008
RUN mkdir -p /usr/share/man/man1 \
    && apt-get update \
    && apt-get install -y --no-install-recommends \
        openjdk-17-jre-headless procps tini \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --create-home --home-dir /var/lib/recsys recsys
COPY --from=packages /opt/recsys /opt/recsys
COPY --from=wheel /wheels /tmp/wheels
# Spark starts executors' pods with the one argument `executor`.
COPY deploy/spark_executor.py /opt/recsys/bin/executor
ENV PATH=/opt/recsys/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    RECSYS_HOME=/var/lib/recsys/home
RUN pip install --no-cache-dir --no-deps /tmp/wheels/*.whl
USER 10001
WORKDIR /var/lib/recsys
EXPOSE 6066
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=4 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ.get('PORT', '6066') + '/livez', timeout=4)"]
# It ends trainings' processes that nobody waits for, and passes SIGTERM on.
ENTRYPOINT ["tini", "--"]
CMD ["recsys", "worker", "--loglevel", "info"]
