# The recipients' pages, and every other command: docker run -v "$PWD:/project" mailer send NAME
FROM python:3.11-slim AS build
WORKDIR /src
COPY requirements.lock ./
RUN python -m venv /opt/mailer && /opt/mailer/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY mailer/ mailer/
COPY templates/ templates/
COPY docs/ docs/
RUN /opt/mailer/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.11-slim
RUN useradd --create-home --uid 10001 mailer && install -d -o mailer -m 0700 /project
COPY --from=build /opt/mailer /opt/mailer
ENV PATH=/opt/mailer/bin:$PATH PYTHONUNBUFFERED=1
USER mailer
WORKDIR /project
VOLUME /project
EXPOSE 8080
HEALTHCHECK CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8080/healthz', timeout=5)"]
ENTRYPOINT ["mailer"]
CMD ["serve", "--host", "0.0.0.0"]
