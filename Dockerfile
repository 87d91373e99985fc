# The tap alone, for schedulers that run containers; docs/how-to/containers-and-secrets.md says how to run it.
# By tag: the base has the fixes of Debian and Python at each build, and a digest is no fact here before
# somebody has pulled it. Who needs builds that can be repeated pins both lines to the digest they have tried.
FROM python:3.13-slim-trixie AS build
# As in the Makefile.
RUN pip install --no-cache-dir --root-user-action=ignore uv==0.13.9
# Compiled here: nothing can be written later, and Python would compile at each start.
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_NO_CACHE=1 UV_PYTHON_DOWNLOADS=never \
    UV_PROJECT_ENVIRONMENT=/opt/tap
WORKDIR /src
# What the tap needs changes seldom: the layer stays when its code does not.
COPY pyproject.toml uv.lock ./
RUN uv sync --quiet --locked --no-dev --no-install-project
COPY LICENSE README.md hatch_build.py ./
COPY tap_versionforge_salesforce tap_versionforge_salesforce
RUN uv sync --quiet --locked --no-dev --no-editable

FROM python:3.13-slim-trixie
LABEL org.opencontainers.image.title="tap-versionforge-salesforce" \
      org.opencontainers.image.description="Singer tap for Salesforce" \
      org.opencontainers.image.licenses="Apache-2.0"
# tini hands signals on: as process 1 the tap would have none of the usual answers to them.
# Without a version, for that would be gone from Debian's mirrors with its first fix.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends tini \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /opt/tap /opt/tap
# Logs come at once. What is written (pages that wait, what describes have told) goes into /tmp, and only there.
ENV PATH=/opt/tap/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 XDG_CACHE_HOME=/tmp
# As a number, so that Kubernetes sees that it is not root. It owns nothing, and any other does as well.
USER 10001
WORKDIR /work
ENTRYPOINT ["tini", "--", "tap-versionforge-salesforce"]
