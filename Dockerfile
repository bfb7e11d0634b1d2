# The hub alone; PostgreSQL comes from elsewhere (docker-compose.yml). Build: docker build -t modelhub .
FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
WORKDIR /src
# What restoring needs comes first, so that a change of code does not fetch the packages again.
COPY global.json Directory.Build.props Directory.Packages.props ./
COPY src/ModelHub.Engine/*.csproj src/ModelHub.Engine/packages.lock.json src/ModelHub.Engine/
COPY src/ModelHub.Application/*.csproj src/ModelHub.Application/packages.lock.json src/ModelHub.Application/
COPY src/ModelHub.Infrastructure/*.csproj src/ModelHub.Infrastructure/packages.lock.json src/ModelHub.Infrastructure/
COPY src/ModelHub.Api/*.csproj src/ModelHub.Api/packages.lock.json src/ModelHub.Api/
RUN dotnet restore src/ModelHub.Api --locked-mode
COPY .editorconfig ./
COPY src/ src/
RUN dotnet publish src/ModelHub.Api -c Release --no-restore -o /app -p:UseAppHost=false
# ONNX Runtime and DuckDB's library, for ONNX models and Parquet files: npm fetches them here, so that the image needs neither npm nor a network.
RUN apt-get update && apt-get install -y --no-install-recommends npm && MODELHUB_NATIVES=/natives dotnet /app/modelhub.dll natives

FROM mcr.microsoft.com/dotnet/aspnet:10.0
WORKDIR /app
COPY --from=build /app ./
COPY --from=build /natives /natives
# For models from registered repositories. Bubblewrap is not here: an unprivileged container may not make the namespaces that it needs.
RUN apt-get update && apt-get install -y --no-install-recommends git && rm -rf /var/lib/apt/lists/*
# The user `app` (1654) comes with the base image; a new volume on /data takes over the folder's owner.
RUN mkdir /data && chown app:app /data
USER app
ENV ASPNETCORE_URLS=http://0.0.0.0:5080 \
    MODELHUB_DATA=/data \
    MODELHUB_NATIVES=/natives \
    MODELHUB_LOG=json
VOLUME /data
EXPOSE 5080
# The base image has neither curl nor wget, but bash can speak TCP.
HEALTHCHECK --interval=5s --timeout=5s --start-period=60s --retries=6 \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/5080 && printf 'GET /health/ready HTTP/1.0\\r\\nHost: localhost\\r\\n\\r\\n' >&3 && head -n 1 <&3 | grep -q ' 200 '"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["dotnet", "modelhub.dll"]
CMD ["up"]
