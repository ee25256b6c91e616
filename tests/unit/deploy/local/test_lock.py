"""One folder has one supervisor."""

from pathlib import Path

import pytest

from deploy.local.lock import hold_lock, lock_is_held
from deploy.local.process import StackError


def test_a_folder_is_held_once(tmp_path: Path) -> None:
    """A second holder is refused with what to do; afterwards the folder is free."""
    assert not lock_is_held(tmp_path)
    with hold_lock(tmp_path):
        assert lock_is_held(tmp_path)
        with pytest.raises(StackError, match="terang local down"), hold_lock(tmp_path):
            pass
    assert not lock_is_held(tmp_path)
