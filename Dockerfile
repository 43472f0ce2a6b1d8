FROM node:24-slim AS explorer
WORKDIR /build/explorer
COPY explorer/package.json explorer/package-lock.json explorer/.npmrc ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY explorer .
RUN npm run build

FROM python:3.13-slim AS dependencies
WORKDIR /build
COPY requirements/service.txt .
RUN python -m venv /opt/service \
    && /opt/service/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes --requirement service.txt

FROM python:3.13-slim
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin service
COPY --from=dependencies /opt/service /opt/service
WORKDIR /srv
COPY app app
COPY --from=explorer /build/app/web/explorer_bundle app/web/explorer_bundle
ENV PATH=/opt/service/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOST=0.0.0.0 \
    PORT=8000
USER 10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/livez', timeout=2)"]
ENTRYPOINT ["python", "-m", "app"]
CMD ["serve"]
