# Serene as a container: one binary, the C library, CA roots, nothing else.
#
#   docker build -t serene .
#   docker run -p 8000:8000 -v serene-data:/data --stop-timeout 30 serene
#
# `make image-test` runs the same file tree without a container engine.

FROM rust:1.95-slim-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --release --locked --package serene-server --bin serene \
    && mkdir /data

# Debian 12's C library, libgcc, CA roots and a user 65532, without a shell. Not Alpine: with musl
# a read costs two to three times the CPU.
FROM gcr.io/distroless/cc-debian12
COPY --from=build /src/target/release/serene /serene
# A new volume takes its owner from here.
COPY --from=build --chown=65532:65532 /data /data
USER 65532:65532
# The default database is ./data/serene.db.
WORKDIR /
VOLUME /data
ENV SERVER_HOST=0.0.0.0
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=5s CMD ["/serene", "healthcheck"]
# Replies that are being written have 25 seconds after SIGTERM: give `docker stop` 30.
ENTRYPOINT ["/serene"]
