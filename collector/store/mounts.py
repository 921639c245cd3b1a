"""On what kind of file system a file lies, as Linux tells; elsewhere nothing is known."""

import re
from pathlib import Path

MOUNTS = Path("/proc/self/mountinfo")
NETWORK = frozenset(
    ("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "lustre", "ncpfs", "fuse.sshfs",
     "fuse.glusterfs", "fuse.s3fs", "fuse.rclone", "fuse.juicefs")
)  # fmt: skip
"""Where neither locks nor durable writes can be relied on."""
_OCTAL = re.compile(r"\\([0-7]{3})")


def network(path: Path) -> str | None:
    """The kind of network file system that a path lies on, None: none that is known of."""
    try:
        lines = MOUNTS.read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return None
    found, kind = Path(), ""
    for line in lines:
        mounted, _, source = line.partition(" - ")
        at = Path(_OCTAL.sub(lambda code: chr(int(code[1], 8)), mounted.split(" ")[4]))
        # Of several, the innermost; of several there, the last.
        if path.is_relative_to(at) and len(at.parts) >= len(found.parts):
            found, kind = at, source.split(" ")[0]
    return kind if kind in NETWORK else None
