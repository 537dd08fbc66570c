# One image for migrate, workers and beat; the command says which. No keys in it: they come from the environment.
# By digest, so that nobody can put another image behind the name. For a newer one change tag and digest together:
# `docker buildx imagetools inspect python:3.11-slim` tells it.
FROM python:3.11-slim@sha256:db3ff2e1800a8581e2c48a27c3995339d47bdf046da21c7627accd3d51053a93

ENV PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore

WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY .ci/install.py .ci/
COPY worker worker
COPY migrations migrations
RUN python .ci/install.py fast http metrics && rm -rf /src/* /src/.ci

# A folder of its own to stand in: from the source's folder, `import worker` would find that instead.
RUN useradd --system --user-group --no-create-home esms
WORKDIR /app
USER esms

CMD ["esms-worker", "--help"]
