"""Reads a published file, which is a list or a receipt."""

from services.ranking.proofs.domain.canonical import parse_json
from services.ranking.proofs.domain.list_file import ListFile, parse_list
from services.ranking.proofs.domain.receipt_file import RECEIPT_FORMATS, Receipt, parse_receipt


def read(data: bytes) -> ListFile | Receipt:
    """The list or the receipt that a file holds.

    Raises ProofFault where it is neither, or not written as it must be to the byte.
    """
    value = parse_json(data)
    if isinstance(value, dict) and value.get("format") in RECEIPT_FORMATS.values():
        return parse_receipt(data, value)
    return parse_list(data, value)
