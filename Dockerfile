# One image for API, workers, beat and migration; compose.yaml names the command of each container.
# `--target flower` builds the image of Flower from the same lock, `--target oncall` one with the
# runbooks and their tools, for `securenet-obs oncall serve`.

# The build argument names a mirror, or a base of one's own.
ARG PYTHON=python:3.11.14-slim-bookworm

FROM ${PYTHON} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 UV_NO_CACHE=1 UV_LINK_MODE=copy
WORKDIR /build
COPY constraints.txt ./
RUN sed -n '/^uv==/,/[^\\]$/p' constraints.txt > uv.txt && \
    python -m pip install --no-deps --require-hashes -r uv.txt && \
    python -m venv --without-pip /opt/securenet
# The first part of the lock is for API, worker and beat, without JupyterLab and the tests' tools. It
# is installed as it is written: nothing is resolved.
RUN sed '/^# Above: /q' constraints.txt > service.txt && \
    uv pip install --python /opt/securenet --no-deps --require-hashes -r service.txt
COPY pyproject.toml README.md LICENSE ./
COPY securenet_obs ./securenet_obs
RUN uv build --wheel --require-hashes --build-constraint constraints.txt --out-dir dist && \
    uv pip install --python /opt/securenet --no-deps --compile-bytecode dist/*.whl && \
    uv pip check --python /opt/securenet

FROM build AS build-flower
# The extra `flower`: what the first part of the lock does not have of it.
RUN for name in flower humanize pytz tornado; do \
      sed -n "/^$name==/,/[^\\\\]\$/p" constraints.txt; \
    done > flower.txt && \
    uv pip install --python /opt/securenet --no-deps --require-hashes -r flower.txt && \
    uv pip check --python /opt/securenet

FROM build AS build-oncall
RUN uv pip install --python /opt/securenet --no-deps --require-hashes -r constraints.txt
COPY notebooks ./notebooks
COPY runbooks ./runbooks
RUN uv build --wheel --require-hashes --build-constraint constraints.txt --out-dir dist && \
    uv pip install --python /opt/securenet --no-deps --reinstall-package securenet-obs dist/*.whl

FROM ${PYTHON} AS runtime
# Files are written in this folder and /tmp only, so that the root file system can be read-only.
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/securenet securenet
ENV PATH=/opt/securenet/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER securenet
WORKDIR /var/lib/securenet

FROM runtime AS flower
COPY --from=build-flower /opt/securenet /opt/securenet
EXPOSE 5555
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s CMD ["python", "-c", "import http.client as h; c = h.HTTPConnection('127.0.0.1', 5555, timeout=4); c.request('GET', '/healthcheck'); raise SystemExit(c.getresponse().status != 200)"]
CMD ["python", "-m", "celery", "--quiet", "--app=securenet_obs.workers.celery_app", "flower", "--port=5555"]

FROM runtime AS oncall
COPY --from=build-oncall /opt/securenet /opt/securenet
VOLUME /var/lib/securenet
CMD ["securenet-obs", "oncall", "serve"]

FROM runtime AS service
COPY --from=build /opt/securenet /opt/securenet
# The store where it is SQLite, and beat's schedule.
VOLUME /var/lib/securenet
EXPOSE 8000
# The API's; a container with another command has another check.
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s CMD ["python", "-c", "import http.client as h; c = h.HTTPConnection('127.0.0.1', 8000, timeout=4); c.request('GET', '/health/ready'); raise SystemExit(c.getresponse().status != 200)"]
CMD ["python", "-m", "uvicorn", "securenet_obs.api.app:app", "--host", "0.0.0.0", "--port", "8000", "--timeout-graceful-shutdown", "5", "--timeout-keep-alive", "75"]
