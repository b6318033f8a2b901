from pathlib import Path

import pytest

from recsys_app.errors import ConfigurationError
from recsys_app.stack.stack import check_space


def test_a_full_disk_is_one_sentence(tmp_path: Path) -> None:
    check_space(tmp_path, needed_bytes=1)
    with pytest.raises(ConfigurationError, match=r"GB free and the servers need .* RECSYS_HOME"):
        check_space(tmp_path, needed_bytes=10**18)
