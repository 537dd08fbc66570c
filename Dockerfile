# One image for migrate, workers and beat; the command says which. No keys in it: they come from the environment.
ARG PYTHON=3.11
FROM python:${PYTHON}-slim

ENV PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1

WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY worker worker
COPY migrations migrations
RUN pip install --constraint constraints.txt '.[fast]' && rm -rf /src/*

# A folder of its own to stand in: from the source's folder, `import worker` would find that instead.
RUN useradd --system --user-group --no-create-home esms
WORKDIR /app
USER esms

CMD ["esms-worker", "--help"]
