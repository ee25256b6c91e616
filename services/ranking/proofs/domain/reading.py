"""Reads a published file, which is a list or a receipt."""

import json
from typing import Any

from services.ranking.proofs.domain.canonical import TOO_DEEP
from services.ranking.proofs.domain.fault import ProofFault
from services.ranking.proofs.domain.list_file import ListFile, parse_list
from services.ranking.proofs.domain.receipt_file import RECEIPT_FORMATS, Receipt, parse_receipt


def read(data: bytes) -> ListFile | Receipt:
    """The list or the receipt that a file holds.

    Raises ProofFault where it is neither, or not written as it must be to the byte.
    """
    value = _json(data)
    if isinstance(value, dict) and value.get("format") in RECEIPT_FORMATS.values():
        return parse_receipt(data, value)
    return parse_list(data, value)


def _json(data: bytes) -> Any:
    try:
        return json.loads(data.decode(), parse_float=_no_float, parse_constant=_no_float)
    except RecursionError as error:
        raise ProofFault("the file", TOO_DEEP) from error
    except ValueError as error:
        raise ProofFault("the file", f"not JSON in UTF-8 as it was written: {error}") from error


def _no_float(text: str) -> Any:
    raise ValueError(f"{text} is no integer; exact decimals are strings")
