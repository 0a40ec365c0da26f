# One image for API, worker and beat; compose.yaml says which of them a container is.

FROM python:3.11-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 UV_NO_CACHE=1 UV_LINK_MODE=copy
WORKDIR /build
COPY constraints.txt ./
# uv checks the hashes of constraints.txt for the few packages that a service needs; pip could only
# install all that the file pins, JupyterLab and the tests' tools included.
RUN sed -n '/^uv==/,/[^\\]$/p' constraints.txt > uv.txt && \
    python -m pip install --require-hashes -r uv.txt && \
    python -m venv --without-pip /opt/securenet
COPY pyproject.toml README.md LICENSE ./
RUN uv pip install --python /opt/securenet -c constraints.txt -r pyproject.toml uvicorn
COPY securenet_obs ./securenet_obs
RUN uv build --wheel --require-hashes --build-constraint constraints.txt --out-dir dist && \
    uv pip install --python /opt/securenet --no-deps --compile-bytecode dist/*.whl

FROM python:3.11-slim
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/securenet securenet
COPY --from=build /opt/securenet /opt/securenet
ENV PATH=/opt/securenet/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER securenet
# What is kept: the store where it is SQLite, and beat's schedule.
WORKDIR /var/lib/securenet
VOLUME /var/lib/securenet
EXPOSE 8000
CMD ["python", "-m", "uvicorn", "securenet_obs.app:app", "--host", "0.0.0.0", "--port", "8000", "--timeout-graceful-shutdown", "5"]
