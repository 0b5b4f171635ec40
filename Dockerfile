# The service as it runs on ECS and Kubernetes, and a larger image with everything for a try on one machine.
#
#   docker build -t log-distributor .                    the service
#   docker build -t log-distributor-local --target local .   provisioning and producer for docker-compose.yml

FROM node:26-slim AS production-packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --workspaces=false --ignore-scripts --no-audit --no-fund && npm cache clean --force
# What `npm run sbom` prints too: the image carries the list of its packages.
RUN npm pkg delete devDependencies workspaces && npm sbom --sbom-format=cyclonedx --sbom-type=application > sbom.cdx.json

FROM node:26-slim AS local
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY embedded-aws/package.json embedded-aws/
# The image has its Node; the repository's own, a development dependency, stays without its binary.
RUN npm ci --ignore-scripts --no-audit --no-fund && npm cache clean --force
COPY service service
COPY embedded-aws embedded-aws
COPY local local
USER node
ENTRYPOINT ["node"]

FROM local AS bundle
USER root
RUN node local/bundle.ts /bundle

# Last, so that it is what a build without a target makes.
FROM node:26-slim AS service
# One arena of the C library instead of one for each thread, a main thread whose young objects take 8 MB and not 32, and
# heaps that shrink when there is nothing to do (docs/decisions/0011-bundle.md).
ENV NODE_ENV=production MALLOC_ARENA_MAX=1 NODE_OPTIONS="--max-semi-space-size=4 --expose-gc"
WORKDIR /app
COPY --from=production-packages /app/sbom.cdx.json ./
COPY package.json LICENSE ./
# Packages included (docs/decisions/0011-bundle.md).
COPY --from=bundle /bundle service
# Also the command line: `log-distributor tenants list`, in the running container or as the image's arguments.
RUN chmod +x service/main.js && ln -s /app/service/main.js /usr/local/bin/log-distributor
# Nothing is written: the image runs with a read-only root file system.
USER node
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.HTTP_PORT || 8080}/healthz`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# Node handles SIGTERM itself as process 1: it drains, and ends within SHUTDOWN_GRACE_SECONDS.
ENTRYPOINT ["node", "service/main.js"]
