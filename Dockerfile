# One image for API, worker and beat; compose.yaml says which of them a container is. A second one,
# the target `oncall`, has the runbooks and their tools, for `securenet-obs oncall serve`.

FROM python:3.11-slim AS build
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

FROM build AS build-oncall
RUN uv pip install --python /opt/securenet --no-deps --require-hashes -r constraints.txt
COPY notebooks ./notebooks
COPY runbooks ./runbooks
RUN uv build --wheel --require-hashes --build-constraint constraints.txt --out-dir dist && \
    uv pip install --python /opt/securenet --no-deps --reinstall-package securenet-obs dist/*.whl

FROM python:3.11-slim AS oncall
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/securenet securenet
COPY --from=build-oncall /opt/securenet /opt/securenet
ENV PATH=/opt/securenet/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER securenet
WORKDIR /var/lib/securenet
VOLUME /var/lib/securenet
CMD ["securenet-obs", "oncall", "serve"]

FROM python:3.11-slim
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/securenet securenet
COPY --from=build /opt/securenet /opt/securenet
ENV PATH=/opt/securenet/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER securenet
# What is kept: the store where it is SQLite, and beat's schedule.
WORKDIR /var/lib/securenet
VOLUME /var/lib/securenet
EXPOSE 8000
CMD ["python", "-m", "uvicorn", "securenet_obs.api.app:app", "--host", "0.0.0.0", "--port", "8000", "--timeout-graceful-shutdown", "5"]
