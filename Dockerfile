# Runs the main job, and passes the tests: the README's two commands on a fresh machine.
#   docker build -t leastloss .
#   docker run --rm leastloss
#   docker run --rm leastloss make test
FROM python:3.12-slim
RUN apt-get update && apt-get install --yes --no-install-recommends git make && rm -rf /var/lib/apt/lists/*
WORKDIR /leastloss
COPY . .
CMD ["make", "prune"]
