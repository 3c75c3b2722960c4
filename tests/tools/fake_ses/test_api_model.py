"""Errors and statuses as botocore's model of the API has them."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import botocore
import pytest

from tools.fake_ses import errors as fake_errors

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def shapes() -> dict[str, Any]:
    path = Path(botocore.__file__).parent / "data/sesv2/2019-09-27/service-2.json.gz"
    model: dict[str, Any] = json.loads(gzip.decompress(path.read_bytes()))
    return model["shapes"]


def test_errors_have_the_http_status_of_the_api_model(shapes):
    modelled = {
        code: status
        for code, status in fake_errors.STATUS.items()
        if "error" in shapes.get(code, {})
    }
    assert len(modelled) >= 8
    assert modelled == {code: shapes[code]["error"]["httpStatusCode"] for code in modelled}


def test_bulk_statuses_are_those_of_the_api_model(shapes):
    assert set(fake_errors.BULK_STATUS.values()) <= set(shapes["BulkEmailStatus"]["enum"])
