# The page, then the one program with the page inside, then nothing but that.
FROM node:24-alpine AS web
WORKDIR /src/dashboard/web
COPY dashboard/web/package.json dashboard/web/package-lock.json ./
RUN npm ci
COPY dashboard/web/ ./
RUN npm run build

FROM golang:1.26-alpine AS build
ARG VERSION=dev
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
COPY --from=web /src/dashboard/web/dist/ dashboard/web/dist/
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=$VERSION" -o /out/shouwang ./cmd/shouwang \
    && mkdir /out/data

# distroless/static: certificates, no shell; runs as user 65532.
FROM gcr.io/distroless/static-debian12:nonroot
# For the health check alone.
COPY --from=busybox:1.37-musl /bin/busybox /bin/wget
COPY --from=build /out/shouwang /usr/local/bin/shouwang
# A new volume takes over the owner of the folder it is mounted on.
COPY --from=build --chown=65532:65532 /out/data /data
VOLUME /data
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/shouwang"]
CMD ["serve"]
