FROM node:24.19.0-bookworm-slim@sha256:a9f5f7c91a432850b2a8a7797adf5eadb6c733ceed61167806cee7ea7fbc29df AS explorer
WORKDIR /build/explorer
COPY explorer/package.json explorer/package-lock.json explorer/.npmrc ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY explorer .
RUN npm run build

# Python 3.13, although wheels of all locked dependencies exist for 3.14 too: base images are pinned by digest, and no
# image of 3.14 has been built and started yet. The stages use the same image, because the environment is copied.
FROM python:3.13.15-slim-trixie@sha256:7c61056e61ac89e852de05f3dc6fa51a6dd2181797bceed46aa725dd7cb2cd3b AS service
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1
WORKDIR /build
COPY requirements/service.txt requirements/build.txt requirements/
RUN python -m venv /opt/service \
    && /opt/service/bin/pip install --require-hashes --requirement requirements/service.txt \
    && python -m venv /opt/build \
    && /opt/build/bin/pip install --require-hashes --requirement requirements/build.txt
COPY pyproject.toml README.md LICENSE ./
COPY explorer/build.py explorer/
COPY app app
COPY --from=explorer /build/app/web/explorer_bundle app/web/explorer_bundle
RUN /opt/build/bin/hatchling build --target wheel --directory wheel \
    && /opt/service/bin/pip install --no-deps wheel/*.whl

FROM python:3.13.15-slim-trixie@sha256:7c61056e61ac89e852de05f3dc6fa51a6dd2181797bceed46aa725dd7cb2cd3b
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin service
COPY --from=service /opt/service /opt/service
WORKDIR /srv
ENV PATH=/opt/service/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOST=0.0.0.0 \
    PORT=8000
USER 10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/livez', timeout=2)"]
ENTRYPOINT ["customer-gateway"]
CMD ["serve"]
