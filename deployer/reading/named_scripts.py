"""Which script files a manifest names, guessed from its text: for manifests that cannot be read."""

import posixpath
import re

from deployer.reading.project_files import FileRefused
from deployer.reading.tree import Root, tree_of

_FILE = re.compile(
    r"""["']?\bfile["']?[ ]*:[ ]*(?:"(?P<double>[^"\n]+)"|'(?P<single>[^'\n]+)'"""
    r"""|(?P<plain>[^\s"'#,{}\[\]]+))"""
)


def named_scripts(root: Root, manifest: str) -> frozenset[str]:
    """Paths inside the project folder `root` of what looks like `script.file` in a manifest there.

    Only good for telling which manifest a script belongs to: nothing is opened by them.
    """
    try:
        text = tree_of(root).read(manifest).data.decode("utf-8", "replace")
    except FileRefused:
        return frozenset()
    folder = posixpath.dirname(manifest)
    names = (match[match.lastgroup or 0] for match in _FILE.finditer(text))
    return frozenset(posixpath.normpath(posixpath.join(folder, name)) for name in names)
