"""Requests are those of boto3, whatever its environment says, and each goes out once."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import threading
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import ClientError, NoCredentialsError, ProxyConnectionError

from mailer.transports.ses.client import AwsClients, Purpose
from tools.tls import server_context

BODY = b'{"Destination": {"ToAddresses": ["ana@example.org"]}}'
SECRET = "fake secret"
ANSWER = b'{"MessageId": "m-1"}'
OPERATIONS = ["send_email", "send_bulk_email"]
OF_RETRIES = {"amz-sdk-invocation-id", "amz-sdk-request"}
OF_THE_MOMENT = {"Authorization", "X-Amz-Date", "User-Agent", "Content-Length"}


@pytest.fixture(autouse=True)
def credentials(monkeypatch, tmp_path):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "fake")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    for name in ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


class _Body:
    def __init__(self, content):
        self._content = content

    def stream(self):
        yield self._content


def put_body(params, **_):
    params["body"] = BODY


def make_client(**options):
    return AwsClients("us-east-1", before_call=put_body, **options).client(Purpose.SENDING)


def call(client, operation="send_email", **arguments):
    return getattr(client, operation)(ConfigurationSetName="", **arguments)


def captured(client, operation, status=200, answer=b"{}"):
    """The request, as it is written to the network next."""
    requests = []

    def take(request, **_):
        requests.append(request)
        return AWSResponse(request.url, status, {}, _Body(answer))

    client.meta.events.register_first("before-send.sesv2", take)
    call(client, operation)
    (request,) = requests
    return request


def text(value):
    return value.decode() if isinstance(value, bytes) else value


def headers(request):
    return {name: text(value) for name, value in request.headers.items()}


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"AWS_USE_FIPS_ENDPOINT": "true"},
        {"AWS_USE_DUALSTACK_ENDPOINT": "true"},
        {"AWS_ENDPOINT_URL": "https://proxy.example/all"},
        {"AWS_ENDPOINT_URL": "https://a.example", "AWS_ENDPOINT_URL_SESV2": "http://b.example:81"},
        {"AWS_SESSION_TOKEN": "a token"},
        {"AWS_PROFILE": "north"},
    ],
    ids=" ".join,
)
def test_the_request_is_the_one_that_boto3_sends(operation, environment, monkeypatch, tmp_path):
    (tmp_path / "config").write_text("[profile north]\nendpoint_url = https://north.example\n")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    config = Config(
        retries={"mode": "standard", "total_max_attempts": 1}, parameter_validation=False
    )
    bare = boto3.Session(region_name="us-east-1").client("sesv2", config=config)
    bare.meta.events.register("before-call.sesv2.*", put_body)
    expected, sent = captured(bare, operation), captured(make_client(), operation)
    assert (sent.method, sent.url, sent.body) == (expected.method, expected.url, expected.body)
    assert headers(sent).keys() - OF_THE_MOMENT == (
        headers(expected).keys() - OF_THE_MOMENT - OF_RETRIES
    )
    assert headers(sent)["Content-Type"] == headers(expected)["Content-Type"]
    assert headers(sent)["User-Agent"].startswith("mailer Boto3/")
    assert signature(sent) == headers(sent)["Authorization"].rpartition("=")[2]
    credential = "Credential=fake/"
    assert all(credential in headers(request)["Authorization"] for request in (sent, expected))


def signature(request):
    """Worked out anew from what is sent, as Amazon does (Signature Version 4)."""
    sent = {name.lower(): value for name, value in headers(request).items()}
    sent["host"] = urlsplit(request.url).netloc
    _, scope, names, _ = sent["authorization"].replace(",", "").split(" ")
    _, day, region, service, end = scope.partition("=")[2].split("/")
    names = names.partition("=")[2]
    assert {"content-type", "host", "x-amz-date"} <= set(names.split(";"))
    canonical = [
        request.method, urlsplit(request.url).path, "",
        *(f"{name}:{sent[name]}" for name in names.split(";")), "",
        names, hashlib.sha256(request.body).hexdigest(),
    ]  # fmt: skip
    digest = hashlib.sha256("\n".join(canonical).encode()).hexdigest()
    scope = f"{day}/{region}/{service}/{end}"
    to_sign = "\n".join(["AWS4-HMAC-SHA256", sent["x-amz-date"], scope, digest])
    key = f"AWS4{SECRET}".encode()
    for part in (day, region, service, end):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, to_sign.encode(), "sha256").hex()


def test_an_error_is_raised_as_boto3_raises_it():
    answer = json.dumps({"__type": "MessageRejected", "message": "no"}).encode()
    client = make_client()
    with pytest.raises(client.exceptions.MessageRejected) as raised:
        captured(client, "send_email", 400, answer)
    assert isinstance(raised.value, ClientError)
    assert raised.value.response["Error"] == {"Code": "MessageRejected", "Message": "no"}
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert raised.value.operation_name == "SendEmail"


def test_nothing_leaves_without_credentials(monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    left = []
    client = make_client(before_send=lambda **_: left.append(1))
    with pytest.raises(NoCredentialsError):
        call(client)
    assert left == []


def test_credentials_are_asked_for_again_for_each_request():
    """Those of a role expire after an hour; a send takes longer."""
    clients = AwsClients("us-east-1", before_call=put_body)
    client = clients.client(Purpose.SENDING)
    credentials = clients.session.get_credentials()
    assert "Credential=fake/" in headers(captured(client, "send_email"))["Authorization"]
    credentials.access_key = "renewed"
    requests = []
    client.meta.events.register("before-send.sesv2", lambda request, **_: requests.append(request))
    call(client)
    assert "Credential=renewed/" in headers(requests[0])["Authorization"]


def test_a_request_is_marked_when_it_is_signed_and_before_it_is_written(monkeypatch):
    order = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.getsockname()[1]}")
        client = make_client(
            before_send=lambda request, **_: order.append("Authorization" in request.headers)
        )

        def serve():
            connection, _ = server.accept()
            order.append("written")
            answer(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        assert call(client)["MessageId"] == "m-1"
        thread.join()
    assert order == [True, "written"]


def answer(connection):
    with connection:
        received = b""
        while BODY not in received:
            received += connection.recv(65536)
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(ANSWER)}\r\n\r\n"
        connection.sendall(head.encode() + ANSWER)


@pytest.mark.parametrize("setting", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "config"])
def test_an_offices_own_certificates_are_trusted(setting, monkeypatch, tmp_path):
    context, certificate = server_context(tmp_path)
    if setting == "config":
        (tmp_path / "config").write_text(f"[default]\nca_bundle = {certificate}\n")
    else:
        monkeypatch.setenv(setting, str(certificate))
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            connection, _ = server.accept()
            answer(context.wrap_socket(connection, server_side=True))

        monkeypatch.setenv("AWS_ENDPOINT_URL", f"https://127.0.0.1:{server.getsockname()[1]}")
        thread = threading.Thread(target=serve)
        thread.start()
        assert call(make_client())["MessageId"] == "m-1"
        thread.join()


def test_an_offices_proxy_is_used(monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://ses.example")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with pytest.raises(ProxyConnectionError):
        call(make_client())
