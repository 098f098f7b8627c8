# HarMA as a server (the HTTP API and the map page), and as a worker of a Ray cluster. Neither holds a model, an index or data:
# docs/deploy.md, docs/scale.md.
#   docker build -t harma .
#   docker build -t harma-worker --target worker --build-arg EXTRAS=cluster .
#   docker build -t harma:cpu --build-arg TORCH_INDEX=ADDRESS .    (ADDRESS: the index of CPU builds, docs/deploy.md)

FROM python:3.11-slim-bookworm AS wheel
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY src src
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .


FROM python:3.11-slim-bookworm AS installed
# torch and torchvision belong together, so both come from one index. The usual one has builds that run on CPUs and, with
# several GB more, on GPUs; the index of CPU builds that PyTorch's install page names makes the image small.
ARG TORCH_INDEX=
# What is installed besides; postgres and notify may be added: search,serve,postgres.
ARG EXTRAS=search,serve
RUN python -m venv /opt/harma
ENV PATH=/opt/harma/bin:$PATH
COPY constraints.txt /wheels/
RUN pip install --no-cache-dir --no-deps ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} --constraint /wheels/constraints.txt \
    torch torchvision
COPY --from=wheel /wheels /wheels
RUN pip install --no-cache-dir --constraint /wheels/constraints.txt \
    "harma[$EXTRAS] @ file://$(echo /wheels/harma-*.whl)"


FROM python:3.11-slim-bookworm AS base
# GDAL in the wheel of rasterio needs it.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libexpat1 \
    && rm -rf /var/lib/apt/lists/*
RUN useradd --uid 10001 --create-home harma \
    && mkdir /state \
    && chown harma /state
COPY --from=installed /opt/harma /opt/harma
# Nothing is fetched; what Python prints is seen at once.
ENV PATH=/opt/harma/bin:$PATH \
    HF_HUB_OFFLINE=1 \
    PYTHONUNBUFFERED=1


FROM base AS worker
# KubeRay asks with wget whether a node is well, and starts Ray in a login shell, which has a PATH of its own.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends wget \
    && rm -rf /var/lib/apt/lists/* \
    && ln -s /opt/harma/bin/harma /opt/harma/bin/ray /usr/local/bin/
# Nothing is told to others.
ENV RAY_USAGE_STATS_ENABLED=0
USER 10001
WORKDIR /home/harma
CMD ["harma", "--help"]


FROM base AS server
# A thread for each search (--max-threads).
ENV OMP_NUM_THREADS=1
USER 10001
WORKDIR /home/harma
EXPOSE 8000
# Loading a large model takes a while; whether it is loaded is asked at /readyz.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
# Saved searches are in /state, so that the index may be mounted read-only.
ENTRYPOINT ["harma", "serve", "--host", "0.0.0.0", "--port", "8000", "--state", "/state"]
# It starts only with keys, or behind a proxy that names people (--trust-header in their place).
CMD ["/archive", "--key-file", "/run/secrets/harma_keys"]
