# A static binary that runs as an unprivileged user. The image holds nothing else
# except the certificate authorities that Jira's certificate is checked with.
# Git's data are not in the context, so the build is told what it builds:
#
#   docker build --build-arg VERSION="$(git describe --tags --always --dirty)" --build-arg REVISION="$(git rev-parse HEAD)" \
#     --build-arg DATE="$(git log -1 --format=%cI)" -t yourturn .
FROM golang:1.26.8-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=
ARG REVISION=
ARG DATE=
RUN CGO_ENABLED=0 go build -trimpath -ldflags="-s -w -X github.com/yourturn/yourturn/internal/app.version=${VERSION} -X github.com/yourturn/yourturn/internal/app.revision=${REVISION} -X github.com/yourturn/yourturn/internal/app.date=${DATE}" -o /out/yourturn ./cmd/yourturn \
 && mkdir -p /out/data /out/tmp /out/etc/ssl/certs \
 && cp /etc/ssl/certs/ca-certificates.crt /out/etc/ssl/certs/ \
 && chown -R 65532:65532 /out/data /out/tmp

FROM scratch
ARG VERSION=
ARG REVISION=
ARG DATE=
LABEL org.opencontainers.image.version="${VERSION}" org.opencontainers.image.revision="${REVISION}" org.opencontainers.image.created="${DATE}"
COPY --from=build /out /
USER 65532:65532
WORKDIR /data
EXPOSE 9817 9818
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s CMD ["/yourturn", "healthcheck", "--url", "http://127.0.0.1:9817/-/healthy"]
ENTRYPOINT ["/yourturn"]
CMD ["demo", "--web.listen-address", "0.0.0.0:9817", "--jira.listen-address", "0.0.0.0:9818"]
