# The production image: one static binary and the certificates by which it trusts panels and databases.
# It has no shell, writes no file and runs as nobody in particular; `docker run --read-only` suits it.
FROM rust:1.95-alpine AS build
# ring is partly C.
RUN apk add --no-cache ca-certificates gcc musl-dev
WORKDIR /src
COPY . .
# The practice panel has no place where real money is spent: its crate is built for tests and the demo only.
RUN SQLX_OFFLINE=true cargo build --release --locked --package orderwatch

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /src/target/release/orderwatch /orderwatch
USER 65532:65532
# It listens on the container's own loopback until it is told otherwise, which needs a token:
# ORDERWATCH__HTTP__LISTEN=0.0.0.0:8787 and ORDERWATCH__HTTP__TOKEN_FILE=/run/secrets/http-token.
EXPOSE 8787
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s --retries=3 CMD ["/orderwatch", "healthcheck"]
ENTRYPOINT ["/orderwatch"]
CMD ["run"]
