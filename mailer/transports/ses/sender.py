"""Send the requests of boto3's client for messages, in three quarters of the CPU that boto3 takes.

boto3 does all it does up to the request: credentials, region, endpoint and parameters of its signature.
The rest is made here of the parts that boto3 makes it of, without what serves retries, which messages
never have, and without going through the body and the headers again and again.
"""

from __future__ import annotations

from functools import lru_cache
from socket import IPPROTO_TCP, SO_KEEPALIVE, SOL_SOCKET, TCP_NODELAY
from typing import TYPE_CHECKING, Any

from botocore.awsrequest import AWSPreparedRequest, AWSRequest
from botocore.endpoint import EndpointCreator, convert_to_response_dict
from botocore.hooks import first_non_none_response
from botocore.parsers import ResponseParserFactory

if TYPE_CHECKING:
    from botocore.awsrequest import AWSResponse
    from botocore.httpsession import URLLib3Session
    from botocore.model import OperationModel
    from botocore.parsers import ResponseParser
    from botocore.signers import RequestSigner

_SOCKET_OPTIONS = [(IPPROTO_TCP, TCP_NODELAY, 1), (SOL_SOCKET, SO_KEEPALIVE, 1)]


class RequestSender:
    """A handler of boto3's event `before-call`, whose answer boto3 takes for that of the service.

    Args:
        client: of boto3.
        ca_bundle: the path of certificates to trust, as boto3 is told it; None for its own.
    """

    def __init__(self, client: Any, ca_bundle: str | None) -> None:
        self._events = client.meta.events
        self._http = _connections(client.meta, ca_bundle)

    def __call__(
        self,
        model: OperationModel,
        params: dict[str, Any],
        request_signer: RequestSigner,
        **_: object,
    ) -> tuple[AWSResponse, Any]:
        """Sign a request, send it once, and read the answer.

        Raises:
            BotoCoreError: as boto3 raises it where there are no credentials, or there is no answer.
        """
        request = _Request(params["method"], params["url"], params["headers"], params["body"])
        request.context = params["context"]
        request_signer.sign(model.name, request)
        response = self._send(model.name, request)
        parsed = _parser(model.service_model.resolved_protocol).parse(
            convert_to_response_dict(response, model), model.output_shape
        )
        return response, parsed

    def _send(self, operation: str, request: AWSRequest) -> AWSResponse:
        prepared = AWSPreparedRequest(
            request.method,
            request.url,
            dict(request.headers.items()),
            request.body,
            stream_output=False,
        )
        responses = self._events.emit(f"before-send.sesv2.{operation}", request=prepared)
        return first_non_none_response(responses) or self._http.send(prepared)


def _connections(meta: Any, ca_bundle: str | None) -> URLLib3Session:
    """Connections as boto3 makes them for a client: its proxies, certificates and times to wait."""
    endpoint = EndpointCreator(meta.events).create_endpoint(
        meta.service_model,
        meta.region_name,
        meta.endpoint_url,
        verify=ca_bundle,
        timeout=(meta.config.connect_timeout, meta.config.read_timeout),
        max_pool_connections=meta.config.max_pool_connections,
        socket_options=_SOCKET_OPTIONS,
    )
    return endpoint.http_session


class _Request(AWSRequest):  # type: ignore[misc] # botocore has no types
    @property
    def body(self) -> Any:
        """The body, without preparing the whole request for it."""
        return self.data


@lru_cache
def _parser(protocol: str) -> ResponseParser:
    return ResponseParserFactory().create_parser(protocol)
