# A static binary, run by nobody, with nothing else in the image.
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags="-s -w" -o /yourturn ./cmd/yourturn && mkdir /data

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /yourturn /yourturn
COPY --from=build --chown=nonroot:nonroot /data /data
WORKDIR /data
EXPOSE 9817
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s CMD ["/yourturn", "healthcheck", "--url", "http://127.0.0.1:9817/-/healthy"]
ENTRYPOINT ["/yourturn"]
CMD ["demo", "--web.listen-address", "0.0.0.0:9817"]
