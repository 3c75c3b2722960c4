"""premailer, without the HTTP client that it imports for style sheets on the web: none is fetched here.

That client is a tenth of the time in which the command line starts.
"""

from __future__ import annotations

import sys
from types import ModuleType

_REAL = sys.modules.get("requests")
sys.modules["requests"] = _REAL or ModuleType("requests")
try:
    from premailer import Premailer
finally:
    if _REAL is None:
        del sys.modules["requests"]

__all__ = ["Premailer"]
