# Tidings in one image: the program, and the simulated carrier for a first try.
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags="-s -w" -o /out/ ./cmd/tidings ./cmd/smsc

# No shell, no package manager, root certificates for carriers that speak TLS.
FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /out/ /usr/local/bin/
ENV TIDINGS_LISTEN=:8080 TIDINGS_LOG_FORMAT=json
USER nonroot:nonroot
EXPOSE 8080
# The same question for pages and workers: is the database there, and can it work?
HEALTHCHECK --interval=10s --timeout=6s --start-period=30s --retries=3 CMD ["/usr/local/bin/tidings", "health"]
ENTRYPOINT ["/usr/local/bin/tidings"]
CMD ["serve"]
