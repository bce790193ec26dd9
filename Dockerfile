# The production image: the program with the libraries that it loads and the certificates by which it trusts panels and
# databases. It has no shell, writes no file and runs as nobody in particular; `docker run --read-only` suits it.
#
# Where images cannot be pulled, `scripts/image` makes it of a built program by the last stage alone.
FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
# The practice panel has no place where real money is spent: its crate is built for tests and the demo only.
RUN cargo build --release --locked --package orderwatch && scripts/image-root target/release/orderwatch /image

FROM scratch
COPY --from=build /image/ /
USER 65532:65532
# It listens on the container's own loopback until it is told otherwise, which needs a token:
# ORDERWATCH__HTTP__LISTEN=0.0.0.0:8787 and ORDERWATCH__HTTP__TOKEN_FILE=/run/secrets/http-token.
EXPOSE 8787
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s --retries=3 CMD ["/usr/bin/orderwatch", "healthcheck"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/bin/orderwatch"]
CMD ["run"]
