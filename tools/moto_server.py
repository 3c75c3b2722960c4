"""moto's server, with a queue that loses nothing: `python -m tools.moto_server PORT`.

moto 5.2 deletes a message by copying the list of the others; what is put in meanwhile is lost.
"""

from __future__ import annotations

import sys
from typing import Any

from moto.server import main
from moto.sqs.models import Queue

_delete = Queue.delete_message


def _delete_alone(queue: Any, receipt_handle: str) -> None:
    with queue._messages_lock:
        _delete(queue, receipt_handle)


if __name__ == "__main__":
    Queue.delete_message = _delete_alone
    main(["-H", "127.0.0.1", "-p", sys.argv[1]])
